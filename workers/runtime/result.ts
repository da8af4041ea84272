import type { Task, TaskResult } from '../../core/conductor/types.ts';
import { clip } from '../../core/text.ts';
import type { Outcome } from './execute.ts';

/** The server keeps a reason of any length, but shows it in lists and prompts. */
const MAX_REASON_LENGTH = 500;
const MAX_LOG_LENGTH = 10_000;

/** What the server is told of an outcome: the only place where outcomes become statuses. */
export function toTaskResult(task: Task, outcome: Outcome, workerId: string): TaskResult {
  const result = { workflowInstanceId: task.workflowInstanceId, taskId: task.taskId, workerId };
  switch (outcome.kind) {
    case 'completed':
      return { ...result, status: 'COMPLETED', outputData: outcome.output };
    case 'handed-back':
      return { ...result, status: 'IN_PROGRESS', callbackAfterSeconds: 0 };
    case 'failed':
      return {
        ...result,
        status: outcome.retryable ? 'FAILED' : 'FAILED_WITH_TERMINAL_ERROR',
        reasonForIncompletion: clip(outcome.reason, MAX_REASON_LENGTH),
        logs: [
          { log: clip(outcome.stack ?? outcome.reason, MAX_LOG_LENGTH), taskId: task.taskId, createdTime: Date.now() },
        ],
      };
  }
}
