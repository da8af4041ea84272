import type { Task, TaskResult } from '../../../core/conductor/types.ts';
import { clip } from '../../../core/text.ts';
import type { TaskKey } from '../events.ts';
import type { Attempt } from '../run/attempt.ts';
import type { Outcome } from '../run/execute.ts';

/** An outcome that is reported to the server. A cancelled task is not reported. */
export type Reportable = Exclude<Outcome, { kind: 'cancelled' }>;

/** Longer reasons are cut. The server accepts any length, but a reason appears in lists and prompts. */
export const MAX_REASON_LENGTH = 500;
const MAX_LOG_LENGTH = 10_000;

/** Turns an outcome into the result for the server. No other code turns outcomes into statuses. */
export function toTaskResult({ task, logs, progress }: Attempt, outcome: Reportable, workerId: string): TaskResult {
  const result = { workflowInstanceId: task.workflowInstanceId, taskId: task.taskId, workerId };
  const lines = logs.map((line) => ({ ...line, log: clip(line.log, MAX_LOG_LENGTH) }));
  const withLogs = lines.length > 0 ? { logs: lines } : {};
  switch (outcome.kind) {
    case 'completed':
      return { ...result, status: 'COMPLETED', outputData: outcome.output, ...withLogs };
    case 'handed-back':
      // The update replaces the task's output, so it repeats the progress for the next delivery.
      return {
        ...result,
        status: 'IN_PROGRESS',
        callbackAfterSeconds: 0,
        outputData: progress ?? task.outputData,
        ...withLogs,
      };
    case 'failed': {
      const last = clip(outcome.stack ?? outcome.reason, MAX_LOG_LENGTH);
      return {
        ...result,
        status: outcome.retryable ? 'FAILED' : 'FAILED_WITH_TERMINAL_ERROR',
        reasonForIncompletion: clip(outcome.reason, MAX_REASON_LENGTH),
        logs: [...lines, { log: last, taskId: task.taskId, createdTime: Date.now() }],
      };
    }
  }
}

/**
 * The update that extends a lease. The usual form deletes the task's output. A task that has shown progress is therefore put back into its
 * queue instead, where it stays hidden for the length of the lease.
 */
export function heartbeat({ task, progress, leaseMs }: Attempt, workerId: string): TaskResult {
  const update = {
    workflowInstanceId: task.workflowInstanceId,
    taskId: task.taskId,
    workerId,
    status: 'IN_PROGRESS' as const,
  };
  if (progress === undefined) return { ...update, extendLease: true };
  return { ...update, callbackAfterSeconds: Math.ceil(leaseMs / 1000), outputData: progress };
}

/** Replaces a result that the server cannot read, so that the task does not hang. */
export function refusedResult({ workflowInstanceId, taskId, workerId }: TaskResult, why: string): TaskResult {
  return {
    workflowInstanceId,
    taskId,
    ...(workerId !== undefined && { workerId }),
    status: 'FAILED_WITH_TERMINAL_ERROR',
    reasonForIncompletion: clip(`The server refused the result: ${why}`, MAX_REASON_LENGTH),
  };
}

export function keyOf({ taskId, workflowInstanceId, taskType, retryCount }: Task): TaskKey {
  return { taskType, workflowId: workflowInstanceId, taskId, attempt: retryCount + 1 };
}
