import type { z } from 'zod';
import { nearest } from '../nearest.ts';
import { clip, count } from '../text.ts';

/** One thing that a schema rejects in a value. */
export interface ZodMistake {
  readonly path: readonly PropertyKey[];
  /** The rejected part of the value; undefined if it is missing. */
  readonly value: unknown;
  /** The end of a sentence that starts with the name of the place: `must be a whole number, not "ten"`. */
  readonly rule: string;
  /** zod's name of the expected type, such as `int`, if the value has another type. */
  readonly expected?: string;
}

export interface SentenceOptions {
  /** Returns the name of a place in the value. Default: the result of `zodPath`, or `The value` for the value as a whole. */
  readonly nameOf?: (path: readonly PropertyKey[]) => string;
  /**
   * The fields that the value may have: messages use them to correct a misspelled field. `fieldNoun` is the word for a field in messages;
   * default `field`.
   */
  readonly fields?: readonly string[];
  readonly fieldNoun?: string;
  /** True: messages leave the values out, because they are secret or do not belong in a message. */
  readonly hidesValues?: boolean;
}

type Issue = z.core.$ZodIssue;
type Options = Pick<SentenceOptions, 'fields' | 'fieldNoun' | 'hidesValues'>;

/** So many unknown fields are compared with the known ones. */
const COMPARED = 20;
const SHOWN_CHARACTERS = 80;

/** Everything that `error` says about `value`, as whole sentences: `limit must be a whole number, not "ten".` */
export function zodSentences(error: z.ZodError, value: unknown, options: SentenceOptions = {}): string[] {
  const nameOf = options.nameOf ?? ((path) => zodPath(path) || 'The value');
  return zodMistakes(error, value, options).map(({ path, rule }) => {
    const end = rule.endsWith('.') ? '' : '.';
    // The author of a schema may have written a whole sentence, such as "Enter a name".
    return /^[a-z]/.test(rule) ? `${nameOf(path)} ${rule}${end}` : `${nameOf(path)}: ${rule}${end}`;
  });
}

/** The mistakes of `zodSentences` in parts, for callers that show the place and the rule separately. */
export function zodMistakes(error: z.ZodError, value: unknown, options: Options = {}): ZodMistake[] {
  return error.issues
    .filter((issue) => !isSaidByFormat(issue, error.issues))
    .flatMap((issue) => mistakesOf(issue, value, options));
}

/** zod writes a date into JSON Schema as a format and a long pattern. The sentence about the format then says enough. */
function isSaidByFormat(issue: Issue, issues: readonly Issue[]): boolean {
  if (issue.code !== 'invalid_format' || issue.format in FORMATS) return false;
  return issues.some(
    (other) =>
      other.code === 'invalid_format' && other.format in FORMATS && zodPath(other.path) === zodPath(issue.path),
  );
}

/** Writes a path as `items[0].sku`, or with the start `input` as `input.items[0].sku`. A key that does not look like a name is quoted. */
export function zodPath(path: readonly PropertyKey[], start = ''): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`;
    const name = String(key);
    if (!/^[\w$:-]{1,100}$/.test(name)) return `${text}[${JSON.stringify(clip(name, SHOWN_CHARACTERS))}]`;
    return text === '' ? name : `${text}.${name}`;
  }, start);
}

function mistakesOf(issue: Issue, whole: unknown, options: Options): ZodMistake[] {
  const { path } = issue;
  const value = path.reduce<unknown>(step, whole);
  if (issue.code === 'unrecognized_keys') {
    // Only the first names are compared with the known ones, because a client can send many.
    const { fields: _, ...others } = options;
    return issue.keys.map((key, n) => ({
      path,
      value,
      rule: unknownField(path, key, n < COMPARED ? options : others),
    }));
  }
  const inner = issue.code === 'invalid_union' ? memberOf(issue) : undefined;
  if (inner) return inner.flatMap((one) => mistakesOf({ ...one, path: [...path, ...one.path] }, whole, options));
  const expected = issue.code === 'invalid_type' ? { expected: issue.expected } : {};
  return [{ path, value, rule: ruleOf(issue, value, options), ...expected }];
}

/** The member of a union that the value nearly fits: the type of the value is right, and only something inside it is wrong. */
function memberOf({ errors }: z.core.$ZodIssueInvalidUnion): readonly Issue[] | undefined {
  return errors.find((issues) => issues.length > 0 && issues.every(({ path }) => path.length > 0));
}

function unknownField(
  path: readonly PropertyKey[],
  key: string,
  { fields = [], fieldNoun = 'field' }: Options,
): string {
  if (path.length > 0 || fields.length === 0) return `has no field ${shown(key)}`;
  const near = nearest(key, fields);
  const hint = near ? ` (did you mean ${near}?)` : `; its ${fieldNoun}s are ${fields.join(', ')}`;
  return `has no ${fieldNoun} ${shown(key)}${hint}`;
}

function ruleOf(issue: Issue, value: unknown, { hidesValues = false }: Options): string {
  const wish = wishOf(issue);
  if (value === undefined) return wish ? `is missing; it ${wish}` : 'is missing';
  if (!wish) return isZodsOwn(issue.message) ? 'is not valid' : issue.message;
  const isTooLong = issue.code === 'too_big' && issue.origin === 'string';
  if (hidesValues) return issue.code === 'invalid_type' ? `${wish}, not ${kindOf(value)}` : wish;
  return isTooLong || wish.startsWith('must not ') ? wish : `${wish}, not ${shown(value)}`;
}

/** Says what the value must be, for example `must be a number`. The words are ours, or those of the schema's author. */
function wishOf(issue: Issue): string | undefined {
  if (!isZodsOwn(issue.message)) return issue.message.startsWith('must ') ? issue.message : undefined;
  const wanted = wantedBy(issue);
  return wanted && `must be ${wanted}`;
}

/** True for a message of zod itself, which always starts with one of these words. Any other message is from the author of the schema. */
function isZodsOwn(message: string): boolean {
  return /^(Invalid|Too big|Too small|Unrecognized) ?/.test(message);
}

/** The expected value as a noun phrase: `a whole number`, `at most 5 characters long`. */
function wantedBy(issue: Issue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return NOUNS[issue.expected] ?? issue.expected;
    case 'invalid_value':
      return issue.values.length === 1 ? shown(issue.values[0]) : `one of ${issue.values.map(String).join(', ')}`;
    case 'too_big':
      return `${issue.inclusive === false ? 'less than' : 'at most'} ${sized(issue.maximum, issue.origin)}`;
    case 'too_small':
      return `${issue.inclusive === false ? 'more than' : 'at least'} ${sized(issue.minimum, issue.origin)}`;
    case 'not_multiple_of':
      return `a multiple of ${issue.divisor}`;
    case 'invalid_format':
      return FORMATS[issue.format] ?? (issue.pattern && `text that matches ${issue.pattern}`);
    case 'invalid_union':
      return anyOf(issue.errors.flatMap((issues) => issues.flatMap((one) => wantedBy(one) ?? [])));
    default:
      return undefined;
  }
}

const NOUNS: Readonly<Record<string, string>> = {
  array: 'a JSON array',
  boolean: 'true or false',
  int: 'a whole number',
  number: 'a number',
  object: 'a JSON object',
  record: 'a JSON object',
  string: 'a string',
};

const FORMATS: Readonly<Record<string, string>> = {
  date: 'a date such as 2026-11-21',
  datetime: 'a time such as 2026-11-21T09:00:00Z',
  email: 'an e-mail address',
  url: 'a URL',
  uuid: 'a UUID',
};

function anyOf(wanted: readonly string[]): string | undefined {
  return wanted.length > 0 ? [...new Set(wanted)].join(' or ') : undefined;
}

function sized(size: number | bigint, origin: string): string {
  if (origin === 'string') return `${count(Number(size), 'character')} long`;
  return origin === 'array' ? `${count(Number(size), 'item')} long` : String(size);
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a JSON array';
  return NOUNS[typeof value] ?? typeof value;
}

function shown(value: unknown): string {
  const json = JSON.stringify(value) ?? String(value);
  return json.length <= SHOWN_CHARACTERS ? json : `${clip(json, SHOWN_CHARACTERS)}…`;
}

function step(value: unknown, key: PropertyKey): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined;
}
