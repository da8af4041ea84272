import { z } from 'zod';
import { FleetError } from '../../core/errors.ts';

const cursorSchema = z.strictObject({ start: z.int().min(0), before: z.int().min(0).optional() });

/** A place in a list, newest first: how many rows come before it among those that started not after `before` (epoch ms). */
export type Cursor = z.output<typeof cursorSchema>;

/** The cursor as the opaque text that callers hand back. */
export function cursorText(cursor: Cursor): string {
  return Buffer.from(JSON.stringify(cursor)).toString('base64url');
}

/**
 * @param firstPage the call that begins anew, for the error
 * @throws FleetError `input` if it is not a text that `cursorText` wrote
 */
export function readCursor(text: string | undefined, firstPage: string): Cursor {
  if (text === undefined) return { start: 0 };
  try {
    return cursorSchema.parse(JSON.parse(Buffer.from(text, 'base64url').toString()));
  } catch (cause) {
    throw wrongCursor(firstPage, cause);
  }
}

/** For a cursor that no answer gave; `firstPage` is the call that begins anew. */
export function wrongCursor(firstPage: string, cause?: unknown): FleetError {
  return new FleetError('input', 'This cursor is not one that an earlier answer gave.', {
    remedy: `Hand back nextCursor unchanged, or begin with the first page: ${firstPage}`,
    cause,
  });
}
