import type { Task } from '../../../core/conductor/types.ts';
import type { Worker, WorkerSettings } from '../../../core/contract.ts';
import type { Logger } from '../../../core/log.ts';
import { clip } from '../../../core/text.ts';
import type { Events } from '../events.ts';
import type { Courier } from '../report/courier.ts';
import { keyOf, MAX_REASON_LENGTH, toTaskResult } from '../report/task-result.ts';
import { Attempt } from './attempt.ts';
import { execute, type Outcome } from './execute.ts';
import type { TaskLeases } from './task-leases.ts';
import type { Threads } from './threads.ts';

export interface RunnerOptions {
  leases: TaskLeases;
  courier: Courier;
  threads: Threads;
  events: Events;
  settings: WorkerSettings;
  timeoutSeconds: number;
  log: Logger;
  workerId: string;
  intercept: Interceptor | undefined;
}

/** Runs around every handler. A tracer uses it to make the span of the task current. */
export type Interceptor = (task: Task, work: () => Promise<Outcome>) => Promise<Outcome>;

/** Handles a polled task: keeps the lease, runs the handler, delivers the result. */
export class Runner {
  readonly #options: RunnerOptions;

  constructor(options: RunnerOptions) {
    this.#options = options;
  }

  /** Resolves when the slot of the task is free. Never rejects because of the handler. */
  async handle(worker: Worker, task: Task): Promise<void> {
    const { leases, events, settings, threads, timeoutSeconds, intercept } = this.#options;
    const attempt = new Attempt(worker, task);
    const log = this.#options.log.child(keyOf(task));
    if (!leases.hold(attempt)) {
      log.warn('the server handed out a task that still runs in this process');
      return;
    }
    const startedAt = performance.now();
    events.emit({ type: 'task-started', task, waitedMs: Math.max(0, Date.now() - task.scheduledTime) });
    const run = () =>
      execute(attempt, {
        log,
        settings,
        timeoutSeconds,
        showProgress: (output) => {
          attempt.progress = output;
          return leases.beat(attempt);
        },
        inThread: (input, context) => threads.run(attempt, input, context),
      });
    const outcome = await (intercept ? intercept(task, run) : run());
    events.emit({ type: 'task-ended', task, outcome, durationMs: performance.now() - startedAt });
    tell(log, outcome);
    await this.#answer(attempt, outcome);
  }

  /** Returns a task to its queue, for the next poll. It does not count as a retry. */
  async handBack(worker: Worker, task: Task): Promise<void> {
    await this.#answer(new Attempt(worker, task), { kind: 'handed-back' });
  }

  async #answer(attempt: Attempt, outcome: Outcome): Promise<void> {
    const { leases, courier, workerId } = this.#options;
    const done = () => leases.release(attempt);
    if (outcome.kind === 'cancelled') return done();
    const { leaseMs } = attempt;
    const validity = outcome.kind === 'handed-back' ? { validForMs: leaseMs } : {};
    const size = outcome.kind === 'completed' ? { bytes: outcome.bytes } : {};
    await courier.deliver(toTaskResult(attempt, outcome, workerId), {
      task: keyOf(attempt.task),
      before: () => leases.quiet(attempt),
      after: () => leases.resume(attempt),
      done,
      leaseMs,
      ...size,
      ...validity,
    });
  }
}

function tell(log: Logger, outcome: Outcome): void {
  const { kind } = outcome;
  if (kind === 'failed')
    log.warn({ retryable: outcome.retryable, reason: clip(outcome.reason, MAX_REASON_LENGTH) }, 'task failed');
  else log[kind === 'completed' ? 'debug' : 'info'](`task ${kind}`);
}
