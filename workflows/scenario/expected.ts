import { isDeepStrictEqual } from 'node:util';
import { isObject } from '../../core/json.ts';

/** The value that is expected. An object may have more keys, a list is compared as a whole, and a RegExp must match a string. */
export type Expected<T> = unknown extends T
  ? unknown
  : T extends readonly (infer E)[]
    ? readonly Expected<E>[]
    : T extends object
      ? { readonly [K in keyof T]?: Expected<T[K]> | null }
      : T extends string
        ? T | RegExp
        : T;

/** A value that must be exactly equal. */
export interface Exactly<T = unknown> {
  readonly kind: 'exactly';
  readonly value: T;
}

/** Allows no other keys than the given keys. */
export function exactly<T>(value: T): Exactly<T> {
  return { kind: 'exactly', value };
}

/** A place where a value is not the expected value. */
export interface Difference {
  /** E.g. `output.items[2].price`. */
  readonly path: string;
  readonly expected: unknown;
  readonly actual: unknown;
}

/** Every place where `actual` is not the expected value. A null value counts as a missing key, as on the server. */
export function differences(expected: unknown, actual: unknown, path: string): Difference[] {
  if (isExactly(expected)) return compare(expected.value, actual, path, true);
  return compare(expected, actual, path, false);
}

function compare(expected: unknown, actual: unknown, path: string, whole: boolean): Difference[] {
  const different = [{ path, expected, actual }];
  if (expected instanceof RegExp) return typeof actual === 'string' && expected.test(actual) ? [] : different;
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual) || actual.length !== expected.length) return different;
    return expected.flatMap((item, index) => compare(item, actual[index], `${path}[${index}]`, whole));
  }
  if (isObject(expected)) {
    if (!isObject(actual)) return different;
    const keys = new Set([...Object.keys(expected), ...(whole ? Object.keys(actual) : [])]);
    return [...keys].flatMap((key) => compare(expected[key], actual[key], `${path}.${key}`, whole));
  }
  return isDeepStrictEqual(expected ?? null, actual ?? null) ? [] : different;
}

function isExactly(value: unknown): value is Exactly {
  return isObject(value) && value.kind === 'exactly' && 'value' in value;
}
