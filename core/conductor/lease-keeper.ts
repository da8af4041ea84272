import { FleetError } from '../errors.ts';

/** The shortest limit of a request. A busy server can need this long for an answer. */
const MIN_LIMIT_MS = 1_000;

/**
 * Returns the time limit of one request about a held task, in milliseconds. If the connection dies, the answer never arrives and no error
 * occurs. The limit is a quarter of the lease, so that the process can repeat the request before the lease is over.
 */
export function limitOfRequest(leaseMs: number): number {
  return Math.max(MIN_LIMIT_MS, leaseMs / 4);
}

/** A lease as the keeper sees it: its times, and the functions that the keeper calls. */
export interface Lease {
  /** Identifies the lease. A task can have several leases, one after another. */
  readonly id: string;
  readonly beatEveryMs: number;
  /** Delay before the next heartbeat after a failed one. */
  readonly retryMs: number;
  /** When the keeper asks whether the task is still held: before each heartbeat, or at separate times. */
  readonly looks: 'before-each-heartbeat' | { readonly firstMs: number; readonly everyMs: number };
  /** How long the keeper keeps the lease from now on. Default: until it is forgotten or lost. */
  readonly keptMs?: number;
  /** Sends one heartbeat. */
  extend(): Promise<void>;
  /** Called after each heartbeat that the server accepted. A result need not wait for this call. */
  extended?(): Promise<void>;
  /** Called after each heartbeat that the keeper sent by itself, with the error if the heartbeat failed. */
  beaten(error?: unknown): void;
  /** Asks the server whether the task is still held. After any error except `not-found`, the keeper keeps the lease. */
  isHeld(): Promise<boolean>;
  /** Called once when the task is no longer held, after the keeper has forgotten the lease. */
  lost?(): void;
}

interface Kept<L> {
  lease: L;
  /** Times on the clock of `performance.now()`: of the next heartbeat, of the next look, and of the end of keeping the lease. */
  beatAt: number;
  lookAt: number;
  until: number;
  isBeating: boolean;
  isLooking: boolean;
  isQuiet: boolean;
  /** The heartbeat under way, or the last one; never rejects. */
  sent?: Promise<void>;
}

/**
 * Keeps leases: sends their heartbeats, and notices which of them are lost.
 *
 * Invariants:
 * 1. A look asks the server whether the task is still held. For each lease, at most one look and one heartbeat of the keeper are under way.
 * 2. While a lease is quiet, none of its heartbeats begins, and `quiet` waits for a heartbeat under way. For an update the server reads the
 *    task, checks its state and writes it back, in three steps. So a heartbeat at the same time as a result can undo the result.
 * 3. The keeper forgets a lease whose task is no longer held. It looks up the task to learn this, because the server accepts heartbeats
 *    even for tasks of a terminated workflow.
 * 4. One timer serves all leases. Without leases there is no timer.
 */
export class LeaseKeeper<L extends Lease> {
  readonly #tickMs: number;
  readonly #holdsProcess: boolean;
  readonly #kept = new Map<string, Kept<L>>();
  #timer: ReturnType<typeof setInterval> | undefined;

  /** @param options `holdsProcess` is true if the process must not end by itself while leases are kept */
  constructor({ tickMs, holdsProcess }: { tickMs: number; holdsProcess: boolean }) {
    this.#tickMs = tickMs;
    this.#holdsProcess = holdsProcess;
  }

  /** Keeps a lease from now on. The new lease replaces a lease of the same id, and is not quiet. */
  keep(lease: L): void {
    const now = performance.now();
    const next = {
      lease,
      beatAt: now + lease.beatEveryMs,
      lookAt: lease.looks === 'before-each-heartbeat' ? Number.POSITIVE_INFINITY : now + lease.looks.firstMs,
      until: now + (lease.keptMs ?? Number.POSITIVE_INFINITY),
      isQuiet: false,
    };
    const kept = this.#kept.get(lease.id);
    if (kept) Object.assign(kept, next);
    else this.#kept.set(lease.id, { ...next, isBeating: false, isLooking: false });
    this.#timer ??= this.#start();
  }

  get(id: string): L | undefined {
    return this.#kept.get(id)?.lease;
  }

  get leases(): L[] {
    return Array.from(this.#kept.values(), ({ lease }) => lease);
  }

  forget(id: string): void {
    this.#kept.delete(id);
    if (this.#kept.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Sends a heartbeat now, even if the lease is not kept. @throws the error of the server */
  async beat(lease: L): Promise<void> {
    const kept = this.#kept.get(lease.id);
    const own = kept?.lease === lease ? kept : undefined;
    if (own) own.beatAt = performance.now() + lease.beatEveryMs;
    const sending = lease.extend();
    if (own) own.sent = sending.catch(() => undefined);
    await sending;
    await lease.extended?.();
  }

  /** Sends no heartbeat until `resume` or `keep`. Resolves when no heartbeat is under way. */
  async quiet(id: string): Promise<void> {
    const kept = this.#kept.get(id);
    if (!kept) return;
    kept.isQuiet = true;
    await kept.sent;
  }

  resume(id: string): void {
    const kept = this.#kept.get(id);
    if (kept) kept.isQuiet = false;
  }

  #start(): ReturnType<typeof setInterval> {
    const timer = setInterval(() => this.#tick(), this.#tickMs);
    if (!this.#holdsProcess) timer.unref();
    return timer;
  }

  #tick(): void {
    const now = performance.now();
    for (const [id, kept] of this.#kept) {
      if (now >= kept.until) this.forget(id);
      else {
        if (now >= kept.beatAt && !kept.isBeating && !kept.isQuiet) void this.#beat(kept);
        if (now >= kept.lookAt && !kept.isLooking) void this.#look(kept);
      }
    }
  }

  async #beat(kept: Kept<L>): Promise<void> {
    kept.isBeating = true;
    try {
      if (kept.lease.looks === 'before-each-heartbeat' && !(await this.#isHeld(kept))) return;
      if (kept.isQuiet || this.#kept.get(kept.lease.id) !== kept) return;
      await this.beat(kept.lease);
      kept.lease.beaten();
    } catch (error) {
      kept.beatAt = performance.now() + kept.lease.retryMs;
      kept.lease.beaten(error);
    } finally {
      kept.isBeating = false;
    }
  }

  async #look(kept: Kept<L>): Promise<void> {
    const { looks } = kept.lease;
    kept.isLooking = true;
    await this.#isHeld(kept).catch(() => true);
    kept.isLooking = false;
    if (looks !== 'before-each-heartbeat') kept.lookAt = performance.now() + looks.everyMs;
  }

  /** Asks whether the task is still held, and forgets the lease if it is not. */
  async #isHeld(kept: Kept<L>): Promise<boolean> {
    const { lease } = kept;
    try {
      if (await lease.isHeld()) return true;
    } catch (error) {
      if (!(error instanceof FleetError && error.code === 'not-found')) throw error;
    }
    if (this.#kept.get(lease.id) !== kept) return false;
    this.forget(lease.id);
    lease.lost?.();
    return false;
  }
}
