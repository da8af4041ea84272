import type { Conductor } from '../../core/conductor/api.ts';
import { type Lease, LeaseKeeper, limitOfRequest } from '../../core/conductor/lease-keeper.ts';
import type { Task } from '../../core/conductor/types.ts';
import { messageOf } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import { endsOr } from '../../core/pause.ts';
import { extendClaim, giveBack, isHeld } from './claims.ts';

/** If an agent sends nothing for this long, its lease is no longer extended. When the lease ends, the task returns to the queue. */
export const SILENCE_MS = 600_000;

const TICK_MS = 250;
/** The lease that the server uses if the task sets none. */
const DEFAULT_LEASE_SECONDS = 3600;
/** This process checks at least this often whether the agent still has the task, even if the lease is long. */
const LOOK_AT_LEAST_MS = 30_000;
/** Closing waits no longer than this for a server that does not answer. */
const CLOSE_MS = 3_000;

export interface LeasesOptions {
  readonly conductor: () => Promise<Conductor>;
  readonly log: Logger;
  readonly silenceMs?: number;
}

/**
 * Extends the leases of tasks that agents have claimed, because an agent may think longer than a lease lasts. `LeaseKeeper` says how.
 *
 * Invariants:
 * 1. Claims are correct without this class: the server stores them, and a lease that no process extends runs out. Several processes
 *    may extend the same lease: each process that the agent has called does so.
 * 2. A lease is extended for `silenceMs` after the last request of its agent, and never past the task's `timeoutSeconds`. The server
 *    itself does not enforce `timeoutSeconds` while heartbeats arrive.
 * 3. Each heartbeat first checks that the task still belongs to this claim, because another worker may have it by now.
 */
export class Leases {
  readonly #options: LeasesOptions;
  readonly #silenceMs: number;
  readonly #keeper = new LeaseKeeper<ClaimLease>({ tickMs: TICK_MS, holdsProcess: false });
  #closed = false;

  constructor(options: LeasesOptions) {
    this.#options = options;
    this.#silenceMs = options.silenceMs ?? SILENCE_MS;
  }

  /** Extends a task's lease from now on. Returns the time at which this ends if the agent sends no further request. */
  keep(task: Task, claimId: string): number {
    const now = Date.now();
    const until = Math.min(now + this.#silenceMs, endOf(task));
    if (!this.#closed) this.#keeper.keep(new ClaimLease(task, { id: claimId, keptMs: until - now }, this.#options));
    return until;
  }

  /** Stops heartbeats until `resume`, `keep` or `forget`. Waits for a heartbeat that is already on its way. */
  quiet(claimId: string): Promise<void> {
    return this.#keeper.quiet(claimId);
  }

  resume(claimId: string): void {
    this.#keeper.resume(claimId);
  }

  forget(claimId: string): void {
    this.#keeper.forget(claimId);
  }

  /** The number of leases that this process extends. */
  get size(): number {
    return this.#keeper.leases.length;
  }

  /**
   * Stops extending every lease. With `giveBack` the tasks return to their queues at once, because their agents ended with this process.
   * Without `giveBack` the leases last until they run out, because the agents can continue through another process.
   */
  async close({ giveBack: isOver }: { giveBack: boolean }): Promise<void> {
    this.#closed = true;
    const all = this.#keeper.leases;
    const quieted = all.map(({ id }) => this.#keeper.quiet(id));
    for (const { id } of all) this.#keeper.forget(id);
    if (!isOver || all.length === 0) return;
    const signal = AbortSignal.timeout(CLOSE_MS);
    await endsOr(signal, Promise.all(quieted));
    const conductor = (await this.#options.conductor()).withSignal(signal);
    for (const outcome of await Promise.allSettled(all.map((lease) => lease.giveBack(conductor)))) {
      if (outcome.status === 'rejected')
        this.#options.log.warn(`a claimed task was not handed back: ${messageOf(outcome.reason)}`);
    }
  }
}

/** The lease of one claim, as `LeaseKeeper` extends it. */
class ClaimLease implements Lease {
  readonly id: string;
  readonly keptMs: number;
  readonly beatEveryMs: number;
  readonly retryMs: number;
  readonly looks = 'before-each-heartbeat';
  readonly #limitMs: number;
  readonly #task: Task;
  readonly #options: LeasesOptions;

  constructor(task: Task, { id, keptMs }: { id: string; keptMs: number }, options: LeasesOptions) {
    this.id = id;
    this.keptMs = keptMs;
    const leaseMs = leaseSecondsOf(task) * 1000;
    // The interval leaves time for a second try within the lease if a look or a heartbeat fails or its answer is lost.
    this.beatEveryMs = Math.min(leaseMs / 3, LOOK_AT_LEAST_MS);
    this.retryMs = this.beatEveryMs / 4;
    this.#limitMs = limitOfRequest(leaseMs);
    this.#task = task;
    this.#options = options;
  }

  async extend(): Promise<void> {
    await extendClaim(await this.#options.conductor(), this.#task, { limitMs: this.#limitMs });
  }

  beaten(error?: unknown): void {
    if (error === undefined) return;
    this.#options.log.warn({ task: this.#task.taskId, err: error }, 'the lease of a claimed task was not extended');
  }

  async isHeld(): Promise<boolean> {
    const conductor = await this.#options.conductor();
    return isHeld(await conductor.getTask(this.#task.taskId, { limitMs: this.#limitMs }), this.#task);
  }

  async giveBack(conductor: Conductor): Promise<void> {
    if (isHeld(await conductor.getTask(this.#task.taskId), this.#task)) await giveBack(conductor, this.#task);
  }
}

/** How long the server waits for a heartbeat or result before it gives the task to another worker. */
export function leaseSecondsOf({ responseTimeoutSeconds }: Pick<Task, 'responseTimeoutSeconds'>): number {
  return responseTimeoutSeconds > 0 ? responseTimeoutSeconds : DEFAULT_LEASE_SECONDS;
}

/** The time (epoch milliseconds) at which the task times out despite heartbeats. Infinity if it never times out. */
export function endOf({ taskDefinition, startTime }: Pick<Task, 'taskDefinition' | 'startTime'>): number {
  const seconds = taskDefinition?.timeoutSeconds ?? 0;
  return seconds > 0 && startTime > 0 ? startTime + seconds * 1000 : Number.POSITIVE_INFINITY;
}
