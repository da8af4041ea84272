/**
 * Limits how many tasks of a type one process polls in a second: a token bucket that fills steadily and holds one second's worth.
 * Undefined: no limit. A limit over all processes belongs in the task definition (`concurrentExecLimit`).
 */
export class RateLimiter {
  readonly #perSecond: number;
  readonly #now: () => number;
  #tokens: number;
  #filledAt: number;

  constructor(perSecond: number | undefined, now: () => number = () => performance.now()) {
    this.#perSecond = perSecond ?? Number.POSITIVE_INFINITY;
    this.#now = now;
    this.#tokens = this.#most;
    this.#filledAt = now();
  }

  /** Takes the available tokens, at most `most`, and returns their number. */
  take(most: number): number {
    this.#fill();
    const count = Math.max(0, Math.min(most, Math.floor(this.#tokens)));
    this.#tokens -= count;
    return count;
  }

  /** Returns tokens that were taken and not used. */
  giveBack(count: number): void {
    this.#tokens = Math.min(this.#most, this.#tokens + count);
  }

  /** Milliseconds until there is a token; 0 if there is one now. */
  get waitMs(): number {
    this.#fill();
    return this.#tokens >= 1 ? 0 : Math.ceil(((1 - this.#tokens) / this.#perSecond) * 1000);
  }

  /** A rate below one a second still lets one task through at a time. */
  get #most(): number {
    return Math.max(1, this.#perSecond);
  }

  #fill(): void {
    if (this.#perSecond === Number.POSITIVE_INFINITY) {
      this.#tokens = Number.POSITIVE_INFINITY;
      return;
    }
    const now = this.#now();
    this.#tokens = Math.min(this.#most, this.#tokens + ((now - this.#filledAt) / 1000) * this.#perSecond);
    this.#filledAt = now;
  }
}
