import type { Execution, Task } from '../../core/conductor/types.ts';
import { waitingAmong } from '../../core/conductor/waiting-tasks.ts';
import { callOf } from '../shared/quote.ts';

/** Ready calls that answer what waits in an execution for a signal or a person; of one task, or of all. */
export function waysToAnswer(
  { workflowId: executionId, tasks }: Pick<Execution, 'workflowId' | 'tasks'>,
  ref?: string,
): string[] {
  return waitingAmong(tasks)
    .filter(({ referenceTaskName }) => ref === undefined || referenceTaskName === ref)
    .map((task) => wayToAnswer(executionId, task));
}

function wayToAnswer(executionId: string, { taskType, referenceTaskName: taskRef }: Task): string {
  return taskType === 'HUMAN'
    ? callOf('decide_approval', { executionId, taskRef, decision: 'approve', reason: 'why' })
    : callOf('signal_workflow', { executionId, taskRef });
}

/** Executions that run underneath. */
export function openChildren({ tasks }: Pick<Execution, 'tasks'>): string[] {
  return tasks.flatMap(({ taskType, status, subWorkflowId }) =>
    taskType === 'SUB_WORKFLOW' && status === 'IN_PROGRESS' && subWorkflowId ? [subWorkflowId] : [],
  );
}
