import { count } from '../text.ts';
import type { Verified } from './verify.ts';

/** The result of a verification in words: sentences for people. */
export interface Report {
  /** What was changed or removed. */
  readonly problems: readonly string[];
  /** Lines that were cut off when a process was killed. */
  readonly torn: readonly string[];
  readonly verdict: string;
  /** What is no sign of a change. */
  readonly facts: readonly string[];
}

export function reportOf({ files, requests, problems, torn, unclosed, inDoubt, lost }: Verified): Report {
  const total = `${count(requests, 'request')} in ${count(files, 'file')}`;
  return {
    problems: problems.map(({ file, line, what }) => `${file}${line === undefined ? '' : `, line ${line}`}: ${what}`),
    torn: torn.map(
      ({ file, line }) =>
        `${file}, line ${line}: The line is incomplete. Its process was killed while it wrote this line, or is writing it now.`,
    ),
    verdict:
      problems.length === 0
        ? `No line was changed or removed: ${total}.`
        : `The log is not as it was written: ${total}.`,
    facts: [
      ...(unclosed.length > 0
        ? [`${count(unclosed.length, 'file')} without a closing line: the process still runs, or it was killed.`]
        : []),
      ...(inDoubt > 0
        ? [`${count(inDoubt, 'request')} with an unknown outcome: the process still carries it out, or it was killed.`]
        : []),
      ...(lost > 0
        ? [
            `${count(lost, 'request')} could not be recorded, because the disk was full. Unrecorded requests changed nothing.`,
          ]
        : []),
    ],
  };
}
