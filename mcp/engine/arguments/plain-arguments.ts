import type { z } from 'zod';
import { isObject, isTooDeep } from '../../../core/json.ts';

type Json = Record<string, unknown>;
type Issue = z.core.$ZodIssue;

const BOOLEANS = new Map([
  ['true', true],
  ['false', false],
]);

/** Each round can reveal a deeper mistake: a JSON text becomes an object, whose fields are then checked. */
const MOST_ROUNDS = 5;

/** `given` are the converted arguments: checked as `data`, or with the mistakes that `error` names. */
export type PlainlyParsed = { readonly given: Json } & (
  | { readonly success: true; readonly data: Json }
  | { readonly success: false; readonly error: z.ZodError }
);

/**
 * Checks arguments as a model writes them. A value whose meaning is plain is converted first: `"3"` for a number, a JSON text for an
 * object or a list, a single value or `a,b` for a list, another case of an allowed value, and `null` for an absent field. Other values stay
 * as they are, so an input that a workflow gets is never changed.
 */
export function parsePlainly(schema: z.ZodObject, args: Readonly<Json>): PlainlyParsed {
  let given: Json = { ...args };
  for (let round = 1; ; round++) {
    const parsed = schema.safeParse(given);
    if (parsed.success) return { success: true, data: parsed.data, given };
    const next = structuredClone(given);
    const changes = parsed.error.issues.map((issue) => convertAt(next, issue));
    if (round === MOST_ROUNDS || !changes.includes(true)) return { success: false, error: parsed.error, given };
    given = next;
  }
}

/** Converts the value that an issue is about. Returns false if its meaning is not plain. */
function convertAt(args: Json, issue: Issue): boolean {
  const path = [...issue.path];
  const key = path.pop();
  const parent = path.reduce<unknown>((at, step) => (isContainer(at) ? at[step] : undefined), args);
  if (key === undefined || !isContainer(parent)) return false;
  const value = parent[key];
  if (value === null && !Array.isArray(parent)) return delete parent[key];
  const plain = plainValue(value, issue);
  if (plain === undefined) return false;
  parent[key] = plain;
  return true;
}

function isContainer(value: unknown): value is Record<PropertyKey, unknown> {
  return typeof value === 'object' && value !== null;
}

function plainValue(value: unknown, issue: Issue): unknown {
  if (issue.code === 'invalid_value') return sameWord(value, issue.values);
  if (issue.code !== 'invalid_type') return undefined;
  switch (issue.expected) {
    case 'number':
    case 'int':
      return numberIn(value);
    case 'boolean':
      return typeof value === 'string' ? BOOLEANS.get(value.trim().toLowerCase()) : undefined;
    case 'string':
      return Number.isSafeInteger(value) ? String(value) : undefined;
    case 'object':
    case 'record':
      return jsonIn(value, isObject);
    case 'array':
      return listIn(value);
    default:
      return undefined;
  }
}

/** A number whose digits JavaScript keeps. */
function numberIn(value: unknown): number | undefined {
  if (typeof value !== 'string' || !/^\s*-?\d+(\.\d+)?\s*$/.test(value)) return undefined;
  const number = Number(value);
  return Number.isInteger(number) && !Number.isSafeInteger(number) ? undefined : number;
}

function listIn(value: unknown): unknown[] | undefined {
  const list = jsonIn(value, Array.isArray);
  if (list) return list;
  if (isObject(value)) return [value];
  if (typeof value !== 'string') return undefined;
  const inner = jsonIn(value, isObject);
  if (inner) return [inner];
  const parts = value.split(',').map((part) => part.trim());
  return parts.every((part) => part !== '') ? parts : undefined;
}

function jsonIn<T>(value: unknown, fits: (parsed: unknown) => parsed is T): T | undefined {
  if (typeof value !== 'string') return undefined;
  try {
    const parsed: unknown = JSON.parse(value);
    return fits(parsed) && !isTooDeep(value, parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

/** The allowed value that differs only in case, or in `-` and spaces for `_`. */
function sameWord(value: unknown, allowed: readonly unknown[]): unknown {
  if (typeof value !== 'string') return undefined;
  const plain = (word: unknown) =>
    String(word)
      .trim()
      .toLowerCase()
      .replace(/[\s-]+/g, '_');
  const found = allowed.find((one) => plain(one) === plain(value));
  return found === value ? undefined : found;
}
