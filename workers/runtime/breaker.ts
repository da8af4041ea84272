import { pause } from '../../core/pause.ts';
import { Backoff } from './backoff.ts';

/** This many failures in a row open the breaker. */
const THRESHOLD = 5;

/**
 * A circuit breaker: it stops calls of one kind while the server fails them.
 *
 * States:
 * - `closed`: Callers may call.
 * - `open`: No caller may call until the backoff is over. Then one call at a time is admitted as a probe.
 *
 * Invariants:
 * 1. Only failures in a row open the breaker. Any success closes it and admits all callers.
 * 2. While it is open, at most one call is under way. The waits between calls double with jitter, up to the longest wait of the caller.
 * 3. Each change is reported once.
 */
export class Breaker {
  readonly #backoff = new Backoff({ firstMs: 500, mostMs: 5_000 });
  readonly #changed: (open: boolean) => void;
  #failures = 0;
  #closed = Promise.withResolvers<void>();
  #isOpen = false;
  #probing = false;
  #nudged = Promise.withResolvers<void>();

  constructor(changed: (open: boolean) => void) {
    this.#changed = changed;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Resolves when the breaker is closed: at once if it is closed now. */
  get closed(): Promise<void> {
    return this.#isOpen ? this.#closed.promise : Promise.resolve();
  }

  /**
   * Resolves when the caller may call. If the breaker is closed, it resolves at once. If it is open, the caller waits until it may send a
   * probe, or until another caller's probe has succeeded. Also resolves when `stop` is aborted. An admitted caller must report `succeeded`
   * or `failed`.
   *
   * @param mostMs the longest wait for a probe, in milliseconds
   */
  async admitted(stop: AbortSignal, mostMs = Number.POSITIVE_INFINITY): Promise<void> {
    while (this.#isOpen && !stop.aborted) {
      if (this.#probing) {
        await Promise.race([this.#closed.promise, pause(PROBE_LOOK_MS, stop)]);
        continue;
      }
      this.#probing = true;
      const due = pause(Math.min(this.#backoff.next(), mostMs), stop);
      await Promise.race([this.#closed.promise, this.#nudged.promise, due]);
      return;
    }
  }

  /** Lets the caller that waits for its probe send it now, because calls of another kind succeed again. */
  nudge(): void {
    this.#nudged.resolve();
    this.#nudged = Promise.withResolvers();
  }

  succeeded(): void {
    this.#failures = 0;
    this.#probing = false;
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#backoff.reset();
    this.#closed.resolve();
    this.#changed(false);
  }

  failed(): void {
    this.#failures++;
    this.#probing = false;
    if (this.#isOpen || this.#failures < THRESHOLD) return;
    this.#isOpen = true;
    this.#closed = Promise.withResolvers();
    this.#changed(true);
  }
}

/** A caller that waits for another caller's probe looks again after this time, because that caller may have gone. */
const PROBE_LOOK_MS = 250;
