import { join } from 'node:path';
import { FleetError } from '../errors.ts';
import { CheckedFile, type Problem, type Remembered } from './checked-file.ts';
import { auditFiles, dayOf, isTooOld, namedEnds, opening } from './folder.ts';
import type { FileEnd } from './opening-line.ts';
import type { LineOf } from './parse-line.ts';
import { forEachLine, isMissing, unreadable } from './read-file.ts';

/** What the verification of a folder has found. The log is as it was written if there are no problems. */
export interface Verified {
  readonly files: number;
  readonly lines: number;
  readonly requests: number;
  readonly problems: readonly Problem[];
  /** Files whose last line is incomplete, because their process was killed while it wrote this line. */
  readonly torn: readonly { readonly file: string; readonly line: number }[];
  /** Files without a closing line: their processes still run, or were killed. */
  readonly unclosed: readonly string[];
  /** Requests that may have changed something, but whose outcome is not recorded: the process still carries them out, or it was killed. */
  readonly inDoubt: number;
  /** Requests that could not be recorded, because the disk was full. */
  readonly lost: number;
  /** The end of each file. A later verification can prove that these lines are still there. */
  readonly ends: readonly FileEnd[];
}

export interface VerifyOptions {
  /** Ends that an earlier verification has found. */
  readonly known?: readonly FileEnd[];
  readonly signal?: AbortSignal;
  /** Called before each file. */
  readonly onFile?: (index: number, files: number) => void;
}

/** In each file, at most so many problems are reported. */
const MOST_PROBLEMS = 5;

/**
 * Checks the files of an audit log as a set: each line of each file, and the ends of files that other files name.
 * @throws FleetError `not-found` or `environment` if the folder or a file cannot be read
 */
export async function verifyAudit(
  folder: string,
  { known = [], signal, onFile }: VerifyOptions = {},
): Promise<Verified> {
  const files = filesOf(folder);
  const openings = files.flatMap((file) => opening(join(folder, file)) ?? []);
  const remembered = Map.groupBy(
    [
      ...openings.flatMap((first) => namedEnds(first).map((end) => ({ ...end, by: first.file }))),
      ...known.map((end) => ({ ...end, by: 'an earlier verification' })),
    ],
    ({ file }) => file,
  );
  const checked: CheckedFile[] = [];
  for (const [index, file] of files.entries()) {
    signal?.throwIfAborted();
    onFile?.(index, files.length);
    const check = new CheckedFile(file, remembered.get(file) ?? []);
    const isThere = await forEachLine(join(folder, file), (line) => check.add(line), signal);
    if (!isThere) continue; // a process has removed it for its age since the folder was read
    check.finish();
    checked.push(check);
  }
  const present = new Set(checked.map(({ file }) => file));
  const wrong = checked.flatMap(({ problems }) => problems.slice(0, MOST_PROBLEMS));
  return { problems: [...missing(present, remembered, openings), ...wrong], ...summaryOf(checked) };
}

/** The files of a log. @throws FleetError `not-found` or `environment` if the folder cannot be read */
export function filesOf(folder: string): string[] {
  try {
    return auditFiles(folder);
  } catch (cause) {
    if (!isMissing(cause)) throw unreadable(folder, cause);
    throw new FleetError('not-found', `There is no audit log in ${folder}.`, {
      remedy:
        'The MCP server writes it at its first request. Name another folder with --audit-dir (MCP_AUDIT_DIR), or the data folder with --data-dir.',
      cause,
    });
  }
}

function summaryOf(checked: readonly CheckedFile[]): Omit<Verified, 'problems'> {
  const sum = (of: (check: CheckedFile) => number) => checked.reduce((total, check) => total + of(check), 0);
  const ended = new Set(checked.flatMap((check) => check.ended));
  return {
    files: checked.length,
    lines: sum(({ lines }) => lines),
    requests: sum(({ requests }) => requests),
    torn: checked.flatMap(({ torn, file }) => (torn === undefined ? [] : [{ file, line: torn }])),
    unclosed: checked.filter(({ isClosed }) => !isClosed).map(({ file }) => file),
    inDoubt: checked.flatMap(({ begun }) => begun).filter((change) => !ended.has(change)).length,
    lost: sum(({ lost }) => lost),
    ends: checked.flatMap(({ file, bytes, hash }) => (bytes > 0 ? [{ file, bytes, hash }] : [])),
  };
}

/** The files that other files name and that no process has removed for their age. */
function missing(
  present: ReadonlySet<string>,
  remembered: ReadonlyMap<string, readonly Remembered[]>,
  openings: readonly LineOf<'open'>[],
): Problem[] {
  const wasRemoved = (file: string) => openings.some((other) => isTooOld(file, dayOf(other.file), other.keptDays));
  return [...remembered]
    .filter(([file]) => !present.has(file) && !wasRemoved(file))
    .map(([file, [first]]) => ({ file, what: `The file is missing. It is named by ${first?.by}.` }));
}
