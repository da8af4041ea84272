import type { Task } from '../../../core/conductor/types.ts';
import { type AbortReason, TaskAbortedError, type Worker } from '../../../core/contract.ts';

/** A line for the task's log on the server. */
export interface TaskLog {
  log: string;
  taskId: string;
  createdTime: number;
}

/** If a handler ignores its abort for this long, its task ends without waiting for the handler. In milliseconds. */
const GRACE_MS = 1_000;

/** Longest time for which a timer can be set, in milliseconds. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** One delivery of a task to this process, from the poll until the server has its result. */
export class Attempt {
  readonly task: Task;
  readonly worker: Worker;
  readonly polledAtMs = performance.now();
  /** Lines that were not sent to the server yet. */
  logs: TaskLog[] = [];
  /** The last output reported as progress. Once there is one, every heartbeat must repeat it. */
  progress: Record<string, unknown> | undefined;
  /** True while the handler runs. */
  running = false;
  readonly #controller = new AbortController();
  readonly #overdue = Promise.withResolvers<void>();
  #limit: ReturnType<typeof setTimeout> | undefined;
  #grace: ReturnType<typeof setTimeout> | undefined;

  constructor(worker: Worker, task: Task) {
    this.worker = worker;
    this.task = task;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Why the attempt was aborted; undefined if it was not. */
  get abortedFor(): AbortReason | undefined {
    const { reason } = this.#controller.signal;
    return reason instanceof TaskAbortedError ? reason.reason : undefined;
  }

  /** The lease that the server gave to the attempt, in milliseconds. An operator may have changed it on the server. */
  get leaseMs(): number {
    return (this.task.responseTimeoutSeconds || (this.worker.options.responseTimeoutSeconds ?? 60)) * 1000;
  }

  /** Resolves when the attempt was aborted and the handler has not ended within its grace time. */
  get overdue(): Promise<void> {
    return this.#overdue.promise;
  }

  /** Aborts the attempt when `seconds` are over. 0: no limit. */
  startLimit(seconds: number): void {
    if (seconds <= 0) return;
    const timeUp = () => this.abort('time-out');
    this.#limit = setTimeout(timeUp, Math.min(seconds * 1000, MAX_TIMER_MS));
  }

  /** Aborts the attempt. A second abort has no effect. */
  abort(reason: AbortReason): void {
    if (this.#controller.signal.aborted) return;
    this.#controller.abort(new TaskAbortedError(reason, MESSAGES[reason]));
    this.#grace = setTimeout(() => this.#overdue.resolve(), GRACE_MS);
  }

  addLog(line: string): void {
    this.logs.push({ log: line, taskId: this.task.taskId, createdTime: Date.now() });
  }

  /** Called when the handler has ended, or when the runtime no longer waits for it. */
  settle(): void {
    this.running = false;
    clearTimeout(this.#limit);
    clearTimeout(this.#grace);
  }
}

const MESSAGES: Record<AbortReason, string> = {
  'time-out': 'the time of the task is over',
  cancelled: 'the task has ended on the server',
  stopping: 'the worker process stops',
};
