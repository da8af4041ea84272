import PQueue from 'p-queue';

/**
 * How many tasks may run at once: over the whole process, within it for each type, within that for each domain. Every level is a
 * `Slots` that also counts for the one above it.
 *
 * Invariants:
 * 1. reserved + running ≤ limit on every level; only a limit that was lowered may be exceeded, until enough has ended.
 * 2. A reserved slot is either run or given back, each exactly once. Work in a slot starts at once, so nothing polled waits here while
 *    its lease runs.
 * 3. Whoever waits for a slot is woken when one is freed, not by a timer.
 */
export class Slots {
  readonly #process: ProcessQueue;
  readonly #parent: Slots | undefined;
  #limit: number;
  #reserved = 0;
  #running = 0;

  private constructor(process: ProcessQueue, parent: Slots | undefined, limit: number) {
    this.#process = process;
    this.#parent = parent;
    this.#limit = limit;
  }

  /** The slots of a whole process. */
  static ofProcess(limit: number): Slots {
    const slots = new Slots(new ProcessQueue(), undefined, limit);
    return slots;
  }

  /** Slots that also count for these. */
  within(limit: number): Slots {
    return new Slots(this.#process, this, limit);
  }

  get limit(): number {
    return this.#limit;
  }

  /** What runs goes on; a higher limit is used at once. */
  set limit(limit: number) {
    this.#limit = limit;
    this.#process.wake();
  }

  get running(): number {
    return this.#running;
  }

  /** Free slots on this level and on all above it. */
  get free(): number {
    const own = this.#limit - this.#reserved - this.#running;
    return Math.max(0, Math.min(own, this.#parent?.free ?? own));
  }

  /** Reserves up to `most` slots, as many as are free now. */
  reserve(most: number): number {
    const count = Math.max(0, Math.min(most, this.free));
    this.#count(count, 0);
    return count;
  }

  /** Gives reserved slots back that nothing came for. */
  giveBack(count: number): void {
    if (count === 0) return;
    this.#count(-count, 0);
    this.#process.wake();
  }

  /** Runs work in a reserved slot. Rejects if the work does; the slot is free again in any case. */
  async run(work: () => Promise<void>): Promise<void> {
    this.#count(-1, 1);
    try {
      await this.#process.queue.add(work);
    } finally {
      this.#count(0, -1);
      this.#process.wake();
    }
  }

  /** Resolves when a slot of the process is freed or a limit changes; it need not be one that is free here. */
  nextFreed(): Promise<void> {
    return this.#process.nextWake();
  }

  /** Wakes everybody who waits for a slot, to look at the world again. */
  wake(): void {
    this.#process.wake();
  }

  /** Resolves when nothing runs in the process. */
  idle(): Promise<void> {
    return this.#process.queue.onIdle();
  }

  #count(reserved: number, running: number): void {
    this.#reserved += reserved;
    this.#running += running;
    if (this.#parent) this.#parent.#count(reserved, running);
  }
}

/** What all levels share. The queue never holds anything back: who runs something has reserved a slot for it. */
class ProcessQueue {
  readonly queue = new PQueue();
  #wake = Promise.withResolvers<void>();

  wake(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }

  nextWake(): Promise<void> {
    return this.#wake.promise;
  }
}
