import { hash } from 'node:crypto';
import type { Line } from './parse-line.ts';

/** Every line starts with these characters and its hash. */
const BEFORE_HASH = '{"hash":"';
const HASH_LENGTH = 64;
const HASH_END = BEFORE_HASH.length + HASH_LENGTH;

/**
 * Writes a line with its hash, which covers the hash of the line before and every character that follows the hash.
 * @param previous the hash of the line before; empty for the first line
 */
export function chained(content: Line, previous: string): { text: string; hash: string } {
  const rest = `",${JSON.stringify(content).slice(1)}`;
  const own = hashOf(previous, rest);
  return { text: `${BEFORE_HASH}${own}${rest}`, hash: own };
}

/** The hash that a line claims to have; undefined if the line does not start as a line does. */
export function claimedHash(text: Buffer): string | undefined {
  const start = text.subarray(0, HASH_END).toString('latin1');
  const claimed = start.slice(BEFORE_HASH.length);
  return start.startsWith(BEFORE_HASH) && /^[0-9a-f]{64}$/.test(claimed) ? claimed : undefined;
}

/** True if the line follows the line with the hash `previous`, and no byte of it was changed. */
export function isChained(text: Buffer, previous: string): boolean {
  return claimedHash(text) === hashOf(previous, text.subarray(HASH_END));
}

/**
 * True for what can remain of the last line of a file when its process is killed while it writes. A whole line with one more byte cannot
 * remain: the byte was the end of the line before someone changed it.
 */
export function mayBeTorn(text: Buffer, previous: string): boolean {
  const start = text.subarray(0, BEFORE_HASH.length).toString('latin1');
  return BEFORE_HASH.startsWith(start) && !isChained(text.subarray(0, -1), previous);
}

function hashOf(previous: string, rest: string | Buffer): string {
  const text = typeof rest === 'string' ? `${previous}\n${rest}` : Buffer.concat([Buffer.from(`${previous}\n`), rest]);
  return hash('sha256', text, 'hex');
}
