import { createReadStream } from 'node:fs';
import { FleetError, messageOf } from '../errors.ts';

/** A line of a file, or what follows the last whole line. */
export interface FileLine {
  /** Counts from 1. */
  readonly number: number;
  /** Without the end of the line. */
  readonly text: Buffer;
  /** The place after the end of the line. */
  readonly end: number;
  /** False for what follows the last end of a line. */
  readonly isWhole: boolean;
}

const NEW_LINE = 10;

/**
 * Reads a file line by line. Returns false if the file does not exist.
 * @throws FleetError `environment` if the file cannot be read
 */
export async function forEachLine(path: string, use: (line: FileLine) => void, signal?: AbortSignal): Promise<boolean> {
  try {
    for await (const lines of readLines(path, signal)) for (const line of lines) use(line);
    return true;
  } catch (cause) {
    if (isMissing(cause)) return false;
    throw isOfSystem(cause) ? unreadable(path, cause) : cause;
  }
}

export function unreadable(path: string, cause: unknown): FleetError {
  return new FleetError('environment', `${path} cannot be read: ${messageOf(cause)}.`, {
    remedy: 'The user of the MCP server can read the audit log. Run this command as this user.',
    cause,
  });
}

export function isMissing(error: unknown): boolean {
  return isOfSystem(error) && error.code === 'ENOENT';
}

function isOfSystem(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error;
}

/** Each step gives the lines of one block, because a step for each line would take twice as long. */
async function* readLines(path: string, signal?: AbortSignal): AsyncGenerator<FileLine[]> {
  let rest: Buffer = Buffer.alloc(0);
  let [number, end] = [0, 0];
  for await (const block of createReadStream(path, { ...(signal && { signal }) })) {
    const text: Buffer = rest.length > 0 ? Buffer.concat([rest, block]) : block;
    const lines: FileLine[] = [];
    let start = 0;
    for (let at = text.indexOf(NEW_LINE); at >= 0; at = text.indexOf(NEW_LINE, start)) {
      number += 1;
      end += at + 1 - start;
      lines.push({ number, text: text.subarray(start, at), end, isWhole: true });
      start = at + 1;
    }
    rest = text.subarray(start);
    yield lines;
  }
  if (rest.length > 0) yield [{ number: number + 1, text: rest, end: end + rest.length, isWhole: false }];
}
