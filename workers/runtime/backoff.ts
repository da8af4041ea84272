/**
 * Computes waits that double from `firstMs` to `mostMs`. Each wait is shortened at random by up to a half, so that processes do not act at
 * the same moment.
 */
export class Backoff {
  #failures = 0;
  readonly #firstMs: number;
  readonly #mostMs: number;
  readonly #random: () => number;

  constructor({ firstMs, mostMs, random = Math.random }: { firstMs: number; mostMs: number; random?: () => number }) {
    this.#firstMs = firstMs;
    this.#mostMs = mostMs;
    this.#random = random;
  }

  /** Counts one more failure and returns how long to wait after it, in milliseconds. */
  next(): number {
    const full = Math.min(this.#mostMs, this.#firstMs * 2 ** this.#failures++);
    return full * (1 - this.#random() / 2);
  }

  reset(): void {
    this.#failures = 0;
  }

  get failing(): boolean {
    return this.#failures > 0;
  }
}
