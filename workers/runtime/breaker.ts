import { pause } from '../../core/drain.ts';
import { Backoff } from './backoff.ts';

/** So many failures in a row are no accident. */
const THRESHOLD = 5;

/**
 * Keeps one kind of calls from a server that fails them.
 *
 * - `closed` calls go through
 * - `open`   nobody calls until the back-off is over; then one call at a time is let through as a probe
 *
 * Invariants:
 * 1. Only failures in a row open it; any success closes it and lets everybody through.
 * 2. While it is open, at most one call is under way, and the waits between them double with jitter.
 * 3. A change is told once.
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

  /** Resolves when calls go through again; at once if they do. */
  get closed(): Promise<void> {
    return this.#isOpen ? this.#closed.promise : Promise.resolve();
  }

  /**
   * Resolves when the caller may call: at once, or when it is the one to probe, or when a probe of somebody else succeeded, or when
   * `stop` is aborted. Who was admitted has to say `succeeded` or `failed`.
   */
  async admitted(stop: AbortSignal): Promise<void> {
    while (this.#isOpen && !stop.aborted) {
      if (this.#probing) {
        await Promise.race([this.#closed.promise, pause(PROBE_LOOK_MS, stop)]);
        continue;
      }
      this.#probing = true;
      const due = pause(this.#backoff.next(), stop);
      await Promise.race([this.#closed.promise, this.#nudged.promise, due]);
      return;
    }
  }

  /** Something else of the server works again: who waits to probe does it now. */
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

/** Who waits for somebody else's probe looks again after this, in case that one is gone. */
const PROBE_LOOK_MS = 250;
