import type { Worker } from '../../core/contract.ts';
import type { HostOptions, OwnOptions } from '../../core/settings/host-options.ts';
import type { WorkerType } from '../../core/settings/worker-type.ts';
import type { FleetEvent } from '../runtime/events.ts';
import type { FleetStatus } from '../runtime/fleet.ts';
import type { StopReport } from './stop-report.ts';

/** What `createWorkers` takes. */
export interface WorkersOptions extends HostOptions {
  /** The tasks to serve: what `defineTask({ … }).worker(…)` returns. Each name may occur once. */
  readonly tasks: readonly Worker[];
  /** Largest number of tasks that these workers execute at once, over all task types. Default: 50. */
  readonly workerConcurrency?: number | undefined;
  /** Largest number of tasks that one poll takes. Default: 10. */
  readonly workerBatchSize?: number | undefined;
  /** Pause between two polls of a task type whose queue is empty, in milliseconds. Default: 100. */
  readonly workerPollIntervalMs?: number | undefined;
  /** Time that running tasks have after `stop()` before they are aborted and handed back, in seconds. Default: 30. */
  readonly workerDrainSeconds?: number | undefined;
  /** Longest run of a handler whose task definition has no `timeoutSeconds`, in seconds. 0: no limit. Default: 3600. */
  readonly workerTimeoutSeconds?: number | undefined;
  /** Number of threads for handlers with `thread: true`. Default: one for each processor. */
  readonly workerThreads?: number | undefined;
  /** Folder for results that could not be delivered. Several pools may share it. Default: `spool` in `dataDir`. */
  readonly workerSpoolDir?: string | undefined;
  /** Largest size of the file with the undelivered results of these workers, in megabytes. Default: 256. */
  readonly workerSpoolMaxMb?: number | undefined;
  /** Folder that holds the spool if `workerSpoolDir` is not given. Default: `.fleet` in the current folder. */
  readonly dataDir?: string | undefined;
  /** Settings of single task types by name, or of all types by the name `ALL`. */
  readonly workers?: Readonly<Record<string, WorkerType>> | undefined;
  /** `context.settings.shopUrl` of the handlers. Default: `http://127.0.0.1:8090`. */
  readonly shopUrl?: string | undefined;
  /** `context.settings.filesRoot` of the handlers. Default: `.`. */
  readonly filesRoot?: string | undefined;
  /** `context.settings.outputDir` of the handlers. Default: `.fleet/output`. */
  readonly outputDir?: string | undefined;
}

export const OWN_OPTIONS: OwnOptions<WorkersOptions> = {
  tasks: true,
  workerConcurrency: true,
  workerBatchSize: true,
  workerPollIntervalMs: true,
  workerDrainSeconds: true,
  workerTimeoutSeconds: true,
  workerThreads: true,
  workerSpoolDir: true,
  workerSpoolMaxMb: true,
  dataDir: true,
  workers: true,
  shopUrl: true,
  filesRoot: true,
  outputDir: true,
};

/** How workers are at this moment. `created`: `start()` has not been called, or has not ended. */
export interface WorkersStatus extends Omit<FleetStatus, 'state'> {
  readonly state: 'created' | FleetStatus['state'];
}

/** Workers that run in the process of a host. See `createWorkers`. */
export interface Workers {
  /** The name under which the server knows these workers. */
  readonly workerId: string;
  /**
   * Begins to poll. Resolves even if the server does not answer: the polls are repeated until it does.
   * @throws FleetError `conflict` if the workers have been started or stopped before
   */
  start(): Promise<void>;
  /**
   * Drains: takes no more tasks, lets running tasks end, and hands back those that have not ended after `workerDrainSeconds`. Then closes
   * every connection and timer. It never rejects. A second call waits for the same drain, and its `message` says so.
   */
  stop(): Promise<StopReport>;
  /** How the workers are now. It costs no request. */
  status(): WorkersStatus;
  /**
   * Calls `listener` with every event. An error of a listener is logged and affects nothing else.
   * @returns a function that removes the listener
   */
  on(listener: (event: FleetEvent) => void): () => void;
  /** Takes no more tasks of this type; without `taskType`, of any type. @throws FleetError `not-found`, or `conflict` before `start()` */
  pause(taskType?: string): void;
  /** Takes tasks again after `pause`. @throws FleetError `not-found`, or `conflict` before `start()` */
  resume(taskType?: string): void;
  /**
   * Changes how many tasks may run at once: of one type, or without `taskType` of all types together.
   * @throws FleetError `input` below 1, `not-found`, or `conflict` before `start()`
   */
  setConcurrency(concurrency: number, taskType?: string): void;
}
