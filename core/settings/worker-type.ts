import { z } from 'zod';
import { zodSentences } from '../schema/zod-sentences.ts';
import { positive } from './setting.ts';

/** Settings of one task type. */
export const workerType = z.strictObject({
  concurrency: positive.max(10_000).optional(),
  batchSize: positive.max(1000).optional(),
  pollIntervalMs: z.int().min(0).max(60_000).optional(),
  /** Largest number of tasks that one process takes in a second. */
  ratePerSecond: z.number().positive().optional(),
  /** True: the type starts paused and takes no tasks until `fleet workers resume`. */
  paused: z.boolean().optional(),
  /** Weights by domain. They decide each domain's share of the concurrency. The empty name is the queue without a domain. */
  domains: z
    .record(z.string(), z.number().positive())
    .refine((domains) => Object.keys(domains).length > 0, 'must name a domain')
    .optional(),
});
/** Settings of one task type, all optional. */
export type WorkerType = z.output<typeof workerType>;

const PREFIX = 'CONDUCTOR_WORKER_';

/** Maps the last part of a variable's name to the setting. Conductor's SDKs know the first five, too. */
const PROPERTIES: Readonly<Record<string, (text: string) => WorkerType>> = {
  CONCURRENCY: (text) => ({ concurrency: Number(text) }),
  THREAD_COUNT: (text) => ({ concurrency: Number(text) }),
  POLL_INTERVAL: (text) => ({ pollIntervalMs: Number(text) }),
  DOMAIN: (text) => ({ domains: { [text]: 1 } }),
  PAUSED: (text) => ({ paused: /^(1|true|yes|on)$/i.test(text) }),
  BATCH_SIZE: (text) => ({ batchSize: Number(text) }),
  RATE_PER_SECOND: (text) => ({ ratePerSecond: Number(text) }),
};

/** Name endings of the SDK variables that have no effect here. */
const WITHOUT_EFFECT = [
  'WORKER_ID',
  'REGISTER_TASK_DEF',
  'OVERWRITE_TASK_DEF',
  'POLL_TIMEOUT',
  'STRICT_SCHEMA',
  'LEASE_EXTEND_ENABLED',
];

/**
 * Reads the variables `CONDUCTOR_WORKER_<NAME|ALL>_<PROPERTY>`. Returns the settings by task name, in capitals. Adds a sentence to
 * `mistakes` for each value that is not valid, and one to `notices` for each property without effect.
 */
export function workerTypesOf(
  env: Readonly<Record<string, string | undefined>>,
  mistakes: string[],
  notices: string[],
): Record<string, WorkerType> {
  const types: Record<string, WorkerType> = {};
  for (const [variable, value] of Object.entries(env)) {
    if (!variable.startsWith(PREFIX) || value === undefined || value === '') continue;
    const rest = variable.slice(PREFIX.length);
    const property = endOf(rest, Object.keys(PROPERTIES));
    if (property === undefined) {
      notices.push(
        `${variable} has no effect${endOf(rest, WITHOUT_EFFECT) ? ' here' : ': there is no such property'}.`,
      );
      continue;
    }
    const name = rest.slice(0, -property.length - 1);
    const asked = PROPERTIES[property]?.(value.trim()) ?? {};
    const parsed = workerType.safeParse(asked);
    if (parsed.success) types[name] = { ...types[name], ...parsed.data };
    else {
      const given = Object.fromEntries(Object.keys(asked).map((key) => [key, value]));
      mistakes.push(...zodSentences(parsed.error, given, { nameOf: () => variable }));
    }
  }
  return types;
}

function endOf(name: string, endings: readonly string[]): string | undefined {
  return endings.find((ending) => name.length > ending.length + 1 && name.endsWith(`_${ending}`));
}
