import type { Conductor } from '../../core/conductor/api.ts';
import type { Task } from '../../core/conductor/types.ts';
import type { Worker } from '../../core/contract.ts';
import { pause } from '../../core/drain.ts';
import type { Logger } from '../../core/log.ts';
import { Backoff } from './backoff.ts';
import type { TypeSlots } from './slots.ts';

/**
 * The poll loop of one task type.
 *
 * States:
 * - `watching`  nothing was queued: one slot reserved, one long poll for one task under way
 * - `taking`    the last poll brought tasks: poll at once for as many as there are free slots
 * - `failing`   the last poll failed: wait, longer each time
 * - `stopped`   no poll is under way and none will be
 *
 * Invariants:
 * 1. A poll never asks for more tasks than slots were reserved for it; what a server sends beyond that is handed back.
 * 2. A long poll asks for one task only: the server holds a batch back until it is full or the time is over.
 * 3. A poll under way is never cut off: what the server has popped for it would wait for its lease to run out. What it brings
 *    after a stop is handed back.
 * 4. A change between working and failing is logged once.
 */
export type PollerState = 'watching' | 'taking' | 'failing' | 'stopped';

/** Short enough for a prompt stop, long enough to be cheap. The server allows 5000. */
const LONG_POLL_MS = 2_000;

export interface PollerOptions {
  worker: Worker;
  conductor: Conductor;
  slots: TypeSlots;
  batchSize: number;
  pollIntervalMs: number;
  workerId: string;
  log: Logger;
  /** Aborted when no more tasks shall be taken. */
  stop: AbortSignal;
  /** Executes a task and reports it; must not throw. */
  handle(task: Task): Promise<void>;
  /** Returns a task to the queue; must not throw. */
  handBack(task: Task): Promise<void>;
}

export class Poller {
  readonly #options: PollerOptions;
  readonly #backoff = new Backoff({ firstMs: 250, mostMs: 15_000 });
  #state: PollerState = 'watching';
  #lastAnswerAt = 0;

  constructor(options: PollerOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.worker.name;
  }

  get state(): PollerState {
    return this.#state;
  }

  /** Epoch milliseconds of the last poll the server answered, 0 for never. */
  get lastAnswerAt(): number {
    return this.#lastAnswerAt;
  }

  get running(): number {
    return this.#options.slots.running;
  }

  /** Polls until `stop` is aborted. Resolves when no poll is under way any more; tasks may still run. */
  async run(): Promise<void> {
    const { stop } = this.#options;
    while (!stop.aborted) await this.#round();
    this.#state = 'stopped';
  }

  async #round(): Promise<void> {
    const { slots, batchSize, pollIntervalMs, stop } = this.#options;
    const watching = this.#state !== 'taking';
    const reserved = await slots.reserve(watching ? 1 : batchSize, stop);
    if (reserved === 0) return;
    const tasks = await this.#poll(reserved, watching ? LONG_POLL_MS : 0);
    const fitting = tasks?.slice(0, reserved) ?? [];
    slots.giveBack(reserved - fitting.length);
    if (!tasks) return pause(this.#backoff.next(), stop);
    for (const task of fitting) void slots.run(() => this.#take(task));
    for (const task of tasks.slice(reserved)) void this.#options.handBack(task);
    this.#state = fitting.length > 0 && (watching || fitting.length === reserved) ? 'taking' : 'watching';
    if (fitting.length === 0) await pause(pollIntervalMs, stop);
  }

  #take(task: Task): Promise<void> {
    return this.#options.stop.aborted ? this.#options.handBack(task) : this.#options.handle(task);
  }

  /** Undefined if the poll failed. */
  async #poll(count: number, timeoutMs: number): Promise<Task[] | undefined> {
    const { conductor, worker, workerId, log } = this.#options;
    try {
      const tasks = await conductor.pollTasks(worker.name, { count, timeoutMs, workerId });
      if (this.#backoff.failing) log.info({ taskType: worker.name }, 'polling works again');
      this.#backoff.reset();
      this.#lastAnswerAt = Date.now();
      return tasks;
    } catch (error) {
      if (!this.#backoff.failing) log.warn({ taskType: worker.name, err: error }, 'polling fails; trying again');
      this.#state = 'failing';
      return undefined;
    }
  }
}
