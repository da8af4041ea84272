import { z } from 'zod';
import { openingLine, withoutHash } from './opening-line.ts';

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
const line = z.discriminatedUnion('kind', [
  openingLine,
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

/** Parses a line without checking its hash. @throws if it is not a line of an audit log */
export function parseLine(text: string): Line {
  return line.parse(withoutHash(text));
}
