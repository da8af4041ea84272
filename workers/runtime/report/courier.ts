import type { Conductor } from '../../../core/conductor/api.ts';
import type { TaskResult } from '../../../core/conductor/types.ts';
import { endsOr, pause } from '../../../core/drain.ts';
import { type ErrorCode, FleetError } from '../../../core/errors.ts';
import type { Logger } from '../../../core/log.ts';
import { Backoff } from '../backoff.ts';
import type { Breaker } from '../breaker.ts';
import type { Events, TaskKey } from '../events.ts';
import type { Spool } from './spool.ts';
import { refusedResult } from './task-result.ts';

/**
 * Delivers results until the server has each of them.
 *
 * - `sent`    the first try, while the task still holds its slot
 * - `waiting` the server could not take it: it is on disk, its slot is free, and it is tried again behind the others
 * - `done`    the server has it, or has said that it never will
 *
 * Invariants:
 * 1. A result ends only as `done`; what is still `waiting` when the process stops is on disk for the next one.
 * 2. A first try that is not answered soon puts the result on disk meanwhile: the process may be killed while it waits.
 * 3. An answer that will be the same next time ends it after one try. The server also marks passing trouble, such as a busy database, as not
 *    worth a retry; that is tried on for a while.
 * 4. A result that cannot be put on disk keeps its slot, so that there are never more of them than slots.
 * 5. While the server fails, results go to the disk without a try, and one at a time probes.
 */
export class Courier {
  readonly #options: CourierOptions;
  readonly #waiting = new Map<string, Letter>();
  readonly #backoff = new Backoff({ firstMs: 200, mostMs: 10_000 });
  #carrying: Promise<void> | undefined;

  constructor(options: CourierOptions) {
    this.#options = options;
  }

  /** Results that are on disk and not delivered. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * Resolves when the slot of the task may be used again: the result is done, or safe on disk. What is `validForMs` only, a task that is
   * handed back, is never put on disk, and forgotten when the time is over: the server has given the task to somebody else by then.
   */
  async deliver(result: TaskResult, about: About): Promise<void> {
    const { validForMs = Number.POSITIVE_INFINITY } = about;
    const letter = { ...about, result, validForMs, tries: 0, since: performance.now() };
    const sending = this.#options.breaker.isOpen ? Promise.resolve(false) : this.#send(letter);
    if ((await soon(sending, SLOW_MS)) === true) return;
    const isSafe = validForMs === Number.POSITIVE_INFINITY && (await this.#keep(letter));
    const carried = this.#finish(sending, letter);
    if (!isSafe) await carried;
  }

  /** Results that an earlier process left on disk. */
  deliverLeft(results: readonly TaskResult[]): void {
    for (const result of results) {
      const task = { taskType: '', workflowId: result.workflowInstanceId, taskId: result.taskId };
      const validForMs = Number.POSITIVE_INFINITY;
      void this.#wait({ result, task, done: () => undefined, validForMs, tries: 0, since: performance.now() });
    }
  }

  /** Resolves when nothing waits, or when `giveUp` is aborted and the try under way has ended. */
  async idle(): Promise<void> {
    while (this.#carrying) await this.#carrying;
  }

  /** False if there is no place on disk. */
  async #keep({ result, task }: Letter): Promise<boolean> {
    const { spool, events } = this.#options;
    const isSafe = (await spool?.append(result)) ?? false;
    if (isSafe) events.emit({ type: 'result-spooled', task });
    return isSafe;
  }

  /** What becomes of a letter that is safe while its first try may still be under way. */
  async #finish(sending: Promise<boolean>, letter: Letter): Promise<void> {
    if (await sending) await this.#options.spool?.delivered(letter.task.taskId);
    else await this.#wait(letter);
  }

  /** Resolves when the letter is done, or when nobody carries any more. */
  #wait(letter: Letter): Promise<void> {
    const ended = Promise.withResolvers<void>();
    this.#waiting.set(letter.task.taskId, { ...letter, ended: ended.resolve });
    this.#carrying ??= this.#carry().finally(() => {
      this.#carrying = undefined;
    });
    return endsOr(this.#options.giveUp, ended.promise);
  }

  /** In the order they came, several at once where the server takes them; one that fails goes behind the others. */
  async #carry(): Promise<void> {
    const { breaker, giveUp } = this.#options;
    while (this.#waiting.size > 0 && !giveUp.aborted) {
      await breaker.admitted(giveUp);
      if (giveUp.aborted) return;
      const width = breaker.isOpen || this.#backoff.failing ? 1 : AT_ONCE;
      const letters = [...this.#waiting.values()].slice(0, width);
      const done = await Promise.all(letters.map((letter) => this.#retry(letter)));
      if (done.every(Boolean)) this.#backoff.reset();
      else if (!breaker.isOpen) await pause(this.#backoff.next(), giveUp);
    }
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

  /** One try. True if the letter is done. */
  async #send(letter: Letter): Promise<boolean> {
    const { conductor, breaker, events, log } = this.#options;
    const { task } = letter;
    await letter.before?.();
    const startedAt = performance.now();
    letter.tries++;
    try {
      await conductor.updateTask(letter.result, { limitMs: LIMIT_MS });
      breaker.succeeded();
      events.emit({ type: 'result-delivered', task, tries: letter.tries, durationMs: performance.now() - startedAt });
      letter.done();
      return true;
    } catch (error) {
      events.emit({ type: 'result-failed', task, error, durationMs: performance.now() - startedAt });
      if (!isFinal(error, startedAt - letter.since)) {
        if (letter.tries === 1)
          log.warn({ err: error, ...task }, 'a result could not be delivered; trying until it is taken');
        breaker.failed();
        letter.after?.();
        return false;
      }
      breaker.succeeded(); // it answers
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
  /** None if the process has no place on disk. */
  spool: Spool | undefined;
  breaker: Breaker;
  events: Events;
  log: Logger;
  /** Aborted when the process waits no longer. */
  giveUp: AbortSignal;
}

/** What goes with a result. */
export interface About {
  task: TaskKey;
  /** Called before and after each try. */
  before?(): Promise<void>;
  after?(): void;
  /** Called when it is done; what calls it twice does no harm. */
  done(): void;
  /** How long it is worth delivering. Absent: for ever. */
  validForMs?: number;
}

interface Letter extends About {
  result: TaskResult;
  tries: number;
  /** Of the first try, on the clock of `performance.now()`. */
  since: number;
  validForMs: number;
  ended?: () => void;
}

/** So many waiting results are sent at once to a server that takes them. */
const AT_ONCE = 8;

/** A try that is not answered by then is over; heartbeats wait for it. */
const LIMIT_MS = 10_000;

/** A try that takes longer is no longer expected to succeed, in milliseconds. */
const SLOW_MS = 1_000;

/** What the promise resolves with, or undefined if it does not within `ms`. */
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

/** Answers that will be the same next time: the result is malformed, or its task is gone. */
const FINAL: readonly ErrorCode[] = ['input', 'not-found', 'conflict'];

/** After so long an error that the server calls final is believed to be. */
const DISBELIEVED_MS = 600_000;

function isFinal(error: unknown, triedForMs: number): boolean {
  if (!(error instanceof FleetError)) return triedForMs > DISBELIEVED_MS;
  return FINAL.includes(error.code) || (!error.retryable && error.code !== 'denied' && triedForMs > DISBELIEVED_MS);
}

function isOver({ since, validForMs }: Letter): boolean {
  return performance.now() - since > validForMs;
}

/** The server read the request and not the result in it; once it is told so in words it can read, the task does not hang. */
function isUnreadable(error: unknown, { status, reasonForIncompletion = '' }: TaskResult): error is FleetError {
  const isReplaced = reasonForIncompletion.startsWith('The server refused the result');
  return error instanceof FleetError && error.code === 'input' && status !== 'IN_PROGRESS' && !isReplaced;
}
