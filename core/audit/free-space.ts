import { statfsSync } from 'node:fs';

const MB = 1_048_576;
/** Changing calls are refused if less is free. On a small disk, the limit is a twentieth of the disk. */
const LEAST_BYTES = 64 * MB;
const LEAST_SHARE = 1 / 20;

/** Says that the disk below this folder is almost full; undefined if it has space. */
export function shortageOf(folder: string): string | undefined {
  const { bavail, blocks, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  const least = Math.min(LEAST_BYTES, blocks * bsize * LEAST_SHARE);
  return free < least ? `Only ${megabytes(free)} MB are free on the disk of ${folder}` : undefined;
}

const megabytes = (bytes: number) => (bytes / MB).toFixed(bytes < 10 * MB ? 1 : 0);
