import { open } from 'node:fs/promises';
import { pause } from '../../pause.ts';

const CHUNK_BYTES = 256 * 1024;
const LOOK_EVERY_MS = 500;

/** The last lines of a file, at most 256 kB. No lines if the file does not exist. `end` is the offset at which the reading ended. */
export async function lastLines(file: string, most: number): Promise<{ lines: string[]; end: number }> {
  const start = Math.max(0, (await sizeOf(file)) - CHUNK_BYTES);
  const bytes = await readBytes(file, start);
  const text = bytes.toString('utf8').trimEnd();
  return { lines: text === '' ? [] : text.split('\n').slice(-most), end: start + bytes.length };
}

/** The content of a file from `offset` bytes on, at most 256 kB. */
export async function readFrom(file: string, offset: number): Promise<string> {
  return (await readBytes(file, offset)).toString('utf8');
}

/**
 * Calls `write` with the content of a file from byte `offset` on, then with all text that is appended. It ends when the signal is aborted.
 * If a new file replaces the old one, it reads the new file from the start.
 */
export async function follow(
  file: string,
  offset: number,
  signal: AbortSignal,
  write: (text: string) => void,
): Promise<void> {
  const decoder = new TextDecoder(); // a read may end in the middle of a character
  let next = offset;
  while (!signal.aborted) {
    if ((await sizeOf(file)) < next) next = 0;
    const bytes = await readBytes(file, next);
    next += bytes.length;
    if (bytes.length > 0) write(decoder.decode(bytes, { stream: true }));
    else await pause(LOOK_EVERY_MS, signal);
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
