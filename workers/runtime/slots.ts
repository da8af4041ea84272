import PQueue from 'p-queue';

/**
 * How many tasks may run at once: over the whole process, and within it for each type.
 *
 * Invariants:
 * 1. reserved + running ≤ limit, for the process and for each type.
 * 2. A reserved slot is either run or given back, each exactly once. Work in a slot starts at once, so nothing polled waits here while
 *    its lease runs.
 * 3. Whoever waits for a slot is woken when one is freed, not by a timer.
 */
export class ProcessSlots {
  readonly limit: number;
  readonly #queue: PQueue;
  #reserved = 0;
  #wake = Promise.withResolvers<void>();

  constructor(limit: number) {
    this.limit = limit;
    this.#queue = new PQueue({ concurrency: limit });
  }

  /** Slots of one task type, which also count for the process. */
  forType(limit: number): TypeSlots {
    return new TypeSlots(this, limit);
  }

  get free(): number {
    return this.limit - this.#queue.pending - this.#queue.size - this.#reserved;
  }

  get running(): number {
    return this.#queue.pending;
  }

  reserve(count: number): void {
    this.#reserved += count;
  }

  giveBack(count: number): void {
    this.#reserved -= count;
    this.freed();
  }

  run(work: () => Promise<void>): Promise<void> {
    this.#reserved--;
    return this.#queue.add(work);
  }

  /** Wakes everybody who waits for a slot. */
  freed(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }

  /** Resolves when a slot is freed, or when somebody who stops wakes the waiting with `freed()`. */
  nextFreed(): Promise<void> {
    return this.#wake.promise;
  }

  /** Resolves when nothing runs. */
  idle(): Promise<void> {
    return this.#queue.onIdle();
  }
}

export class TypeSlots {
  readonly limit: number;
  readonly #process: ProcessSlots;
  #reserved = 0;
  #running = 0;

  constructor(process: ProcessSlots, limit: number) {
    this.#process = process;
    this.limit = limit;
  }

  get running(): number {
    return this.#running;
  }

  get free(): number {
    return Math.min(this.limit - this.#reserved - this.#running, this.#process.free);
  }

  /** Reserves up to `most` slots, as many as are free now. */
  reserve(most: number): number {
    const count = Math.max(0, Math.min(most, this.free));
    this.#reserved += count;
    this.#process.reserve(count);
    return count;
  }

  /** Gives reserved slots back that nothing came for. */
  giveBack(count: number): void {
    if (count === 0) return;
    this.#reserved -= count;
    this.#process.giveBack(count);
  }

  /** Runs work in a reserved slot. Rejects if the work does; the slot is free again in any case. */
  async run(work: () => Promise<void>): Promise<void> {
    this.#reserved--;
    this.#running++;
    try {
      await this.#process.run(work);
    } finally {
      this.#running--;
      this.#process.freed();
    }
  }

  /** Resolves when a slot of the process is freed; it need not be one this type may have. */
  nextFreed(): Promise<void> {
    return this.#process.nextFreed();
  }
}
