import type { TaskOptions, TaskPolicy } from '../../core/contract.ts';
import { FleetError } from '../../core/errors.ts';
import { requireReachableName } from '../../core/names.ts';

/** Options of a policy. The time limit is required: without it, a task hangs for one hour if the server crashes. */
export type PolicyOptions = Omit<TaskOptions, 'pollTimeoutSeconds'> & {
  /** The time limit of one attempt; at least 1. */
  timeoutSeconds: number;
};

/**
 * Names retries and a time limit for tasks that the server executes itself. The defaults are those of every task definition: see
 * `workflows/manage/task-def.ts`. The policy becomes a task definition, so its name must differ from the name of every worker's task.
 * @throws FleetError `config` if the time limit or the retries are not a whole number
 */
export function definePolicy(name: string, description: string, options: PolicyOptions): TaskPolicy {
  requireReachableName('task', name);
  whole(name, 'timeoutSeconds', options.timeoutSeconds, 1);
  whole(name, 'retryCount', options.retryCount ?? 0, 0);
  const { timeoutSeconds, responseTimeoutSeconds = timeoutSeconds } = options;
  return { kind: 'policy', name, description, options: { ...options, responseTimeoutSeconds } };
}

/** For HTTP calls to an external service: 30 s for an attempt. */
export const externalApi: TaskPolicy = definePolicy('external_api', 'Calls to a service outside: 30 s, 3 retries.', {
  timeoutSeconds: 30,
});

/** For HTTP calls to a database: 10 s for an attempt, because a retry is better than a slow answer. */
export const database: TaskPolicy = definePolicy('database', 'Calls to a database: 10 s, 3 retries.', {
  timeoutSeconds: 10,
});

/** For model calls: 120 s for an attempt, because a long answer is not a failure. */
export const modelCall: TaskPolicy = definePolicy('model_call', 'Calls to a language model: 120 s, 3 retries.', {
  timeoutSeconds: 120,
});

/** Rejects infinity too: JSON cannot express it, so the server would use its default instead. */
function whole(policy: string, option: string, value: number, from: number): void {
  if (Number.isSafeInteger(value) && value >= from) return;
  throw new FleetError('config', `The policy "${policy}" has a ${option} of ${value}.`, {
    remedy: `Write a whole number of at least ${from}.`,
  });
}
