declare global {
  /** What Node 24 has and TypeScript's ES2024 library does not yet declare. */
  interface JSON {
    parse(text: string, reviver: (key: string, value: unknown, context: { source?: string }) => unknown): unknown;
    rawJSON(text: string): object;
    isRawJSON(value: unknown): boolean;
  }
}

/** True for a JSON object: neither null, nor a list, nor a number that is kept digit by digit. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !JSON.isRawJSON(value);
}

/**
 * Parses JSON without losing digits. An integer beyond 2^53, and any other number that JavaScript cannot hold, becomes a value that
 * `JSON.stringify` writes exactly as it was.
 */
export function parseExactly(text: string): unknown {
  return JSON.parse(text, (_, value, { source }) =>
    typeof value === 'number' && source !== undefined && isLossy(value, source) ? JSON.rawJSON(source) : value,
  );
}

/** The value as it arrives when it is sent as JSON. */
export function jsonCopy<T>(value: T): T {
  return parseExactly(JSON.stringify(value)) as T; // what JSON can express keeps its type
}

function isLossy(value: number, source: string): boolean {
  if (!Number.isFinite(value)) return true;
  return /^-?\d+$/.test(source) && !Number.isSafeInteger(value);
}

/** 2^53 has sixteen digits. */
const DIGITS = 16;

/**
 * True if sixteen digits follow each other somewhere, so that `parseExactly` may be needed. Far faster than parsing: sixteen digits cover a place
 * whose index is a multiple of sixteen, so only these places are looked at.
 */
export function hasLongNumber(text: string): boolean {
  for (let at = 0; at < text.length; at += DIGITS) {
    if (!isDigit(text, at)) continue;
    let first = at;
    while (at - first < DIGITS && isDigit(text, first - 1)) first -= 1;
    let last = at;
    while (last - first < DIGITS && isDigit(text, last + 1)) last += 1;
    if (last - first + 1 >= DIGITS) return true;
  }
  return false;
}

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 48 && code <= 57;
}

/** A number, and the keys that lead to it. */
export interface PlacedNumber {
  readonly path: readonly (string | number)[];
  readonly value: number;
}

/**
 * The first number that has perhaps lost digits when it was parsed or written in code; undefined if there is none. Values nested to any
 * depth are read, because a client may send them.
 */
export function roundedNumber(whole: unknown): PlacedNumber | undefined {
  const unread: Place[] = [{ value: whole }];
  for (let next = unread.pop(); next; next = unread.pop()) {
    const { value } = next;
    if (typeof value === 'number') {
      const mayBeRounded = !Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value));
      if (mayBeRounded) return { path: pathTo(next), value };
    }
    const entries = Array.isArray(value) ? [...value.entries()] : isObject(value) ? Object.entries(value) : [];
    for (const [key, item] of entries.reverse()) unread.push({ value: item, key, holder: next });
  }
  return undefined;
}

/** A value and where it is. With a whole path for each value, the work would grow with the square of the depth. */
interface Place {
  readonly value: unknown;
  readonly key?: string | number;
  readonly holder?: Place;
}

function pathTo(place: Place): (string | number)[] {
  const path: (string | number)[] = [];
  for (let at: Place | undefined = place; at; at = at.holder) if (at.key !== undefined) path.push(at.key);
  return path.reverse();
}

/** The deepest nesting that is read from a client. The Conductor server reads no deeper JSON, and recursive code needs a limit. */
export const MOST_LEVELS = 1000;

/** True if the value of a JSON text is nested deeper than `MOST_LEVELS`. A short text cannot be. */
export function isTooDeep(text: string, value: unknown): boolean {
  if (text.length <= 2 * MOST_LEVELS) return false;
  let level: unknown[] = [value];
  for (let depth = 0; depth <= MOST_LEVELS; depth++) {
    if (level.length === 0) return false;
    level = level.flatMap((one) => (typeof one === 'object' && one !== null ? Object.values(one) : []));
  }
  return true;
}
