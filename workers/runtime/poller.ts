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
 * - `watching` nothing was queued: one long poll for one task is under way, and no slot is held for it
 * - `taking`   the last poll brought tasks: poll at once for as many as there are free slots
 * - `full`     no slot is free: nothing is polled until one is
 * - `failing`  the last poll failed: wait, longer each time
 * - `stopped`  no poll is under way and none will be
 *
 * Invariants:
 * 1. A poll for many asks for no more tasks than slots were reserved for it.
 * 2. A long poll asks for one task only: the server holds a batch back until it is full or the time is over. It holds no slot, since
 *    idle types would keep the busy ones from theirs; it begins only while one is free.
 * 3. What is polled and finds no slot, because the last one went meanwhile or the server sent too much, is handed back at once.
 * 4. A poll under way is never cut off: what the server has popped for it would wait for its lease to run out. What it brings after a
 *    stop is handed back.
 * 5. A change between working and failing is logged once.
 */
export type PollerState = 'watching' | 'taking' | 'full' | 'failing' | 'stopped';

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
  /** Executes a task and reports it. */
  handle(task: Task): Promise<void>;
  /** Returns a task to the queue. */
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
    const { slots, stop } = this.#options;
    while (!stop.aborted) {
      if (slots.free > 0) await (this.#state === 'taking' ? this.#take() : this.#watch());
      else await this.#waitForSlot();
    }
    this.#state = 'stopped';
  }

  async #watch(): Promise<void> {
    this.#state = 'watching';
    const tasks = await this.#poll(1, LONG_POLL_MS);
    if (!tasks) return;
    await this.#begin(tasks, this.#options.slots.reserve(tasks.length));
    if (tasks.length > 0) this.#state = 'taking';
    else await pause(this.#options.pollIntervalMs, this.#options.stop);
  }

  async #take(): Promise<void> {
    const { slots, batchSize } = this.#options;
    const reserved = slots.reserve(batchSize);
    const tasks = await this.#poll(reserved, 0);
    await this.#begin(tasks ?? [], reserved);
    if (tasks && tasks.length < reserved) this.#state = 'watching';
  }

  async #waitForSlot(): Promise<void> {
    this.#state = 'full';
    await this.#options.slots.nextFreed();
    this.#state = 'taking'; // more is likely to wait: this type was busy a moment ago
  }

  /** Starts what fits into the reserved slots and hands the rest back. */
  async #begin(tasks: readonly Task[], reserved: number): Promise<void> {
    const { slots, stop, handle, handBack, log } = this.#options;
    const fitting = tasks.slice(0, reserved);
    slots.giveBack(reserved - fitting.length);
    for (const task of fitting) {
      const work = () => (stop.aborted ? handBack(task) : handle(task));
      slots.run(work).catch((err: unknown) => log.error({ err, taskId: task.taskId }, 'a task was left unanswered'));
    }
    await Promise.all(tasks.slice(reserved).map(handBack));
  }

  /** Undefined if the poll failed; then the wait before the next one is over as well. */
  async #poll(count: number, timeoutMs: number): Promise<Task[] | undefined> {
    const { conductor, worker, workerId, log, stop } = this.#options;
    try {
      const tasks = await conductor.pollTasks(worker.name, { count, timeoutMs, workerId });
      if (this.#backoff.failing) log.info({ taskType: worker.name }, 'polling works again');
      this.#backoff.reset();
      this.#lastAnswerAt = Date.now();
      return tasks;
    } catch (err) {
      if (!this.#backoff.failing) log.warn({ taskType: worker.name, err }, 'polling fails; trying again');
      this.#state = 'failing';
      await pause(this.#backoff.next(), stop);
      return undefined;
    }
  }
}
