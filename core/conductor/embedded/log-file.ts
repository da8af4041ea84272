import { open } from 'node:fs/promises';
import { pause } from '../../pause.ts';

const CHUNK_BYTES = 256 * 1024;
const LOOK_EVERY_MS = 500;

/** The end of a log. A program may be in the middle of a line, so `unfinished` is the text after the last line break. */
export interface LogEnd {
  readonly lines: string[];
  readonly unfinished: string;
  /** Offset of the byte after the last line break. `follow` can continue there. */
  readonly end: number;
}

/** The last lines of a file, at most 256 kB. No lines if the file does not exist. */
export async function lastLines(file: string, most: number): Promise<LogEnd> {
  const start = Math.max(0, (await sizeOf(file)) - CHUNK_BYTES);
  const bytes = await readBytes(file, start);
  const whole = bytes.lastIndexOf('\n') + 1;
  const text = bytes.toString('utf8', 0, whole).trimEnd();
  return {
    lines: text === '' ? [] : text.split('\n').slice(-most),
    unfinished: bytes.toString('utf8', whole),
    end: start + whole,
  };
}

/** The content of a file from `offset` bytes on, at most 256 kB. */
export async function readFrom(file: string, offset: number): Promise<string> {
  return (await readBytes(file, offset)).toString('utf8');
}

/**
 * Calls `onLine` with each line of a file from byte `offset` on, then with each line that is appended. It ends when the signal is aborted.
 * A line counts only with its line break, because a read may see the first part of a line. If a new file replaces the old one, it reads the new
 * file from the start.
 */
export async function follow(
  file: string,
  offset: number,
  signal: AbortSignal,
  onLine: (line: string) => void,
): Promise<void> {
  let decoder = new TextDecoder(); // a read may end in the middle of a character
  let unfinished = '';
  let next = offset;
  while (!signal.aborted) {
    if ((await sizeOf(file)) < next) {
      next = 0;
      unfinished = '';
      decoder = new TextDecoder();
    }
    const bytes = await readBytes(file, next);
    next += bytes.length;
    const lines = (unfinished + decoder.decode(bytes, { stream: true })).split('\n');
    unfinished = lines.pop() ?? '';
    for (const line of lines) onLine(line);
    if (bytes.length === 0) await pause(LOOK_EVERY_MS, signal);
  }
}

async function readBytes(file: string, offset: number): Promise<Buffer> {
  const handle = await open(file).catch(() => undefined);
  if (!handle) return Buffer.alloc(0);
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(CHUNK_BYTES), 0, CHUNK_BYTES, offset);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** Size of a file in bytes; 0 if the file does not exist. */
export async function sizeOf(file: string): Promise<number> {
  const handle = await open(file).catch(() => undefined);
  if (!handle) return 0;
  try {
    return (await handle.stat()).size;
  } finally {
    await handle.close();
  }
}
