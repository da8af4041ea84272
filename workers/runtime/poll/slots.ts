/**
 * How many tasks may run at once: in the whole process, of each type in it, and in each domain of a type. Each level is a `Slots` whose
 * tasks also count for the level above.
 *
 * Invariants:
 * 1. reserved + running ≤ limit on every level. Only a limit that was lowered may be exceeded, until enough tasks have ended.
 * 2. A reserved slot is either used or given back, exactly once. Work in a slot starts at once: a polled task never waits here while its
 *    lease runs.
 * 3. A poller that waits for a slot is woken when a slot is freed, not by a timer.
 */
export class Slots {
  readonly #waiters: Waiters;
  readonly #parent: Slots | undefined;
  #limit: number;
  #reserved = 0;
  #running = 0;

  private constructor(waiters: Waiters, parent: Slots | undefined, limit: number) {
    this.#waiters = waiters;
    this.#parent = parent;
    this.#limit = limit;
  }

  /** The slots of a whole process. */
  static ofProcess(limit: number): Slots {
    return new Slots(new Waiters(), undefined, limit);
  }

  /** Creates a level below this one. Slots that are reserved or in use there also count here. */
  within(limit: number): Slots {
    return new Slots(this.#waiters, this, limit);
  }

  get limit(): number {
    return this.#limit;
  }

  /** A lower limit stops no running task. A higher limit takes effect at once. */
  set limit(limit: number) {
    this.#limit = limit;
    this.#waiters.wake();
  }

  get running(): number {
    return this.#running;
  }

  /** Free slots on this level and on all above it. */
  get free(): number {
    const own = this.#limit - this.#reserved - this.#running;
    return Math.max(0, Math.min(own, this.#parent?.free ?? own));
  }

  /** Reserves the free slots, at most `most`, and returns their number. */
  reserve(most: number): number {
    const count = Math.max(0, Math.min(most, this.free));
    this.#count(count, 0);
    return count;
  }

  /** Gives back reserved slots for which no task was polled. */
  giveBack(count: number): void {
    if (count === 0) return;
    this.#count(-count, 0);
    this.#waiters.wake();
  }

  /** Runs work in a reserved slot. Rejects if the work rejects. The slot is free again in both cases. */
  async run(work: () => Promise<void>): Promise<void> {
    this.#count(-1, 1);
    try {
      await work();
    } finally {
      this.#count(0, -1);
      this.#waiters.wake();
    }
  }

  /** Resolves when a slot of the process is freed or a limit changes. The freed slot may belong to another level. */
  nextFreed(): Promise<void> {
    return this.#waiters.next();
  }

  /** Wakes all pollers that wait for a slot, so that they look at their state again. */
  wake(): void {
    this.#waiters.wake();
  }

  /** Resolves when no slot of this level is in use. */
  async idle(): Promise<void> {
    while (this.#running > 0) await this.#waiters.next();
  }

  #count(reserved: number, running: number): void {
    this.#reserved += reserved;
    this.#running += running;
    if (this.#parent) this.#parent.#count(reserved, running);
  }
}

/** Wakes everything in the process that waits for a slot. */
class Waiters {
  #wake = Promise.withResolvers<void>();

  wake(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }

  next(): Promise<void> {
    return this.#wake.promise;
  }
}
