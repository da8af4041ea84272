import type { TaskOptions, TaskPolicy } from '../../core/contract.ts';

/**
 * Names retries and time limits for tasks that the server executes itself. The name becomes a task definition: keep it unlike the
 * name of any worker's task.
 */
export function definePolicy(name: string, description: string, options: TaskOptions): TaskPolicy {
  return { kind: 'policy', name, description, options };
}

/** Three more tries after 2, 4 and 8 seconds. */
const threeRetries: TaskOptions = { retryCount: 3, retryLogic: 'EXPONENTIAL_BACKOFF', retryDelaySeconds: 2 };

/** Calls over HTTP to somebody else's service: 30 s for an attempt. */
export const externalApi: TaskPolicy = definePolicy('external_api', 'Calls to a service outside: 30 s, 3 retries.', {
  ...threeRetries,
  timeoutSeconds: 30,
  responseTimeoutSeconds: 30,
});

/** Model calls: two minutes for an attempt, because a long answer is not a failure. */
export const modelCall: TaskPolicy = definePolicy('model_call', 'Calls to a language model: 120 s, 3 retries.', {
  ...threeRetries,
  timeoutSeconds: 120,
  responseTimeoutSeconds: 120,
});
