import type { Conductor } from '../../core/conductor/api.ts';
import type { Task } from '../../core/conductor/types.ts';
import { FleetError, messageOf } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import { claimIdOf, giveBack, isHeld } from './claims.ts';

/** So long without a sign an agent counts as gone, and its task comes back when the lease ends. */
export const SILENCE_MS = 600_000;

const TICK_MS = 250;
/** A lease without a length is the server's default. */
const DEFAULT_LEASE_SECONDS = 3600;
/** However long the lease: what became of a task is looked at as often as this. */
const LOOK_AT_LEAST_MS = 30_000;
/** An end waits no longer than this for a server that does not answer. */
const CLOSE_MS = 3_000;

export interface LeasesOptions {
  readonly conductor: () => Promise<Conductor>;
  readonly log: Logger;
  readonly silenceMs?: number;
}

interface Kept {
  task: Task;
  /** When the next heartbeat is due, and until when there are any, epoch milliseconds. */
  beatAt: number;
  until: number;
  isQuiet: boolean;
  /** The heartbeat under way; never rejects. */
  beat?: Promise<void> | undefined;
}

/**
 * Extends the leases of tasks that agents have claimed, since an agent thinks longer than a lease lasts.
 *
 * Invariants:
 * 1. Nothing that is right or wrong hangs on it: a claim stands on the server, and where no process keeps it, its lease runs out. A
 *    process that hears from an agent whose task another one keeps, keeps it as well.
 * 2. A lease is extended for `silenceMs` after the last sign of its agent, and never past the `timeoutSeconds` of the task, which the
 *    server does not look at while heartbeats come.
 * 3. Before each heartbeat it looks whether the task is still this claim's. One that is not is forgotten.
 * 4. There is no heartbeat while a result is on its way: the server could write back the state that it read before.
 * 5. One timer serves all, and there is none while nothing is kept.
 */
export class Leases {
  readonly #options: LeasesOptions;
  readonly #silenceMs: number;
  readonly #kept = new Map<string, Kept>();
  #timer: ReturnType<typeof setInterval> | undefined;
  #closed = false;

  constructor(options: LeasesOptions) {
    this.#options = options;
    this.#silenceMs = options.silenceMs ?? SILENCE_MS;
  }

  /** A connection whose calls go on when a client has gone, so that a task that was just handed out is not lost. */
  conductor(): Promise<Conductor> {
    return this.#options.conductor();
  }

  /** Keeps a task from now on, or on. Returns until when without another sign, epoch milliseconds. */
  keep(task: Task): number {
    const id = claimIdOf(task);
    const now = Date.now();
    const until = Math.min(now + this.#silenceMs, endOf(task));
    if (this.#closed) return until;
    const next = { task, beatAt: now + pauseOf(task), until, isQuiet: false };
    const kept = this.#kept.get(id);
    if (kept) Object.assign(kept, next);
    else this.#kept.set(id, next);
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS).unref();
    return until;
  }

  /** Makes no heartbeat until `resume`, `keep` or `forget`; one under way is waited for. */
  async quiet(claimId: string): Promise<void> {
    const kept = this.#kept.get(claimId);
    if (!kept) return;
    kept.isQuiet = true;
    await kept.beat;
  }

  resume(claimId: string): void {
    const kept = this.#kept.get(claimId);
    if (kept) kept.isQuiet = false;
  }

  forget(claimId: string): void {
    this.#kept.delete(claimId);
    if (this.#kept.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** How many are kept. */
  get size(): number {
    return this.#kept.size;
  }

  /**
   * Keeps nothing any more. With `giveBack` the tasks go back to their queues at once, because their agents have gone with this
   * process; without it the leases run, since the agents can go on through another process.
   */
  async close({ giveBack: isOver }: { giveBack: boolean }): Promise<void> {
    this.#closed = true;
    const all = [...this.#kept.values()];
    for (const { task } of all) this.forget(claimIdOf(task));
    if (!isOver || all.length === 0) return;
    const signal = AbortSignal.timeout(CLOSE_MS);
    const done = all.map(async (kept) => giveBackKept((await this.#options.conductor()).withSignal(signal), kept));
    for (const outcome of await Promise.allSettled(done)) {
      if (outcome.status === 'rejected')
        this.#options.log.warn(`a claimed task was not given back: ${messageOf(outcome.reason)}`);
    }
  }

  #tick(): void {
    const now = Date.now();
    for (const [id, kept] of this.#kept) {
      if (now >= kept.until) this.forget(id);
      else if (now >= kept.beatAt && !kept.beat && !kept.isQuiet) {
        kept.beat = this.#beat(id, kept).finally(() => {
          kept.beat = undefined;
        });
      }
    }
  }

  async #beat(id: string, kept: Kept): Promise<void> {
    const { taskId, workflowInstanceId, workerId } = kept.task;
    kept.beatAt = Date.now() + pauseOf(kept.task);
    try {
      const conductor = await this.#options.conductor();
      if (!isHeld(await conductor.getTask(taskId), id)) return this.forget(id);
      if (kept.isQuiet) return;
      const update = { workflowInstanceId, taskId, status: 'IN_PROGRESS', extendLease: true } as const;
      await conductor.extendLease({ ...update, ...(workerId && { workerId }) });
    } catch (error) {
      if (error instanceof FleetError && error.code === 'not-found') return this.forget(id);
      this.#options.log.warn({ task: taskId, err: error }, 'the lease of a claimed task was not extended');
    }
  }
}

async function giveBackKept(conductor: Conductor, { task, beat }: Kept): Promise<void> {
  await beat;
  if (isHeld(await conductor.getTask(task.taskId), claimIdOf(task))) await giveBack(conductor, task);
}

/** Two heartbeats may fail before the lease is over. */
function pauseOf(task: Task): number {
  return Math.min(leaseSecondsOf(task) * (1000 / 3), LOOK_AT_LEAST_MS);
}

/** How long the server waits for a sign of a worker before it hands the task out again. */
export function leaseSecondsOf({ responseTimeoutSeconds }: Pick<Task, 'responseTimeoutSeconds'>): number {
  return responseTimeoutSeconds > 0 ? responseTimeoutSeconds : DEFAULT_LEASE_SECONDS;
}

/** When the task has to be done whatever happens, epoch milliseconds. */
export function endOf({ taskDefinition, startTime }: Pick<Task, 'taskDefinition' | 'startTime'>): number {
  const seconds = taskDefinition?.timeoutSeconds ?? 0;
  return seconds > 0 && startTime > 0 ? startTime + seconds * 1000 : Number.POSITIVE_INFINITY;
}
