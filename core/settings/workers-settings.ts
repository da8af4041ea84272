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
    description: 'Largest number of tasks that one worker process executes at once, over all task types.',
  },
  workerBatchSize: {
    kind: 'number',
    schema: positive.max(1000).default(10),
    group: 'workers',
    env: 'WORKER_BATCH_SIZE',
    flag: '--batch-size <n>',
    description: 'Largest number of tasks that one poll takes.',
  },
  workerPollIntervalMs: {
    kind: 'number',
    schema: z.int().min(0).max(60_000).default(100),
    group: 'workers',
    env: 'WORKER_POLL_INTERVAL_MS',
    flag: '--poll-interval-ms <ms>',
    description: 'Pause between two polls of a task type whose queue is empty, in milliseconds.',
  },
  workerDrainSeconds: {
    kind: 'number',
    schema: z.int().min(0).max(3600).default(30),
    group: 'workers',
    env: 'WORKER_DRAIN_SECONDS',
    flag: '--drain-seconds <s>',
    description: 'Time that running tasks have after SIGTERM before they are aborted, in seconds.',
  },
  workerLeaseCheckSeconds: {
    kind: 'number',
    schema: z.int().min(0).max(3600).default(2),
    group: 'workers',
    env: 'WORKER_LEASE_CHECK_SECONDS',
    flag: '--lease-check-seconds <s>',
    description:
      'How often a worker process looks for tasks of killed processes, in seconds. One process of the fleet looks at a time. By default, a task waits at most 10 seconds longer than its lease. 0: never; then the server alone decides when such a task returns, which can take as long as the time limit of its workflow.',
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
    description: 'Address on which the health port listens.',
  },
  workerTimeoutSeconds: {
    kind: 'number',
    schema: z.int().min(0).max(2_000_000).default(3600),
    group: 'workers',
    env: 'WORKER_TIMEOUT_SECONDS',
    flag: '--timeout-seconds <s>',
    description:
      'Longest run of a handler whose task definition has no `timeoutSeconds`, in seconds. 0: no limit. A handler that hangs then keeps its task for ever.',
  },
  workerThreads: {
    kind: 'number',
    schema: positive.max(1000).optional(),
    group: 'workers',
    env: 'WORKER_THREADS',
    flag: '--threads <n>',
    description: 'Number of threads for handlers with `thread: true`. Unset: one for each processor.',
  },
  workerControlPort: {
    kind: 'number',
    schema: z.int().min(0).max(65535).default(0),
    group: 'workers',
    env: 'WORKER_CONTROL_PORT',
    flag: '--control-port <port>',
    description:
      'Loopback port on which `fleet workers` reaches a worker process. 0: any free port. The data folder records which one.',
  },
  workerSpoolDir: {
    kind: 'text',
    schema: z.string().min(1).optional(),
    group: 'workers',
    env: 'WORKER_SPOOL_DIR',
    flag: '--spool-dir <folder>',
    description: 'Folder for results that could not be delivered to the server. Unset: `spool` in the data folder.',
  },
  workerSpoolMaxMb: {
    kind: 'number',
    schema: positive.max(100_000).default(256),
    group: 'workers',
    env: 'WORKER_SPOOL_MAX_MB',
    flag: '--spool-max-mb <mb>',
    description: 'Largest size of the file with the undelivered results of one process, in megabytes.',
  },
  workers: {
    kind: 'json',
    schema: z.record(z.string(), workerType).default({}),
    group: 'workers',
    env: 'WORKER_TYPES',
    description:
      'Settings of single task types by name, or of all types by the name `ALL`, as JSON: `{"compress_file":{"concurrency":2}}`. Keys: `concurrency`, `batchSize`, `pollIntervalMs`, `ratePerSecond`, `paused`, `domains` (weights by name). Each setting also has a variable `CONDUCTOR_WORKER_<NAME|ALL>_<KEY>`, e.g. `CONDUCTOR_WORKER_ALL_POLL_INTERVAL`.',
  },
} as const satisfies Record<string, Setting>;
