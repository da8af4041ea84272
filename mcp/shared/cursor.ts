import { z } from 'zod';
import { FleetError } from '../../core/errors.ts';

const cursorSchema = z.strictObject({ start: z.int().min(0), before: z.int().min(0).optional() });

/** A position in a list, newest rows first: skip the first `start` of the rows that started at or before `before` (epoch milliseconds). */
export type Cursor = z.output<typeof cursorSchema>;

/** The cursor as an opaque text that callers hand back. */
export function cursorText(cursor: Cursor): string {
  return Buffer.from(JSON.stringify(cursor)).toString('base64url');
}

/**
 * @param firstPage the call for the first page, named in the error
 * @throws FleetError `input` if `cursorText` did not write the text
 */
export function readCursor(text: string | undefined, firstPage: string): Cursor {
  if (text === undefined) return { start: 0 };
  try {
    return cursorSchema.parse(JSON.parse(Buffer.from(text, 'base64url').toString()));
  } catch (cause) {
    throw wrongCursor(firstPage, cause);
  }
}

/** The error for a cursor that this server never returned. */
export function wrongCursor(firstPage: string, cause?: unknown): FleetError {
  return new FleetError('input', 'No earlier answer gave this cursor.', {
    remedy: `Pass nextCursor back unchanged, or ask for the first page: ${firstPage}`,
    cause,
  });
}
