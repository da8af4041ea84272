import type { Task } from '../../core/conductor/types.ts';
import type { Worker } from '../../core/contract.ts';
import { silentLogger } from '../../core/log.ts';
import { Attempt } from '../../workers/runtime/run/attempt.ts';
import { execute, type Outcome } from '../../workers/runtime/run/execute.ts';

const settings = { shopUrl: 'http://shop', filesRoot: '.', outputDir: '.' };

/** Executes a task as a worker process would, without a server. */
export function executed(worker: Worker, task: Task): Promise<Outcome> {
  return executedAs(new Attempt(worker, task));
}

/** Executes an attempt that the test has made, so that the test can abort it. */
export function executedAs(attempt: Attempt): Promise<Outcome> {
  return execute(attempt, {
    log: silentLogger,
    settings,
    showProgress: async () => undefined,
    inThread: async () => {
      throw new Error('no threads here');
    },
  });
}
