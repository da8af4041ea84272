import type { TaskOptions, TaskPolicy } from '../../core/contract.ts';
import { FleetError } from '../../core/errors.ts';

/** Options of a policy. Without a time limit a crash of the server would strand the task for an hour. */
export type PolicyOptions = Omit<TaskOptions, 'pollTimeoutSeconds'> & {
  /** For one attempt, from 1 on. */
  timeoutSeconds: number;
};

/**
 * Names retries and time limits for tasks that the server executes itself. The name becomes a task definition: keep it unlike the
 * name of any worker's task.
 * @throws FleetError for an attempt without a time limit and for retries without end
 */
export function definePolicy(name: string, description: string, options: PolicyOptions): TaskPolicy {
  whole(name, 'timeoutSeconds', options.timeoutSeconds, 1);
  whole(name, 'retryCount', options.retryCount ?? 0, 0);
  const { timeoutSeconds, responseTimeoutSeconds = timeoutSeconds } = options;
  return { kind: 'policy', name, description, options: { timeoutPolicy: 'RETRY', ...options, responseTimeoutSeconds } };
}

/** Three more tries after 2, 4 and 8 seconds. */
const threeRetries = { retryCount: 3, retryLogic: 'EXPONENTIAL_BACKOFF', retryDelaySeconds: 2 } as const;

/** Calls over HTTP to somebody else's service: 30 s for an attempt. */
export const externalApi: TaskPolicy = definePolicy('external_api', 'Calls to a service outside: 30 s, 3 retries.', {
  ...threeRetries,
  timeoutSeconds: 30,
});

/** Calls over HTTP to what keeps data: 10 s for an attempt, because one that is slow is better asked again. */
export const database: TaskPolicy = definePolicy('database', 'Calls to a database: 10 s, 3 retries.', {
  ...threeRetries,
  timeoutSeconds: 10,
});

/** Model calls: two minutes for an attempt, because a long answer is not a failure. */
export const modelCall: TaskPolicy = definePolicy('model_call', 'Calls to a language model: 120 s, 3 retries.', {
  ...threeRetries,
  timeoutSeconds: 120,
});

/** JSON has no number without end: the server would put its own default in the place of one. */
function whole(policy: string, option: string, value: number, from: number): void {
  if (Number.isSafeInteger(value) && value >= from) return;
  throw new FleetError('config', `The policy "${policy}" has a ${option} of ${value}.`, {
    remedy: `Give a whole number from ${from}.`,
  });
}
