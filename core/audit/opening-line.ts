import { z } from 'zod';

/** The end of a file at some moment: its first `bytes` bytes are whole lines, and the last of them has this hash. */
export const fileEnd = z.strictObject({ file: z.string(), bytes: z.int(), hash: z.string() });
export type FileEnd = z.output<typeof fileEnd>;

/** The first line of every file, without its hash. */
export const openingLine = z.strictObject({
  kind: z.literal('open'),
  at: z.iso.datetime(),
  format: z.literal(1),
  file: z.string(),
  host: z.string(),
  pid: z.int(),
  processStart: z.iso.datetime(),
  /** The end of this process's file before this one. */
  previous: fileEnd.optional(),
  /** The ends of files of other processes, if no file in the folder named them before. */
  seen: z.array(fileEnd),
  /** When a process opens a file, it removes files that are older. */
  keptDays: z.int(),
});

/** Parses the first line of a file without checking its hash. @throws if it is not a first line */
export function parseOpening(text: string): z.output<typeof openingLine> {
  return openingLine.parse(withoutHash(text));
}

/** The content of a line. @throws if it is not JSON */
export function withoutHash(text: string): Record<string, unknown> {
  const { hash: _, ...content } = JSON.parse(text) as Record<string, unknown>;
  return content;
}
