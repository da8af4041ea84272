import { z } from 'zod';
import { port, positive, type Setting } from './setting.ts';
import { workerType } from './worker-type.ts';

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
    description:
      'Serve `/livez`, `/readyz`, `/metrics`, `/status` and `/scaling` on this port. Unset: only on the control port.',
  },
  workerHealthHost: {
    kind: 'text',
    schema: z.string().min(1).default('127.0.0.1'),
    group: 'workers',
    env: 'WORKER_HEALTH_HOST',
    flag: '--health-host <host>',
    description: 'Address on which health is served.',
  },
  workerTimeoutSeconds: {
    kind: 'number',
    schema: z.int().min(0).max(2_000_000).default(3600),
    group: 'workers',
    env: 'WORKER_TIMEOUT_SECONDS',
    flag: '--timeout-seconds <s>',
    description:
      'How long a handler may run whose task definition has no `timeoutSeconds`, in seconds. 0 is no limit: one that hangs then keeps its task for ever.',
  },
  workerThreads: {
    kind: 'number',
    schema: positive.max(1000).optional(),
    group: 'workers',
    env: 'WORKER_THREADS',
    flag: '--threads <n>',
    description: 'Threads for handlers that compute. Unset: one for each processor.',
  },
  workerControlPort: {
    kind: 'number',
    schema: z.int().min(0).max(65535).default(0),
    group: 'workers',
    env: 'WORKER_CONTROL_PORT',
    flag: '--control-port <port>',
    description:
      'Loopback port on which `fleet workers` reaches a worker process. 0: any free one, found through the data folder.',
  },
  workerSpoolDir: {
    kind: 'text',
    schema: z.string().min(1).optional(),
    group: 'workers',
    env: 'WORKER_SPOOL_DIR',
    flag: '--spool-dir <folder>',
    description: 'Where results are kept that the server could not be given. Unset: `spool` in the data folder.',
  },
  workerSpoolMaxMb: {
    kind: 'number',
    schema: positive.max(100_000).default(256),
    group: 'workers',
    env: 'WORKER_SPOOL_MAX_MB',
    flag: '--spool-max-mb <mb>',
    description: 'How large the file of undelivered results of one process may grow, in megabytes.',
  },
  workers: {
    kind: 'json',
    schema: z.record(z.string(), workerType).default({}),
    group: 'workers',
    env: 'WORKER_TYPES',
    description:
      'Settings for single task types, `ALL` for all, as JSON: `{"compress_file":{"concurrency":2}}`. Keys: `concurrency`, `batchSize`, `pollIntervalMs`, `ratePerSecond`, `paused`, `domains` (weights by name). Also one by one as `CONDUCTOR_WORKER_<NAME|ALL>_<KEY>`, e.g. `CONDUCTOR_WORKER_ALL_POLL_INTERVAL`.',
  },
} as const satisfies Record<string, Setting>;
