import { hash } from 'node:crypto';
import { isObject } from '../json.ts';
import { clip } from '../text.ts';
import type { RequestFacts } from './parse-line.ts';

/** Arguments whose short values are recorded, because they say what a request was about. All of them are names, states or numbers. */
const SHOWN = new Set([
  ...['workflowName', 'name', 'version', 'fromVersion', 'toVersion', 'taskType', 'taskTypes', 'domain', 'toolset'],
  ...[
    'executionId',
    'executionIds',
    'workflowId',
    'workerId',
    'topic',
    'taskId',
    'taskRef',
    'taskReferenceName',
    'uri',
    'path',
    'operation',
  ],
  ...['action', 'decision', 'status', 'mode', 'inputMode', 'onExisting', 'format', 'detail', 'page', 'limit'],
  ...['overwrite', 'force', 'execute', 'paused', 'retryable', 'waitSeconds', 'lookbackDays'],
]);
const MOST_ARGUMENTS = 30;
const MOST_ITEMS = 20;
const LONGEST_VALUE = 100;
const LONGEST_SUBJECT = 300;

const PLAIN_KEY = /^[A-Za-z_][\w-]{0,39}$/;
/** Quotes, braces, `=`, `$` and `?` are missing: what contains them is an expression, a query or a piece of data, and not a name. */
const PLAIN_VALUE = /^[\p{L}\p{N} _.:/#@+~*,%()-]+$/u;

/** What a secret looks like: a token of a known kind, a credential of HTTP, or a password in an address. */
const SECRET_LIKE = [
  /\b(bearer|basic|digest|negotiate)\s/i,
  /\beyJ[\w-]{8,}/,
  /\b(sk|pk|rk|gh[a-z]|github_pat|glpat|xox[a-z]|npm|hf)[-_]\w{8,}/i,
  /\b(AKIA|ASIA|AIza)\w{12,}/,
  /\/\/[^/]*@/,
  /(password|passwd|secret|token|api[-_]?key)\s*:/i,
];
const UUID = /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi;
/** A long run of letters with several digits is more often a key than a name. */
const KEY_LIKE = /(?=\w*\d\w*\d\w*\d\w*\d)\w{24,}/;

/** The arguments of a request as the audit log has them: a digest of everything, and a short form that contains no secret. */
export function recordedArguments(args: unknown): RequestFacts['args'] {
  const sha256 = digestOf(args ?? {});
  const entries = isObject(args) ? Object.entries(args) : [];
  const plain = entries.filter(([key]) => PLAIN_KEY.test(key) && !looksSecret(key)).slice(0, MOST_ARGUMENTS);
  const shown = Object.fromEntries(plain.map(([key, value]) => [key, SHOWN.has(key) ? short(value) : kindOf(value)]));
  const others = entries.length - plain.length;
  return { ...(sha256 && { sha256 }), shown: others > 0 ? { ...shown, '<others>': others } : shown };
}

/** The name that a client gave to a tool, resource or prompt. The query of an address is left out. */
export function recordedSubject(subject: string): string {
  const [name = '', ...query] = subject.split('?');
  if (name.length > LONGEST_SUBJECT || !isHarmless(name)) return '<text>';
  return query.length > 0 ? `${name}?<text>` : name;
}

/** Text that the server itself has checked, such as the name of a caller. It is only cut. */
export function recordedText(text: string): string {
  return clip(text, LONGEST_SUBJECT);
}

function short(value: unknown): unknown {
  if (typeof value === 'string') return value.length <= LONGEST_VALUE && isHarmless(value) ? value : kindOf(value);
  if (typeof value === 'number' || typeof value === 'boolean') return value;
  const isShort = Array.isArray(value) && value.length <= MOST_ITEMS;
  return isShort && value.every((item) => typeof item === 'string') ? value.map(short) : kindOf(value);
}

/** Says of what kind a value is, and nothing of its content. */
function kindOf(value: unknown): string {
  if (typeof value === 'string') return '<text>';
  if (Array.isArray(value)) return `<list of ${value.length}>`;
  if (isObject(value)) return `<object of ${Object.keys(value).length}>`;
  return value === null ? '<null>' : `<${typeof value}>`;
}

function isHarmless(text: string): boolean {
  return PLAIN_VALUE.test(text) && !looksSecret(text);
}

function looksSecret(text: string): boolean {
  return SECRET_LIKE.some((pattern) => pattern.test(text)) || KEY_LIKE.test(text.replace(UUID, ''));
}

/** The SHA-256 of a value as JSON whose keys are sorted; undefined for a value that is nested too deeply for JSON. */
export function digestOf(value: unknown): string | undefined {
  try {
    return hash('sha256', JSON.stringify(value, sorted), 'hex');
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function sorted(_key: string, value: unknown): unknown {
  if (!isObject(value)) return value;
  const keys = Object.keys(value);
  return keys.length < 2 ? value : Object.fromEntries(keys.sort().map((key) => [key, value[key]]));
}
