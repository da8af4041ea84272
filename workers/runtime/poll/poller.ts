import type { Conductor } from '../../../core/conductor/api.ts';
import type { Task } from '../../../core/conductor/types.ts';
import { endsOr, pause } from '../../../core/drain.ts';
import { messageOf } from '../../../core/errors.ts';
import type { Logger } from '../../../core/log.ts';
import { Backoff } from '../backoff.ts';
import type { Breaker } from '../breaker.ts';
import type { Events } from '../events.ts';
import type { RateLimiter } from './rate-limiter.ts';
import type { Slots } from './slots.ts';

/**
 * The poll loop of one task type in one domain.
 *
 * States:
 * - `idle`     nothing was queued: one long poll for one task, the sentinel, is under way, and no slot is held for it
 * - `polling`  the last poll brought tasks: poll at once for as many as there are permits
 * - `full`     no permit is free: nothing is polled until one is
 * - `failing`  the last poll failed, or the server fails everybody: wait, longer each time
 * - `paused`   somebody asked to take no more tasks for now
 * - `draining` the process stops: no poll begins, one may still be under way, tasks may still run
 * - `stopped`  nothing is under way and nothing will be
 *
 * Invariants:
 * 1. A poll for many asks for no more tasks than permits were reserved for it. A permit is a slot of the process, of the type and of the
 *    domain, and one of the type's rate limiter.
 * 2. A long poll asks for one task only: the server holds a batch back until it is full or the time is over. It holds no slot, since
 *    idle types would keep the busy ones from theirs; it begins only while one is free.
 * 3. A task that this process has already, or that comes twice in one answer, is passed over: handed back it would be queued while it runs.
 *    What else is polled and may not run, because the slot went meanwhile, the type was paused or the server sent too much, is handed back at
 *    once.
 * 4. A poll under way is never cut off: what the server has popped for it would wait for its lease to run out. What it brings after a
 *    stop is handed back.
 * 5. While results cannot be delivered, no tasks are taken.
 * 6. An idle type makes at most one request in four seconds.
 */
export type TypeState = 'idle' | 'polling' | 'full' | 'failing' | 'paused' | 'draining' | 'stopped';

/** With the pause behind it, at most a quarter of a request a second. The server allows 5000. */
const LONG_POLL_MS = 4_000;

/** On top of what the server is asked to wait. A connection can be dead without a word, and a process must not be deaf for long. */
const LIMIT_MS = 10_000;

export interface PollerOptions {
  taskType: string;
  /** Empty for none. */
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
  /** Aborted when no more tasks shall be taken. */
  stop: AbortSignal;
  /** Whether a task is in this process already. */
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
  /** There while it is paused; resolves when it goes on. */
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

  /** Epoch milliseconds of the last poll the server answered, 0 for never. */
  get lastAnswerAt(): number {
    return this.#lastAnswerAt;
  }

  /** Epoch milliseconds of the last time it looked what to do next. */
  get turnedAt(): number {
    return this.#turnedAt;
  }

  /** Takes no more tasks until `resume()`. Running ones go on; what a poll under way brings is handed back. */
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

  /** Polls until `stop` is aborted. Resolves when no poll is under way any more; tasks may still run. */
  async run(): Promise<void> {
    while (!this.#options.stop.aborted) {
      this.#turnedAt = Date.now();
      try {
        await this.#step();
      } catch (err) {
        this.#options.log.error({ err, taskType: this.taskType }, 'a bug in the poll loop; going on');
        await pause(this.#backoff.next(), this.#options.stop);
      }
    }
    this.#ended = true;
  }

  /** Does what its state asks for: the first thing that stands in the way of a poll, else a poll. */
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
      this.#become('polling'); // more is likely to wait: this type was busy a moment ago
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

  /** Looks with a call that takes no task first: what a poll pops on a connection that breaks waits for its lease to run out. */
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
    // After a failure one that waits for nothing: it tells sooner, and can lose less.
    const isFailing = this.#backoff.failing || this.#options.polls.isOpen;
    if (!isFailing) this.#become('idle');
    const tasks = await this.#poll(1, isFailing ? 0 : LONG_POLL_MS);
    if (!tasks) return;
    const reserved = slots.reserve(rateLimiter.take(tasks.length));
    await this.#begin(tasks, reserved);
    this.#become(tasks.length > 0 ? 'polling' : 'idle');
    if (tasks.length === 0) await pause(pollIntervalMs * (0.5 + Math.random()), stop); // so that the types do not poll in step
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

  /** Starts what fits into the reserved slots and hands the rest back. */
  async #begin(tasks: readonly Task[], reserved: number): Promise<void> {
    const { slots, stop, handle, handBack, log } = this.#options;
    const fitting = tasks.slice(0, reserved);
    slots.giveBack(reserved - fitting.length);
    for (const task of fitting) {
      const work = () => (stop.aborted || this.#pause ? handBack(task) : handle(task));
      slots.run(work).catch((err: unknown) => log.error({ err, taskId: task.taskId }, 'a task was left unanswered'));
    }
    await Promise.all(tasks.slice(reserved).map(handBack));
  }

  /** Undefined if the poll failed; then the wait before the next one is over as well. */
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
        log.warn({ taskType: this.taskType, taskId: task.taskId }, 'the server handed out a task that is here already');
      return isNew;
    });
  }

  /** A failure of this type alone is told once; one of the whole server is told by the breaker. */
  async #afterFailure(error: unknown): Promise<void> {
    const { taskType, polls, log, stop } = this.#options;
    if (!this.#backoff.failing && !polls.isOpen) {
      log.warn({ taskType, reason: messageOf(error) }, 'polling fails; trying again');
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
