import type { Conductor } from '../../../core/conductor/api.ts';
import type { Task } from '../../../core/conductor/types.ts';
import { messageOf } from '../../../core/errors.ts';
import type { Logger } from '../../../core/log.ts';
import { endsOr, pause } from '../../../core/pause.ts';
import { Backoff } from '../backoff.ts';
import type { Breaker } from '../breaker.ts';
import type { Events } from '../events.ts';
import type { RateLimiter } from './rate-limiter.ts';
import type { Slots } from './slots.ts';

/**
 * The poll loop of one task type in one domain.
 *
 * States:
 * - `idle`: The queue was empty. One long poll for one task, the sentinel, is under way. No slot is held for it.
 * - `polling`: The last poll brought tasks. The poller polls again at once, for as many tasks as there are permits.
 * - `full`: No permit is free. The poller waits for one.
 * - `failing`: The last poll failed, or the server fails the polls of all types. The poller waits, longer each time.
 * - `paused`: An operator paused the type. The poller takes no tasks.
 * - `draining`: The process stops. No poll begins, but a poll may still be under way and tasks may still run.
 * - `stopped`: No poll is under way and no task runs.
 *
 * Invariants:
 * 1. A batch poll asks for no more tasks than permits were reserved for it. A permit is a slot of the process, of the type and of the
 *    domain, and a token of the type's rate limiter.
 * 2. A long poll asks for one task only, because the server holds a batch back until it is full or the time is over. It reserves no slot,
 *    because idle types would then take slots from busy ones. It begins only while a slot is free.
 * 3. The poller ignores a task that this process already has, or that is in one answer twice: a hand-back would queue the task while it
 *    runs. It hands back at once every other polled task that it cannot run: its slot was taken in the meantime, the type was paused, or
 *    the server sent too many tasks.
 * 4. A poll under way is never aborted. Otherwise the tasks that the server has taken from the queue for this poll would wait until their
 *    lease runs out. Tasks that arrive after a stop are handed back.
 * 5. While results cannot be delivered, the poller takes no tasks.
 * 6. An idle type makes at most one request in four seconds.
 */
export type TypeState = 'idle' | 'polling' | 'full' | 'failing' | 'paused' | 'draining' | 'stopped';

/**
 * Together with the pause after a long poll, this limits an idle type to one request in four seconds. The server allows at most 5000 ms.
 */
const LONG_POLL_MS = 4_000;

/**
 * A poll may take this much longer than the server is asked to wait. The limit is short: a dead connection gives no sign, and the type must
 * soon poll again.
 */
const LIMIT_MS = 10_000;

export interface PollerOptions {
  taskType: string;
  /** Empty without a domain. */
  domain: string;
  conductor: Conductor;
  slots: Slots;
  rateLimiter: RateLimiter;
  batchSize: number;
  pollIntervalMs: number;
  paused: boolean;
  workerId: string;
  polls: Breaker;
  results: Breaker;
  events: Events;
  log: Logger;
  /** Aborted when the process stops taking tasks. */
  stop: AbortSignal;
  /** True if this process already has the task. */
  holds(task: Task): boolean;
  /** Executes a task and reports it. */
  handle(task: Task): Promise<void>;
  /** Returns a task to the queue. */
  handBack(task: Task): Promise<void>;
}

export class Poller {
  readonly #options: PollerOptions;
  readonly #backoff = new Backoff({ firstMs: 250, mostMs: 5_000 });
  #state: TypeState = 'idle';
  #lastAnswerAt = 0;
  #turnedAt = Date.now();
  #ended = false;
  /** Defined while the poller is paused. Resolves when the poller is resumed. */
  #pause: PromiseWithResolvers<void> | undefined;

  constructor(options: PollerOptions) {
    this.#options = options;
    if (options.paused) this.pause();
  }

  get taskType(): string {
    return this.#options.taskType;
  }

  get domain(): string {
    return this.#options.domain;
  }

  get slots(): Slots {
    return this.#options.slots;
  }

  get state(): TypeState {
    if (!this.#options.stop.aborted) return this.#state;
    return this.#ended && this.slots.running === 0 ? 'stopped' : 'draining';
  }

  /** When the server last answered a poll, in epoch milliseconds; 0 for never. */
  get lastAnswerAt(): number {
    return this.#lastAnswerAt;
  }

  /** When the poller last began a step, in epoch milliseconds. */
  get turnedAt(): number {
    return this.#turnedAt;
  }

  /** Takes no more tasks until `resume()`. Running tasks continue; tasks of a poll under way are handed back. */
  pause(): void {
    this.#pause ??= Promise.withResolvers();
    this.slots.wake();
  }

  resume(): void {
    this.#pause?.resolve();
    this.#pause = undefined;
  }

  get isPaused(): boolean {
    return this.#pause !== undefined;
  }

  /** Polls until `stop` is aborted. Resolves when no poll is under way; tasks may still run. */
  async run(): Promise<void> {
    while (!this.#options.stop.aborted) {
      this.#turnedAt = Date.now();
      try {
        await this.#step();
      } catch (err) {
        this.#options.log.error({ err, taskType: this.taskType }, 'the poll loop has a bug; the loop continues');
        await pause(this.#backoff.next(), this.#options.stop);
      }
    }
    this.#ended = true;
  }

  /** Waits while something prevents a poll. If nothing does, polls. */
  async #step(): Promise<void> {
    const { stop, slots, rateLimiter, polls, results } = this.#options;
    if (this.#pause) {
      this.#become('paused');
      await endsOr(stop, this.#pause.promise);
    } else if (results.isOpen) {
      this.#become('failing');
      await endsOr(stop, results.closed);
    } else if (slots.free === 0) {
      this.#become('full');
      await slots.nextFreed();
      this.#become('polling'); // this type was busy a moment ago, so more tasks are likely to wait
    } else if (rateLimiter.waitMs > 0) {
      this.#become('full');
      await pause(rateLimiter.waitMs, stop);
      this.#become('polling');
    } else if (polls.isOpen) {
      this.#become('failing');
      await polls.admitted(stop);
      if (!stop.aborted) await this.#probe();
    } else if (this.#state === 'polling') {
      await this.#take();
    } else {
      await this.#watch();
    }
  }

  /**
   * First checks the server with a call that takes no task. If the connection of a poll broke, the polled task would wait until its lease
   * runs out.
   */
  async #probe(): Promise<void> {
    const { conductor, taskType, polls } = this.#options;
    try {
      await conductor.queueSizes([taskType]);
    } catch {
      polls.failed();
      return;
    }
    await this.#watch();
  }

  async #watch(): Promise<void> {
    const { slots, rateLimiter, pollIntervalMs, stop } = this.#options;
    // After a failure the poll does not wait for a task, so its answer arrives sooner and is less likely to be lost.
    const isFailing = this.#backoff.failing || this.#options.polls.isOpen;
    if (!isFailing) this.#become('idle');
    const tasks = await this.#poll(1, isFailing ? 0 : LONG_POLL_MS);
    if (!tasks) return;
    const reserved = slots.reserve(rateLimiter.take(tasks.length));
    await this.#begin(tasks, reserved);
    this.#become(tasks.length > 0 ? 'polling' : 'idle');
    if (tasks.length === 0) await pause(pollIntervalMs * (0.5 + Math.random()), stop); // so that the types do not all poll at the same moment
  }

  async #take(): Promise<void> {
    const { slots, rateLimiter, batchSize } = this.#options;
    const allowed = rateLimiter.take(Math.min(batchSize, slots.free));
    const reserved = slots.reserve(allowed);
    rateLimiter.giveBack(allowed - reserved);
    const tasks = await this.#poll(reserved, 0);
    rateLimiter.giveBack(Math.max(0, reserved - (tasks?.length ?? 0)));
    await this.#begin(tasks ?? [], reserved);
    if (tasks && tasks.length < reserved) this.#become('idle');
  }

  /** Starts the tasks that fit into the reserved slots, and hands the others back. */
  async #begin(tasks: readonly Task[], reserved: number): Promise<void> {
    const { slots, stop, handle, handBack, log } = this.#options;
    const fitting = tasks.slice(0, reserved);
    slots.giveBack(reserved - fitting.length);
    for (const task of fitting) {
      const work = () => (stop.aborted || this.#pause ? handBack(task) : handle(task));
      slots.run(work).catch((err: unknown) => log.error({ err, taskId: task.taskId }, 'a task ended without a result'));
    }
    await Promise.all(tasks.slice(reserved).map(handBack));
  }

  /** Returns the new tasks. After a failed poll it waits until the next poll may begin, and returns undefined. */
  async #poll(count: number, timeoutMs: number): Promise<Task[] | undefined> {
    const { conductor, taskType, domain, workerId, events, polls } = this.#options;
    const startedAt = performance.now();
    try {
      const tasks = this.#newOnes(
        await conductor.pollTasks(taskType, { count, timeoutMs, workerId, domain, limitMs: LIMIT_MS }),
      );
      this.#lastAnswerAt = Date.now();
      const durationMs = performance.now() - startedAt;
      events.emit({ type: 'poll-answered', taskType, domain, asked: count, got: tasks.length, durationMs });
      if (this.#backoff.failing) this.#options.log.info({ taskType }, 'polling works again');
      this.#backoff.reset();
      polls.succeeded();
      return tasks;
    } catch (error) {
      events.emit({ type: 'poll-failed', taskType, domain, error, durationMs: performance.now() - startedAt });
      await this.#afterFailure(error);
      return undefined;
    }
  }

  #newOnes(tasks: readonly Task[]): Task[] {
    const { holds, log } = this.#options;
    const seen = new Set<string>();
    return tasks.filter((task) => {
      const isNew = !seen.has(task.taskId) && !holds(task);
      seen.add(task.taskId);
      if (!isNew)
        log.warn(
          { taskType: this.taskType, taskId: task.taskId },
          'the server handed out a task that this process already has',
        );
      return isNew;
    });
  }

  /** A failure of this type alone is logged once; the breaker logs a failure of the whole server. */
  async #afterFailure(error: unknown): Promise<void> {
    const { taskType, polls, log, stop } = this.#options;
    if (!this.#backoff.failing && !polls.isOpen) {
      log.warn({ taskType, reason: messageOf(error) }, 'polling fails; it is retried');
    }
    this.#become('failing');
    polls.failed();
    const waitMs = this.#backoff.next();
    if (!polls.isOpen) await pause(waitMs, stop);
  }

  #become(to: TypeState): void {
    if (this.#state === to) return;
    const from = this.#state;
    this.#state = to;
    this.#options.events.emit({ type: 'type-state', taskType: this.taskType, domain: this.domain, from, to });
  }
}
