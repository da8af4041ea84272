import { AsyncLocalStorage } from 'node:async_hooks';
import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers';
import timersPromises from 'node:timers/promises';
import { promisify } from 'node:util';

/**
 * A clock that goes like the real one and can be moved ahead by hand. It counts for what is called within `run` and for nobody else, so
 * that several may go in one process, beside the timers of the test runner.
 *
 * Covered: `setTimeout`, `setInterval` and their `clear…` (global and of `node:timers`), `setTimeout` of `node:timers/promises`,
 * `AbortSignal.timeout`, `Date` and `performance.now`. Not covered: what waits for the outside, such as sockets and files.
 */
export class Clock {
  #aheadMs = 0;
  readonly #timers = new Set<ClockTimer>();

  /** Milliseconds on the scale of `performance.now()`. */
  now(): number {
    return real.now() + this.#aheadMs;
  }

  epoch(): number {
    return real.epoch() + this.#aheadMs;
  }

  run<T>(work: () => T): T {
    return clocks.run(this, work);
  }

  /** Lets so much time pass at once: every timer that is due until then fires in its order, and what waits for it goes on. */
  async advance(ms: number): Promise<void> {
    const until = this.now() + ms;
    await turn();
    for (let next = this.#dueUntil(until); next; next = this.#dueUntil(until)) {
      this.#aheadMs += Math.max(0, next.at - this.now());
      next.fire();
      await turn();
    }
    this.#aheadMs += Math.max(0, until - this.now());
    for (const timer of this.#timers) timer.arm();
  }

  start(call: () => void, ms: number, repeats: boolean): ClockTimer {
    const timer = new ClockTimer(this, AsyncLocalStorage.bind(call), ms, repeats, this.#timers);
    timer.refresh();
    return timer;
  }

  #dueUntil(until: number): ClockTimer | undefined {
    let first: ClockTimer | undefined;
    for (const timer of this.#timers) if (timer.at <= until && (!first || timer.at < first.at)) first = timer;
    return first;
  }
}

/** What `setTimeout` returns where a `Clock` counts; it can do what Node's own can. */
class ClockTimer {
  /** When it is due, on its clock. */
  at = 0;
  readonly #clock: Clock;
  readonly #call: () => void;
  readonly #ms: number;
  readonly #repeats: boolean;
  readonly #waiting: Set<ClockTimer>;
  #handle: NodeJS.Timeout | undefined;
  #keepsAlive = true;

  constructor(clock: Clock, call: () => void, ms: number, repeats: boolean, waiting: Set<ClockTimer>) {
    this.#clock = clock;
    this.#call = call;
    this.#ms = ms >= 1 && ms <= MAX_TIMER_MS ? ms : 1; // as Node does with all it cannot count
    this.#repeats = repeats;
    this.#waiting = waiting;
  }

  fire(): void {
    if (!this.#waiting.has(this)) return;
    if (this.#repeats) this.refresh();
    else this.close();
    this.#call();
  }

  /** Sets the real timer to what is left of its time. */
  arm(): void {
    real.clearTimeout(this.#handle);
    this.#handle = real.setTimeout(() => this.fire(), Math.max(0, this.at - this.#clock.now()));
    if (!this.#keepsAlive) this.#handle.unref();
  }

  refresh(): this {
    this.at = this.#clock.now() + this.#ms;
    this.#waiting.add(this);
    this.arm();
    return this;
  }

  close(): this {
    this.#waiting.delete(this);
    real.clearTimeout(this.#handle);
    return this;
  }

  ref(): this {
    this.#keepsAlive = true;
    this.#handle?.ref();
    return this;
  }

  unref(): this {
    this.#keepsAlive = false;
    this.#handle?.unref();
    return this;
  }

  hasRef(): boolean {
    return this.#keepsAlive;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** Longest time that a timer can be set to, in milliseconds. */
const MAX_TIMER_MS = 2 ** 31 - 1;

const clocks = new AsyncLocalStorage<Clock>();

/** What counts where no clock does: the functions of the process, or those another library of fake timers has put in their place. */
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

/** Puts the functions in place that ask the clock. Returns what takes them back, once everybody who holds them has done so. */
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
  const clear = (timer: NodeJS.Timeout | ClockTimer | undefined) => {
    if (timer instanceof ClockTimer) timer.close();
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

/** What somebody else has put in place meanwhile stays there. */
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
      timer?.close();
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
  clock.start(over, ms, false).unref();
  return controller.signal;
}

/** Taken before anybody can replace it. */
const { setImmediate } = timers;

/** Promises that can settle without the outside have done so after this. */
async function turn(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise<void>((resolve) => void setImmediate(resolve));
}
