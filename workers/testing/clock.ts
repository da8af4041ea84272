import { AsyncLocalStorage } from 'node:async_hooks';
import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers';
import timersPromises from 'node:timers/promises';
import { promisify } from 'node:util';
import { createClock, type TimerId } from '@sinonjs/fake-timers';

/**
 * A clock that keeps real time and can be moved ahead by hand. It applies only to code that is called within `run`. So several clocks can
 * run in one process, beside the timers of the test runner.
 *
 * Covered: `setTimeout`, `setInterval` and their `clear…` (global and of `node:timers`), `setTimeout` of `node:timers/promises`,
 * `AbortSignal.timeout`, `Date` and `performance.now`. Not covered: code that waits for something outside of the process, such as sockets
 * and files.
 *
 * The timers are those of `@sinonjs/fake-timers`. That library can only replace the functions of the whole process. This class adds a
 * separate clock for each run.
 */
export class Clock {
  readonly #startedAt = real.now();
  readonly #epochAtStart = real.epoch();
  readonly #timers = createClock(this.#epochAtStart);
  readonly #pulse = real.setInterval(() => this.#follow(), PULSE_MS);
  #followedAt = this.#startedAt;
  #advancing = false;

  /** Milliseconds on the scale of `performance.now()`. */
  now(): number {
    return this.#startedAt + this.epoch() - this.#epochAtStart;
  }

  epoch(): number {
    return this.#timers.now;
  }

  run<T>(work: () => T): T {
    return clocks.run(this, work);
  }

  /** Lets `ms` milliseconds pass at once: every timer that is due by then fires in order, and code that waits for it continues. */
  async advance(ms: number): Promise<void> {
    this.#follow();
    this.#advancing = true;
    try {
      await this.#timers.tickAsync(ms);
    } finally {
      this.#advancing = false;
      this.#followedAt = real.now();
    }
  }

  /** Stops the clock: none of its timers fires any more. */
  close(): void {
    real.clearInterval(this.#pulse);
  }

  start(call: () => void, ms: number, repeats: boolean): TimerId {
    const bound = AsyncLocalStorage.bind(call);
    const time = ms <= MAX_TIMER_MS ? ms : 1; // as Node does
    const timer = repeats ? this.#timers.setInterval(bound, time) : this.#timers.setTimeout(bound, time);
    if (typeof timer === 'object') owners.set(timer, this); // in Node a timer is always an object
    return timer;
  }

  clear(timer: TimerId): void {
    this.#timers.clearTimeout(timer);
  }

  /** Moves the clock ahead by the real time since the last call, in whole milliseconds. */
  #follow(): void {
    if (this.#advancing) return;
    const ms = Math.floor(real.now() - this.#followedAt);
    this.#followedAt += ms;
    this.#timers.tick(ms);
  }
}

/** How far the clock may be behind real time, in milliseconds. */
const PULSE_MS = 5;

/** Longest time that a timer can be set to, in milliseconds. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** The clock of each timer. It is needed because any code can clear a timer. */
const owners = new WeakMap<object, Clock>();

const clocks = new AsyncLocalStorage<Clock>();

/** The functions that apply outside of every clock: those of the process, or those of other fake timers, such as vitest's. */
function current() {
  const { setTimeout, clearTimeout, setInterval, clearInterval, Date: dates } = globalThis;
  const { timeout } = AbortSignal;
  const wait = timersPromises.setTimeout;
  const now = performance.now.bind(performance);
  return { setTimeout, clearTimeout, setInterval, clearInterval, dates, timeout, wait, now, epoch: dates.now };
}

let real = current();
let holders = 0;
let restore = () => {};

/**
 * Replaces the process's time functions with functions that ask the clock. Call the returned function to end this hold. The end of the last
 * hold restores the originals.
 */
export function holdClocks(): () => void {
  if (holders++ === 0) {
    real = current();
    restore = install();
  }
  let held = true;
  return () => {
    if (held && --holders === 0) restore();
    held = false;
  };
}

type Callback = (...args: unknown[]) => void;

function install(): () => void {
  const set =
    (repeats: boolean) =>
    (call: Callback, ms = 1, ...args: unknown[]) => {
      const clock = clocks.getStore();
      if (clock) return clock.start(() => call(...args), ms, repeats);
      return repeats ? real.setInterval(call, ms, ...args) : real.setTimeout(call, ms, ...args);
    };
  const clear = (timer: NodeJS.Timeout & TimerId) => {
    const owner = typeof timer === 'object' ? owners.get(timer) : undefined;
    if (owner) owner.clear(timer);
    else real.clearTimeout(timer);
  };
  const setTimeout = Object.assign(set(false), { [promisify.custom]: wait });
  const four = { setTimeout, clearTimeout: clear, setInterval: set(true), clearInterval: clear };
  const places: [object, object][] = [
    [globalThis, { ...four, Date: clockDate() }],
    [timers, four],
    [timersPromises, { setTimeout: wait }],
    [performance, { now: () => clocks.getStore()?.now() ?? real.now() }],
    [AbortSignal, { timeout: signalAfter }],
  ];
  const undo = places.map(([place, functions]) => replace(place, functions));
  syncBuiltinESMExports();
  return () => {
    for (const step of undo) step();
    syncBuiltinESMExports();
  };
}

/** Replaces functions and returns an undo. The undo does not touch functions that other code has replaced in the meantime. */
function replace(place: object, functions: object): () => void {
  const entries = Object.entries(functions).map(([name, value]) => {
    const before = Object.getOwnPropertyDescriptor(place, name);
    Object.defineProperty(place, name, { value, configurable: true, writable: true, enumerable: true });
    return { name, value, before };
  });
  return () => {
    for (const { name, value, before } of entries) {
      if (Reflect.get(place, name) !== value) continue;
      if (before) Object.defineProperty(place, name, before);
      else Reflect.deleteProperty(place, name);
    }
  };
}

function clockDate(): DateConstructor {
  return new Proxy(real.dates, {
    construct(target, args, newTarget) {
      const clock = clocks.getStore();
      return Reflect.construct(target, args.length === 0 && clock ? [clock.epoch()] : args, newTarget);
    },
    get(target, name, receiver) {
      if (name !== 'now') return Reflect.get(target, name, receiver);
      return () => clocks.getStore()?.epoch() ?? real.epoch();
    },
  });
}

/** `setTimeout` of `node:timers/promises`. */
function wait<T>(ms = 1, value?: T, options: { signal?: AbortSignal; ref?: boolean } = {}): Promise<T | undefined> {
  const clock = clocks.getStore();
  if (!clock) return real.wait(ms, value, options);
  const { signal } = options;
  return new Promise((resolve, reject) => {
    const stop = () => {
      if (timer) clock.clear(timer);
      const error = new Error('The operation was aborted', { cause: signal?.reason });
      reject(Object.assign(error, { name: 'AbortError', code: 'ABORT_ERR' }));
    };
    const end = () => {
      signal?.removeEventListener('abort', stop);
      resolve(value);
    };
    const timer = signal?.aborted ? undefined : clock.start(end, ms, false);
    if (signal?.aborted) stop();
    else signal?.addEventListener('abort', stop, { once: true });
  });
}

function signalAfter(ms: number): AbortSignal {
  const clock = clocks.getStore();
  if (!clock) return real.timeout.call(AbortSignal, ms);
  const controller = new AbortController();
  const over = () => controller.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError'));
  clock.start(over, ms, false);
  return controller.signal;
}
