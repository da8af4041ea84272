import type { Config } from '../../../core/config.ts';

/** The settings of one task type in one process. */
export interface TypeSettings {
  concurrency: number;
  /** False if the type uses the concurrency of the process. */
  hasOwnLimit: boolean;
  batchSize: number;
  pollIntervalMs: number;
  ratePerSecond: number | undefined;
  paused: boolean;
  /** The domains to poll and their weights. The empty name is the queue without a domain. */
  domains: Readonly<Record<string, number>>;
}

type WorkersConfig = Pick<Config, 'workerConcurrency' | 'workerBatchSize' | 'workerPollIntervalMs' | 'workers'>;

/**
 * The settings of a task type. Its own settings win over those for `ALL`, which win over the settings of the process. The environment
 * writes types in capitals. So settings for `CHARGE_CARD` also apply to `charge_card`, and win.
 */
export function typeSettings(config: WorkersConfig, taskType: string): TypeSettings {
  const { workers } = config;
  const own = { ...workers.ALL, ...workers[taskType], ...workers[taskType.toUpperCase()] };
  return {
    concurrency: own.concurrency ?? config.workerConcurrency,
    hasOwnLimit: own.concurrency !== undefined,
    batchSize: own.batchSize ?? config.workerBatchSize,
    pollIntervalMs: own.pollIntervalMs ?? config.workerPollIntervalMs,
    ratePerSecond: own.ratePerSecond,
    paused: own.paused ?? false,
    domains: own.domains ?? { '': 1 },
  };
}

/** How many of `concurrency` slots each domain may use: its share by weight, and at least one. */
export function shares(concurrency: number, domains: Readonly<Record<string, number>>): Record<string, number> {
  const total = Object.values(domains).reduce((sum, weight) => sum + weight, 0);
  const share = (weight: number) => Math.max(1, Math.round((concurrency * weight) / total));
  return Object.fromEntries(Object.entries(domains).map(([domain, weight]) => [domain, share(weight)]));
}
