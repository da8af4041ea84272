import type { Conductor } from '../../../core/conductor/api.ts';
import { type Lease, LeaseKeeper, limitOfRequest } from '../../../core/conductor/lease-keeper.ts';
import { isOpenTask, type Task } from '../../../core/conductor/types.ts';
import type { Events } from '../events.ts';
import { heartbeat, keyOf } from '../report/task-result.ts';
import type { Attempt } from './attempt.ts';

export interface TaskLeasesOptions {
  conductor: Conductor;
  workerId: string;
  events: Events;
}

/**
 * Keeps the leases of the tasks that this process holds. `LeaseKeeper` says how.
 *
 * Invariants:
 * 1. From the poll until the server has the result, a lease runs out only if the server cannot be reached or does not answer. A drain, or a
 *    result that has to be sent again, does not end it.
 * 2. If a task ends on the server while its handler runs, it is aborted as `cancelled`. After the handler has ended, this is not checked:
 *    the task may have ended because the server accepted its result.
 */
export class TaskLeases {
  readonly #options: TaskLeasesOptions;
  readonly #keeper = new LeaseKeeper<TaskLease>({ tickMs: TICK_MS, holdsProcess: true });

  constructor(options: TaskLeasesOptions) {
    this.#options = options;
  }

  /**
   * Returns false if this process already has the task. The server then handed it out a second time, because a heartbeat arrived too late.
   */
  hold(attempt: Attempt): boolean {
    if (this.holds(attempt.task)) return false;
    this.#keeper.keep(new TaskLease(attempt, this.#options));
    return true;
  }

  holds({ taskId }: Pick<Task, 'taskId'>): boolean {
    return this.#keeper.get(taskId) !== undefined;
  }

  /** Forgets the attempt, but not a later one of the same task. */
  release(attempt: Attempt): void {
    if (this.#leaseOf(attempt)) this.#keeper.forget(attempt.task.taskId);
  }

  /** The attempts that this process holds. They run, or their result is not delivered yet. */
  get attempts(): Attempt[] {
    return this.#keeper.leases.map(({ attempt }) => attempt);
  }

  /** Sends a heartbeat now, with the progress to be shown and the lines of the task's log. @throws FleetError if the server fails it */
  beat(attempt: Attempt): Promise<void> {
    return this.#keeper.beat(this.#leaseOf(attempt) ?? new TaskLease(attempt, this.#options));
  }

  /** Stops the attempt's heartbeats until `resume`, and waits for a heartbeat under way. */
  async quiet(attempt: Attempt): Promise<void> {
    if (this.#leaseOf(attempt)) await this.#keeper.quiet(attempt.task.taskId);
  }

  resume(attempt: Attempt): void {
    if (this.#leaseOf(attempt)) this.#keeper.resume(attempt.task.taskId);
  }

  #leaseOf(attempt: Attempt): TaskLease | undefined {
    const lease = this.#keeper.get(attempt.task.taskId);
    return lease?.attempt === attempt ? lease : undefined;
  }
}

/** The lease of one attempt. */
class TaskLease implements Lease {
  readonly attempt: Attempt;
  readonly id: string;
  readonly beatEveryMs: number;
  readonly retryMs: number;
  readonly looks = { firstMs: FIRST_LOOK_MS, everyMs: LOOK_EVERY_MS };
  readonly #options: TaskLeasesOptions;

  constructor(attempt: Attempt, options: TaskLeasesOptions) {
    this.attempt = attempt;
    this.id = attempt.task.taskId;
    this.beatEveryMs = attempt.leaseMs / 2;
    this.retryMs = Math.min(attempt.leaseMs / 8, RETRY_MS);
    this.#options = options;
  }

  async extend(): Promise<void> {
    const { conductor, workerId } = this.#options;
    await conductor.extendLease(heartbeat(this.attempt, workerId), { limitMs: limitOfRequest(this.attempt.leaseMs) });
  }

  async extended(): Promise<void> {
    const { logs, leaseMs } = this.attempt;
    const limitMs = limitOfRequest(leaseMs); // the next heartbeat waits for these lines
    for (let line = logs[0]; line !== undefined; line = logs[0]) {
      await this.#options.conductor.addTaskLog(this.id, line.log, { limitMs });
      logs.shift();
    }
  }

  beaten(error?: unknown): void {
    const { events } = this.#options;
    const task = keyOf(this.attempt.task);
    if (error === undefined) events.emit({ type: 'lease-extended', task });
    else events.emit({ type: 'lease-failed', task, error });
  }

  async isHeld(): Promise<boolean> {
    if (!this.attempt.running) return true;
    const task = await this.#options.conductor.getTask(this.id);
    return !this.attempt.running || isOpenTask(task);
  }

  lost(): void {
    this.attempt.abort('cancelled');
  }
}

/** The shortest lease is 1 s, with a heartbeat after 0.5 s. A tick of 0.1 s delays this heartbeat only a little. */
const TICK_MS = 100;
const RETRY_MS = 2_000;

/** Most tasks have ended by then, so this process never looks them up. */
const FIRST_LOOK_MS = 2_000;
const LOOK_EVERY_MS = 5_000;
