import { hash } from 'node:crypto';
import { z } from 'zod';

/** The end of a file at some moment: its first `bytes` bytes are whole lines, and the last of them has this hash. */
export const fileEnd = z.strictObject({ file: z.string(), bytes: z.int(), hash: z.string() });
export type FileEnd = z.output<typeof fileEnd>;

/** Why a request was refused before its handler ran, or by the handler for a lack of permission. */
export const refusals = ['permission', 'limit', 'not-found', 'invalid', 'environment', 'cancelled', 'failed'] as const;

/** What became of a request. */
const ending = {
  decision: z.enum(['allowed', ...refusals]),
  /** Names the rule that refused the request. */
  rule: z.string().optional(),
  /** Absent for a refused request. */
  outcome: z.enum(['ok', 'error', 'cancelled']).optional(),
  /** The code of the error. The text of an error is never recorded, because it can contain data. */
  code: z.string().optional(),
  executionId: z.string().optional(),
  ms: z.number(),
};

/** What is known about a request when it arrives. */
const facts = {
  at: z.iso.datetime(),
  /** The same id is in the log and in the answer to an unexpected error. */
  id: z.string(),
  caller: z.strictObject({
    id: z.string(),
    name: z.string(),
    knownBy: z.string(),
    /** Absent if the request was not authenticated. */
    role: z.string().optional(),
    team: z.string().optional(),
  }),
  from: z.strictObject({ transport: z.string(), era: z.string(), address: z.string().optional() }),
  method: z.string(),
  /** The tool, resource or prompt. */
  subject: z.string().optional(),
  args: z.strictObject({
    /** Of the arguments as canonical JSON. Absent if they are nested too deeply. */
    sha256: z.string().optional(),
    /** The names of the arguments. Only short values of harmless arguments are kept; `<text>` replaces the others. */
    shown: z.record(z.string(), z.unknown()),
  }),
};

/** One line of the audit log without its hash. */
export const line = z.discriminatedUnion('kind', [
  /** The first line of every file. */
  z.strictObject({
    kind: z.literal('open'),
    at: z.iso.datetime(),
    format: z.literal(1),
    file: z.string(),
    host: z.string(),
    pid: z.int(),
    processStart: z.iso.datetime(),
    /** The end of this process's file before this one. */
    previous: fileEnd.optional(),
    /** The ends of files of other processes, if no file in the folder named them before. */
    seen: z.array(fileEnd),
    /** When a process opens a file, it removes files that are older. */
    keptDays: z.int(),
  }),
  /** A request that changes nothing, or that was refused. */
  z.strictObject({ kind: z.literal('request'), ...facts, ...ending }),
  /** A request that may change something. This line is written before the request is carried out. */
  z.strictObject({ kind: z.literal('intent'), n: z.int(), ...facts }),
  /** What became of the intent with this `n`. */
  z.strictObject({ kind: z.literal('end'), n: z.int(), at: z.iso.datetime(), id: z.string(), ...ending }),
  /** So many requests could not be recorded, because the disk was full. None of them changed or revealed anything. */
  z.strictObject({ kind: z.literal('lost'), at: z.iso.datetime(), requests: z.int() }),
  /** The last line of a file that was not cut off. */
  z.strictObject({ kind: z.literal('close'), at: z.iso.datetime() }),
]);
export type Line = z.output<typeof line>;
export type LineOf<K extends Line['kind']> = Extract<Line, { kind: K }>;
export type Ending = Omit<LineOf<'end'>, 'kind' | 'n' | 'at' | 'id'>;
export type RequestFacts = Omit<LineOf<'intent'>, 'kind' | 'n'>;

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

/** Parses a line without checking its hash. @throws if it is not a line of an audit log */
export function parseLine(text: string): Line {
  const { hash: _, ...content } = JSON.parse(text) as Record<string, unknown>;
  return line.parse(content);
}

function hashOf(previous: string, rest: string | Buffer): string {
  const text = typeof rest === 'string' ? `${previous}\n${rest}` : Buffer.concat([Buffer.from(`${previous}\n`), rest]);
  return hash('sha256', text, 'hex');
}
