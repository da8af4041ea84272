import { z } from 'zod';
import { port, positive, type Setting } from './setting.ts';

export const workersSettings = {
  workerConcurrency: {
    kind: 'number',
    schema: positive.max(10_000).default(50),
    group: 'workers',
    env: 'WORKER_CONCURRENCY',
    flag: '--concurrency <n>',
    description: 'Tasks that one worker process executes at once, over all task types.',
  },
  workerBatchSize: {
    kind: 'number',
    schema: positive.max(1000).default(10),
    group: 'workers',
    env: 'WORKER_BATCH_SIZE',
    flag: '--batch-size <n>',
    description: 'Most tasks taken by one poll.',
  },
  workerPollIntervalMs: {
    kind: 'number',
    schema: z.int().min(0).max(60_000).default(100),
    group: 'workers',
    env: 'WORKER_POLL_INTERVAL_MS',
    flag: '--poll-interval-ms <ms>',
    description: 'Pause between two polls of a task type that had nothing to do, in milliseconds.',
  },
  workerDrainSeconds: {
    kind: 'number',
    schema: z.int().min(0).max(3600).default(30),
    group: 'workers',
    env: 'WORKER_DRAIN_SECONDS',
    flag: '--drain-seconds <s>',
    description: 'How long running tasks may go on after SIGTERM before they are aborted, in seconds.',
  },
  workerHealthPort: {
    kind: 'number',
    schema: port.optional(),
    group: 'workers',
    env: 'WORKER_HEALTH_PORT',
    flag: '--health-port <port>',
    description: 'Serve `/livez` and `/readyz` on this port. Unset: not served.',
  },
  workerHealthHost: {
    kind: 'text',
    schema: z.string().min(1).default('127.0.0.1'),
    group: 'workers',
    env: 'WORKER_HEALTH_HOST',
    flag: '--health-host <host>',
    description: 'Address on which health is served.',
  },
  workers: {
    kind: 'json',
    schema: z
      .record(
        z.string(),
        z.strictObject({
          concurrency: positive.max(10_000).optional(),
          batchSize: positive.max(1000).optional(),
          pollIntervalMs: z.int().min(0).max(60_000).optional(),
        }),
      )
      .default({}),
    group: 'workers',
    env: 'WORKER_TYPES',
    description: 'Settings for single task types, as JSON: `{"compress_file":{"concurrency":2}}`.',
  },
} as const satisfies Record<string, Setting>;
