import { open } from 'node:fs/promises';
import { pause } from '../../drain.ts';

const CHUNK_BYTES = 256 * 1024;
const LOOK_EVERY_MS = 500;

/** The last lines of a file, at most the last 256 kB of it; none if there is no such file. */
export async function lastLines(file: string, lines: number): Promise<string[]> {
  const size = await sizeOf(file);
  const text = (await readFrom(file, Math.max(0, size - CHUNK_BYTES))).trimEnd();
  return text === '' ? [] : text.split('\n').slice(-lines);
}

/** What was written to a file from `offset` bytes on, at most 256 kB of it. */
export async function readFrom(file: string, offset: number): Promise<string> {
  return (await readBytes(file, offset)).toString('utf8');
}

/**
 * Hands on what a file holds from `offset` bytes on and what is appended to it, until the signal is aborted; also after the
 * file was replaced by a new one.
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

/** 0 if there is no such file. */
export async function sizeOf(file: string): Promise<number> {
  const handle = await open(file).catch(() => undefined);
  if (!handle) return 0;
  try {
    return (await handle.stat()).size;
  } finally {
    await handle.close();
  }
}
