import PQueue from 'p-queue';

/**
 * How many tasks may run at once: over the whole process, and within it for each type.
 *
 * Invariants:
 * 1. A slot is reserved before the poll that may fill it, so nothing polled ever waits in this process, its lease running.
 * 2. reserved + running ≤ limit, for the process and for each type.
 * 3. A reserved slot is either run or given back, each exactly once.
 * 4. Whoever waits for a slot is woken when one is freed, not by a timer.
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

  /** Resolves when a slot is freed. */
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
  #taken = 0;

  constructor(process: ProcessSlots, limit: number) {
    this.#process = process;
    this.limit = limit;
  }

  get running(): number {
    return this.#taken;
  }

  /**
   * Waits for at least one free slot and reserves up to `most`. Resolves to 0 if `signal` is aborted; whoever aborts it wakes the
   * waiting with `freed()`.
   */
  async reserve(most: number, signal: AbortSignal): Promise<number> {
    while (!signal.aborted) {
      const count = Math.min(most, this.limit - this.#taken, this.#process.free);
      if (count > 0) {
        this.#taken += count;
        this.#process.reserve(count);
        return count;
      }
      await this.#process.nextFreed();
    }
    return 0;
  }

  /** Gives reserved slots back that the poll did not fill. */
  giveBack(count: number): void {
    if (count === 0) return;
    this.#taken -= count;
    this.#process.giveBack(count);
  }

  /** Runs work, which must not throw, in a reserved slot. */
  async run(work: () => Promise<void>): Promise<void> {
    try {
      await this.#process.run(work);
    } finally {
      this.#taken--;
      this.#process.freed();
    }
  }
}
