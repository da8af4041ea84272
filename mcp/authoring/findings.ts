import { z } from 'zod';
import { clip } from '../../core/text.ts';
import type { Finding } from '../../workflows/lint/lint.ts';

/** A finding in structured answers. `place` is a JSON pointer. */
export const findingSchema = z.object({
  severity: z.string(),
  rule: z.string(),
  place: z.string(),
  message: z.string(),
  repair: z.string(),
});

/** How many findings an answer shows: enough to fix before the next check. */
const SHOWN = 25;
const LINE_LIMIT = 400;

/** Findings as lines, errors first: the severity, the place, what is wrong, and the repair. */
export function findingLines(findings: readonly Finding[]): string[] {
  const ordered = inOrder(findings);
  const lines = ordered
    .slice(0, SHOWN)
    .map(({ severity, rule, pointer, message, repair }) =>
      line(`${severity} | ${pointer || '/'} | ${message} | ${repair} (${rule})`),
    );
  const more = ordered.length - SHOWN;
  return more > 0 ? [...lines, `… and ${more} more; fix these first, then check again.`] : lines;
}

export function findingRows(findings: readonly Finding[]): z.input<typeof findingSchema>[] {
  return inOrder(findings)
    .slice(0, SHOWN)
    .map(({ severity, rule, pointer, message, repair }) => {
      return { severity, rule, place: pointer || '/', message: line(message), repair: line(repair) };
    });
}

function inOrder(findings: readonly Finding[]): Finding[] {
  const errors = findings.filter(({ severity }) => severity === 'error');
  return [...errors, ...findings.filter(({ severity }) => severity !== 'error')];
}

/** Keeps a finding on one line, because names from a definition can hold line breaks. */
function line(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it removes control characters
  return clip(text.replaceAll(/[\s\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' '), LINE_LIMIT);
}
