import type { Conductor } from '../../../core/conductor/api.ts';
import { NoAnswerError } from '../../../core/conductor/connection/connection-errors.ts';
import { limitOfRequest } from '../../../core/conductor/lease-keeper.ts';
import type { TaskResult } from '../../../core/conductor/types.ts';
import { type ErrorCode, FleetError } from '../../../core/errors.ts';
import type { Logger } from '../../../core/log.ts';
import { endsOr, pause } from '../../../core/pause.ts';
import { Backoff } from '../backoff.ts';
import type { Breaker } from '../breaker.ts';
import type { Events, TaskKey } from '../events.ts';
import type { Spool } from './spool.ts';
import { refusedResult } from './task-result.ts';

/**
 * Delivers results until the server has each of them.
 *
 * States of a result:
 * - `sent`: The first try is under way, and the task still holds its slot.
 * - `waiting`: The server did not accept the result. It is retried after the others. If it is on disk, its slot is free.
 * - `done`: The server has accepted or refused the result, or the result is no longer valid.
 *
 * Invariants:
 * 1. A result ends only as `done`. If it is still `waiting` when the process stops, the next process finds it on disk. A hand-back is never
 *    written to disk: the task returns to its queue anyway when its lease runs out.
 * 2. If the server does not answer the first try soon, the result is written to disk in the meantime, because the process may be killed.
 * 3. After a final answer, the result is not sent again. But the server reports some temporary problems as final, for example a busy
 *    database. After these answers, the result is retried for a while.
 * 4. A result that cannot be written to disk keeps its slot. So there are never more of these results than slots.
 * 5. A try waits for its answer only for a quarter of the lease (at least a second), and the pause before the next try is at most an eighth. Heartbeats renew
 *    the lease each half of it. So the task keeps its lease even if the connection loses one answer.
 * 6. After a try without an answer, the task gets no heartbeats until a try is answered. The connection may deliver the result later, and a
 *    heartbeat at the same time could undo it.
 * 7. While the server fails, new results are written to disk without a try. One result at a time is sent as a probe.
 */
export class Courier {
  readonly #options: CourierOptions;
  readonly #waiting = new Map<string, Letter>();
  readonly #backoff = new Backoff({ firstMs: 200, mostMs: 10_000 });
  #retrying: Promise<void> | undefined;

  constructor(options: CourierOptions) {
    this.#options = options;
  }

  /** Number of results that wait for another try. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * Resolves when the slot of the task may be used again: the result is done, or safe on disk. A hand-back is valid for `validForMs` only,
   * and is never written to disk. After that time it is dropped, because the server has given the task to another worker by then.
   */
  async deliver(result: TaskResult, about: Delivery): Promise<void> {
    const { validForMs = Number.POSITIVE_INFINITY } = about;
    const letter = { ...about, result, validForMs, tries: 0, since: performance.now() };
    const sending = this.#options.breaker.isOpen ? Promise.resolve(false) : this.#send(letter);
    if ((await soon(sending, SLOW_MS)) === true) return;
    const isSafe = validForMs === Number.POSITIVE_INFINITY && (await this.#keep(letter));
    const carried = this.#finish(sending, letter);
    if (!isSafe) await carried;
  }

  /** Delivers results that an earlier process left on disk. */
  deliverLeft(results: readonly TaskResult[]): void {
    for (const result of results) {
      const task = { taskType: '', workflowId: result.workflowInstanceId, taskId: result.taskId };
      const validForMs = Number.POSITIVE_INFINITY;
      void this.#wait({ result, task, done: () => undefined, validForMs, tries: 0, since: performance.now() });
    }
  }

  /** Resolves when no result waits, or when `giveUp` is aborted and the try under way has ended. */
  async idle(): Promise<void> {
    while (this.#retrying) await this.#retrying;
  }

  /** Writes a result to disk. Returns false if this failed. */
  async #keep({ result, task }: Letter): Promise<boolean> {
    const { spool, events } = this.#options;
    const isSafe = (await spool?.append(result)) ?? false;
    if (isSafe) events.emit({ type: 'result-spooled', task });
    return isSafe;
  }

  /** Waits for the first try of a letter, which may still be under way. If it fails, the letter is retried. */
  async #finish(sending: Promise<boolean>, letter: Letter): Promise<void> {
    if (await sending) await this.#options.spool?.delivered(letter.task.taskId);
    else await this.#wait(letter);
  }

  /** Resolves when the letter is done, or when the process gives up. */
  #wait(letter: Letter): Promise<void> {
    const ended = Promise.withResolvers<void>();
    this.#waiting.set(letter.task.taskId, { ...letter, ended: ended.resolve });
    this.#retrying ??= this.#retryAll().finally(() => {
      this.#retrying = undefined;
    });
    return endsOr(this.#options.giveUp, ended.promise);
  }

  /** Sends the waiting letters in order, several at once while the server accepts them. A letter that fails goes to the end. */
  async #retryAll(): Promise<void> {
    const { breaker, giveUp } = this.#options;
    while (this.#waiting.size > 0 && !giveUp.aborted) {
      await breaker.admitted(giveUp, this.#longestPause());
      if (giveUp.aborted) return;
      const width = breaker.isOpen || this.#backoff.failing ? 1 : AT_ONCE;
      const letters = [...this.#waiting.values()].slice(0, width);
      const done = await Promise.all(letters.map((letter) => this.#retry(letter)));
      if (done.every(Boolean)) this.#backoff.reset();
      else if (!breaker.isOpen) await pause(Math.min(this.#backoff.next(), this.#longestPause()), giveUp);
    }
  }

  /** An eighth of the shortest lease of the waiting letters, in milliseconds. */
  #longestPause(): number {
    let shortest = Number.POSITIVE_INFINITY;
    for (const { leaseMs = shortest } of this.#waiting.values()) shortest = Math.min(shortest, leaseMs);
    return shortest / 8;
  }

  async #retry(letter: Letter): Promise<boolean> {
    const { taskId } = letter.task;
    this.#waiting.delete(taskId);
    const done = isOver(letter) || (await this.#send(letter));
    if (done) {
      letter.done();
      letter.ended?.();
      await this.#options.spool?.delivered(taskId);
    } else this.#waiting.set(taskId, letter);
    return done;
  }

  /** Makes one try. Returns true if the letter is done. */
  async #send(letter: Letter): Promise<boolean> {
    const { conductor, breaker, events, log } = this.#options;
    const { task } = letter;
    await letter.before?.();
    const startedAt = performance.now();
    letter.tries++;
    try {
      await conductor.updateTask(letter.result, { limitMs: limitOf(letter) });
      breaker.succeeded();
      events.emit({ type: 'result-delivered', task, tries: letter.tries, durationMs: performance.now() - startedAt });
      log.debug(
        { ...task, status: letter.result.status, tries: letter.tries },
        'the server accepted the result of a task',
      );
      letter.done();
      return true;
    } catch (error) {
      events.emit({ type: 'result-failed', task, error, durationMs: performance.now() - startedAt });
      if (!isFinal(error, startedAt - letter.since)) {
        if (letter.tries === 1)
          log.warn(
            { err: error, ...task },
            'a result could not be delivered; it is retried until the server accepts it',
          );
        breaker.failed();
        if (!(error instanceof NoAnswerError)) letter.after?.();
        return false;
      }
      breaker.succeeded(); // the server does answer
      if (isUnreadable(error, letter.result)) {
        letter.result = refusedResult(letter.result, error.message);
        return this.#send(letter);
      }
      log.error({ err: error, ...task, status: letter.result.status }, 'the server refused the result of a task');
      events.emit({ type: 'result-refused', task, error });
      letter.done();
      return true;
    }
  }
}

export interface CourierOptions {
  conductor: Conductor;
  /** Undefined if the process has no folder for results. */
  spool: Spool | undefined;
  breaker: Breaker;
  events: Events;
  log: Logger;
  /** Aborted when the process no longer waits for deliveries. */
  giveUp: AbortSignal;
}

/** The task of a result, and the callbacks of its delivery. */
export interface Delivery {
  task: TaskKey;
  /** Called before each try. */
  before?(): Promise<void>;
  /** Called after a try that will be repeated, if the server cannot receive the result of this try later. */
  after?(): void;
  /** Called when the result is done; it may be called twice. */
  done(): void;
  /** How long the result is valid. Default: for ever. */
  validForMs?: number;
  /** The lease of the task. Absent for a result that an earlier process left behind. */
  leaseMs?: number;
  /** Size of the result. Default: it is small. */
  bytes?: number;
}

/** A result that is being delivered. */
interface Letter extends Delivery {
  result: TaskResult;
  tries: number;
  /** Start of the first try, on the clock of `performance.now()`. */
  since: number;
  validForMs: number;
  ended?: () => void;
}

/** This many waiting results are sent at once to a server that accepts them. */
const AT_ONCE = 8;

/** The longest limit of a try. It must not be long, because the task's heartbeats wait for the try. In milliseconds. */
const MAX_LIMIT_MS = 10_000;

/** A large result needs more time. This is the slowest connection that delivers it, in bytes per millisecond. */
const SLOWEST = 1_000;

/** Returns after how many milliseconds a try without an answer has failed. */
function limitOf({ leaseMs = Number.POSITIVE_INFINITY, bytes = 0 }: Letter): number {
  return Math.min(MAX_LIMIT_MS, limitOfRequest(leaseMs) + bytes / SLOWEST);
}

/** If the first try takes longer than this many milliseconds, the result is written to disk in the meantime. */
const SLOW_MS = 1_000;

/** Resolves like the promise, or with undefined after `ms`. */
async function soon<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Answers that will not change: the result is malformed, or its task no longer exists. */
const FINAL: readonly ErrorCode[] = ['input', 'not-found', 'conflict'];

/** How long an error that the server calls final is retried before it counts as final. */
const DISBELIEVED_MS = 600_000;

function isFinal(error: unknown, triedForMs: number): boolean {
  if (!(error instanceof FleetError)) return triedForMs > DISBELIEVED_MS;
  return FINAL.includes(error.code) || (!error.retryable && error.code !== 'denied' && triedForMs > DISBELIEVED_MS);
}

function isOver({ since, validForMs }: Letter): boolean {
  return performance.now() - since > validForMs;
}

/**
 * True if the server could read the request but not the result in it. The courier then sends a plain error instead, so that the task does
 * not hang.
 */
function isUnreadable(error: unknown, { status, reasonForIncompletion = '' }: TaskResult): error is FleetError {
  const isReplaced = reasonForIncompletion.startsWith('The server refused the result');
  return error instanceof FleetError && error.code === 'input' && status !== 'IN_PROGRESS' && !isReplaced;
}
