import { hostname } from 'node:os';
import type { Conductor } from '../../core/conductor/api.ts';
import type { Config } from '../../core/config.ts';
import type { Worker, WorkerSettings } from '../../core/contract.ts';
import { FleetError, messageOf } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import { endsWithin, pause } from '../../core/pause.ts';
import { Breaker } from './breaker.ts';
import { Events, type Listener } from './events.ts';
import { Slots } from './poll/slots.ts';
import { TaskType, type TypeStatus } from './poll/task-type.ts';
import { typeSettings } from './poll/type-settings.ts';
import { Courier } from './report/courier.ts';
import type { OpenSpool, Spool } from './report/spool.ts';
import { type Interceptor, Runner } from './run/runner.ts';
import { TaskLeases } from './run/task-leases.ts';
import { Threads } from './run/threads.ts';
import { LeaseWatch } from './watch/lease-watch.ts';

/**
 * One worker process. A task passes through three folders: `poll/` gets it, `run/` executes it and keeps its lease, `report/` delivers its
 * result. `watch/` brings back tasks of processes that were killed.
 *
 * States:
 * - `running`: The process takes tasks.
 * - `draining`: It takes no more tasks. Running tasks continue until the deadline. Then they are aborted and handed back.
 * - `stopped`: It holds no task. Results that could not be delivered are on disk.
 *
 * Invariants:
 * 1. A polled task ends in exactly one of four ways. The server accepts its result, the server refuses its result, its result is written to
 *    disk, or the task is cancelled on the server.
 * 2. The process keeps the task's lease until then.
 * 3. No handler and no listener can end the process, or take away the slot of another task.
 */
export interface Fleet {
  readonly workerId: string;
  readonly events: Events;
  status(): FleetStatus;
  /** Takes no more tasks of this type. Without `taskType`, it takes no more tasks of any type. @throws FleetError `not-found` */
  pause(taskType?: string): void;
  resume(taskType?: string): void;
  /** Changes how many tasks may run at once: of one type, or without `taskType` in the whole process. */
  setConcurrency(concurrency: number, taskType?: string): void;
  /** Takes no more tasks, waits for running tasks up to the configured time, then aborts them and hands them back. */
  stop(): Promise<void>;
}

/** What a worker runtime does now. */
export interface FleetStatus {
  workerId: string;
  state: 'running' | 'draining' | 'stopped';
  running: number;
  concurrency: number;
  /** Number of results that wait for delivery. */
  undelivered: number;
  /** True if the server fails polls, or results. */
  failing: { polls: boolean; results: boolean };
  types: TypeStatus[];
}

export interface FleetOptions {
  workers: readonly Worker[];
  conductor: Conductor;
  config: Pick<
    Config,
    | 'workerConcurrency'
    | 'workerBatchSize'
    | 'workerPollIntervalMs'
    | 'workerDrainSeconds'
    | 'workerLeaseCheckSeconds'
    | 'workerThreads'
    | 'workerTimeoutSeconds'
    | 'workers'
  >;
  settings: WorkerSettings;
  log: Logger;
  /** The name under which the server knows the process. Default: host name and process id. */
  workerId?: string;
  /** Keeps undelivered results on disk. Without a spool, these results keep their slots, and are lost if the process is killed. */
  spool?: OpenSpool | undefined;
  listeners?: readonly Listener[];
  intercept?: Interceptor | undefined;
}

/** How often the process looks for spool files of processes that have ended. */
const ADOPT_EVERY_MS = 30_000;

/** How long aborted handlers and their reports may take after the deadline. */
const LAST_REPORTS_MS = 5_000;

/** Starts a worker process. It polls for every worker's task type. */
export function startFleet(options: FleetOptions): Fleet {
  const fleet = new WorkerProcess(options);
  fleet.start();
  return fleet;
}

class WorkerProcess implements Fleet {
  readonly workerId: string;
  readonly events: Events;
  readonly #options: FleetOptions;
  readonly #slots: Slots;
  readonly #polls: Breaker;
  readonly #results: Breaker;
  readonly #leases: TaskLeases;
  readonly #courier: Courier;
  readonly #threads: Threads;
  readonly #types: TaskType[];
  readonly #stopPolling = new AbortController();
  readonly #giveUp = new AbortController();
  #state: FleetStatus['state'] = 'running';
  #polling: Promise<unknown> = Promise.resolve();
  #stopping: Promise<void> | undefined;

  constructor(options: FleetOptions) {
    const { workers, conductor, config, settings, log, listeners } = options;
    this.#options = options;
    this.workerId = options.workerId ?? `${hostname()}-${process.pid}`;
    this.events = new Events(log, listeners);
    this.#slots = Slots.ofProcess(config.workerConcurrency);
    this.#threads = new Threads(config.workerThreads);
    this.#polls = this.#breaker('polls');
    this.#results = this.#breaker('results');
    const { events, workerId } = this;
    this.#leases = new TaskLeases({ conductor, workerId, events });
    this.#courier = new Courier({
      conductor,
      spool: options.spool?.spool,
      breaker: this.#results,
      events,
      log,
      giveUp: this.#giveUp.signal,
    });
    const parts = { leases: this.#leases, courier: this.#courier, threads: this.#threads };
    const runner = new Runner({
      ...parts,
      events,
      settings,
      timeoutSeconds: config.workerTimeoutSeconds,
      log,
      workerId,
      intercept: options.intercept,
    });
    const threadSlots = this.#slots.within(this.#threads.limit);
    const shared = { conductor, events, log, workerId, polls: this.#polls, results: this.#results };
    this.#types = workers.map(
      (worker) =>
        new TaskType(worker, typeSettings(config, worker.name), {
          ...shared,
          process: worker.thread ? threadSlots : this.#slots,
          stop: this.#stopPolling.signal,
          holds: (task) => this.#leases.holds(task),
          handle: (task) => runner.handle(worker, task),
          handBack: (task) => runner.handBack(worker, task),
        }),
    );
  }

  start(): void {
    const { spool } = this.#options;
    if (spool) {
      this.#courier.deliverLeft(spool.left);
      void this.#adopt(spool.spool);
    }
    this.#polling = Promise.all([...this.#types.map((type) => type.run()), this.#watch()]);
  }

  status(): FleetStatus {
    return {
      workerId: this.workerId,
      state: this.#state,
      running: this.#slots.running,
      concurrency: this.#slots.limit,
      undelivered: this.#courier.waiting,
      failing: { polls: this.#polls.isOpen, results: this.#results.isOpen },
      types: this.#types.flatMap((type) => type.status()),
    };
  }

  pause(taskType?: string): void {
    for (const type of this.#named(taskType)) type.pause();
  }

  resume(taskType?: string): void {
    for (const type of this.#named(taskType)) type.resume();
  }

  setConcurrency(concurrency: number, taskType?: string): void {
    if (taskType === undefined) this.#slots.limit = concurrency;
    // A task type without its own limit uses the limit of the process.
    const types = taskType === undefined ? this.#types.filter((type) => !type.hasOwnLimit) : this.#named(taskType);
    for (const type of types) type.setConcurrency(concurrency);
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#drain();
    return this.#stopping;
  }

  /** Polls under way, tasks and results share one deadline, which is counted from the request to stop. */
  async #drain(): Promise<void> {
    const { config, log } = this.#options;
    this.#state = 'draining';
    this.#stopPolling.abort();
    this.#slots.wake();
    if (this.#slots.running > 0) log.info({ running: this.#slots.running }, 'waiting for running tasks');
    const ended = this.#polling.then(() => this.#slots.idle()).then(() => this.#courier.idle());
    if (!(await endsWithin(config.workerDrainSeconds * 1000, ended))) {
      for (const attempt of this.#leases.attempts) if (attempt.running) attempt.abort('stopping');
      await endsWithin(LAST_REPORTS_MS, ended);
    }
    this.#giveUp.abort();
    await this.#close();
    this.#state = 'stopped';
  }

  async #close(): Promise<void> {
    const { log, spool } = this.#options;
    if (this.#slots.running > 0) {
      log.error(
        { running: this.#slots.running },
        'stopped although tasks have not ended; the server gives them to other workers when their leases run out',
      );
    }
    if (this.#courier.waiting > 0) {
      log.warn({ results: this.#courier.waiting }, 'undelivered results stay on disk for the next process');
    }
    for (const attempt of this.#leases.attempts) this.#leases.release(attempt);
    await this.#threads.close();
    await spool?.spool.close();
  }

  /** Looks for tasks of killed processes, on this or another machine, until the process stops. */
  async #watch(): Promise<void> {
    const { conductor, config, log } = this.#options;
    const everyMs = config.workerLeaseCheckSeconds * 1000;
    if (everyMs === 0) return;
    const { workerId, events } = this;
    const isFailing = () => this.#polls.isOpen || this.#results.isOpen;
    const stop = this.#stopPolling.signal;
    await new LeaseWatch({ conductor, workerId, everyMs, events, log, stop, isFailing }).run();
  }

  /** Delivers results that killed processes of this machine left behind. */
  async #adopt(spool: Spool): Promise<void> {
    const { signal } = this.#stopPolling;
    for (;;) {
      await pause(ADOPT_EVERY_MS, signal);
      if (signal.aborted) return;
      try {
        this.#courier.deliverLeft(await spool.adopt());
      } catch (error) {
        this.#options.log.warn({ reason: messageOf(error) }, 'cannot look for results of other processes');
      }
    }
  }

  #named(taskType: string | undefined): TaskType[] {
    const found = this.#types.filter(({ name }) => taskType === undefined || name === taskType);
    if (found.length > 0) return found;
    throw new FleetError('not-found', `This process does not serve ${taskType}.`, {
      remedy: `It serves ${this.#types.map(({ name }) => name).join(', ')}.`,
    });
  }

  #breaker(what: 'polls' | 'results'): Breaker {
    const { log } = this.#options;
    return new Breaker((open) => {
      this.events.emit({ type: 'breaker', what, open });
      if (!open) (what === 'polls' ? this.#results : this.#polls).nudge();
      if (open)
        log.error(`the server fails ${what}; this process takes no tasks until the server accepts ${what} again`);
      else log.info(`the server accepts ${what} again`);
    });
  }
}
