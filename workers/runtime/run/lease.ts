import type { Conductor } from '../../../core/conductor/api.ts';
import type { Task } from '../../../core/conductor/types.ts';
import { FleetError } from '../../../core/errors.ts';
import type { Events } from '../events.ts';
import { heartbeat, keyOf } from '../report/result.ts';
import type { Attempt } from './attempt.ts';

/**
 * Keeps the tasks of this process while they are its own: extends their leases, and looks whether they still run on the server.
 *
 * Invariants:
 * 1. From the poll until the server has the result, nothing but a server that cannot be reached lets a lease run out: not a drain, not
 *    a result that has to be sent again.
 * 2. A task has at most one heartbeat and one look under way, and no heartbeat while a result or a hand-back is: the server reads the
 *    task, looks at its state and writes it back, so that one which overtakes a result undoes it.
 * 3. A task that has ended on the server is aborted as `cancelled`, and gets no more heartbeats. The answers to heartbeats do not tell:
 *    the server takes those of a terminated workflow too.
 * 4. One timer serves all tasks, and there is none while no task is held.
 */
export class LeaseKeeper {
  readonly #options: LeaseOptions;
  readonly #held = new Map<string, Held>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: LeaseOptions) {
    this.#options = options;
  }

  /** False if this process has the task already: the server handed it out a second time, because a heartbeat came too late. */
  hold(attempt: Attempt): boolean {
    const { taskId } = attempt.task;
    if (this.holds(attempt.task)) return false;
    const now = performance.now();
    this.#held.set(taskId, {
      attempt,
      beatAt: now + attempt.leaseMs / 2,
      lookAt: now + FIRST_LOOK_MS,
      beating: false,
      isQuiet: false,
      looking: false,
    });
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS);
    return true;
  }

  holds({ taskId }: Pick<Task, 'taskId'>): boolean {
    return this.#held.has(taskId);
  }

  /** Forgets the attempt; not another one of the same task that came meanwhile. */
  release(attempt: Attempt): void {
    const { taskId } = attempt.task;
    if (this.#heldBy(attempt)) this.#held.delete(taskId);
    if (this.#held.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** All tasks held, running or with a result that is not delivered yet. */
  get attempts(): Attempt[] {
    return Array.from(this.#held.values(), ({ attempt }) => attempt);
  }

  /** Sends a heartbeat now, with the progress that is to be shown and the lines of its log. @throws FleetError if the server fails it */
  async beat(attempt: Attempt): Promise<void> {
    const { conductor, workerId } = this.#options;
    const { taskId } = attempt.task;
    const held = this.#heldBy(attempt);
    if (held) held.beatAt = performance.now() + attempt.leaseMs / 2;
    // One that hangs must leave time for another before the lease is over.
    const limitMs = Math.max(MIN_LIMIT_MS, attempt.leaseMs / 4);
    const update = conductor.extendLease(heartbeat(attempt, workerId), { limitMs });
    if (held) held.update = update.catch(() => undefined);
    await update;
    for (let line = attempt.logs[0]; line !== undefined; line = attempt.logs[0]) {
      await conductor.addTaskLog(taskId, line.log);
      attempt.logs.shift();
    }
  }

  /** Stops its heartbeats until `resume`; one under way is waited for. */
  async quiet(attempt: Attempt): Promise<void> {
    const held = this.#heldBy(attempt);
    if (!held) return;
    held.isQuiet = true;
    await held.update;
  }

  resume(attempt: Attempt): void {
    const held = this.#heldBy(attempt);
    if (held) held.isQuiet = false;
  }

  #heldBy(attempt: Attempt): Held | undefined {
    const held = this.#held.get(attempt.task.taskId);
    return held?.attempt === attempt ? held : undefined;
  }

  #tick(): void {
    const now = performance.now();
    for (const held of this.#held.values()) {
      if (now >= held.beatAt && !held.beating && !held.isQuiet) void this.#beat(held);
      if (now >= held.lookAt && !held.looking && held.attempt.running) void this.#look(held);
    }
  }

  async #beat(held: Held): Promise<void> {
    const { attempt } = held;
    const { events } = this.#options;
    const task = keyOf(attempt.task);
    held.beating = true;
    try {
      await this.beat(attempt);
      events.emit({ type: 'lease-extended', task });
    } catch (error) {
      held.beatAt = performance.now() + Math.min(attempt.leaseMs / 8, RETRY_MS);
      events.emit({ type: 'lease-failed', task, error });
    } finally {
      held.beating = false;
    }
  }

  async #look(held: Held): Promise<void> {
    const { attempt } = held;
    held.looking = true;
    try {
      const { status } = await this.#options.conductor.getTask(attempt.task.taskId);
      if (HAS_ENDED.includes(status)) this.#lose(attempt);
    } catch (error) {
      if (error instanceof FleetError && error.code === 'not-found') this.#lose(attempt);
      // Anything else says nothing about the task.
    } finally {
      held.looking = false;
      held.lookAt = performance.now() + LOOK_EVERY_MS;
    }
  }

  #lose(attempt: Attempt): void {
    if (!attempt.running) return; // its result is on the way, and the server has perhaps taken it just now
    attempt.abort('cancelled');
    this.release(attempt);
  }
}

export interface LeaseOptions {
  conductor: Conductor;
  workerId: string;
  events: Events;
}

interface Held {
  attempt: Attempt;
  /** When the next heartbeat and the next look are due, on the clock of `performance.now()`. */
  beatAt: number;
  lookAt: number;
  beating: boolean;
  isQuiet: boolean;
  looking: boolean;
  /** The last heartbeat; never rejects. */
  update?: Promise<void>;
}

/** The shortest lease is a second, so its heartbeat at half of it is never late by much. */
const TICK_MS = 100;
const RETRY_MS = 2_000;
const MIN_LIMIT_MS = 1_000;

/** Most tasks have ended by then and are never looked up. */
const FIRST_LOOK_MS = 2_000;
const LOOK_EVERY_MS = 5_000;

const HAS_ENDED = [
  'CANCELED',
  'FAILED',
  'FAILED_WITH_TERMINAL_ERROR',
  'COMPLETED',
  'COMPLETED_WITH_ERRORS',
  'SKIPPED',
  'TIMED_OUT',
];
