import { isForWorkers } from '../../core/conductor/task-types.ts';
import { type Execution, isOpenTask, type Task } from '../../core/conductor/types.ts';
import { waitingAmong } from '../../core/conductor/waiting-tasks.ts';
import { callOf } from '../shared/quote.ts';

/** Suggested calls that answer the tasks which wait for a person or a signal. With `ref`: only for this task. */
export function callsToAnswer(
  { workflowId: executionId, tasks }: Pick<Execution, 'workflowId' | 'tasks'>,
  ref?: string,
): string[] {
  return waitingAmong(tasks)
    .filter(({ referenceTaskName }) => ref === undefined || referenceTaskName === ref)
    .map((task) => callToAnswer(executionId, task));
}

function callToAnswer(executionId: string, { taskType, referenceTaskName: taskRef }: Task): string {
  return taskType === 'HUMAN'
    ? callOf('decide_approval', { executionId, taskRef, decision: 'approve', reason: 'why' })
    : callOf('signal_workflow', { executionId, taskRef });
}

/** The suggested call that ends an open task in the place of its worker. Undefined if `ref` names no such task. */
export function callToEnd({ workflowId: executionId, tasks }: Execution, ref: string | undefined): string | undefined {
  const task = tasks.find((one) => one.referenceTaskName === ref && isOpenTask(one) && isForWorkers(one));
  return task && callOf('update_task', { executionId, taskRef: ref, status: 'complete', output: {} });
}

/** Ids of the sub-workflow executions that run now. */
export function openSubWorkflows({ tasks }: Pick<Execution, 'tasks'>): string[] {
  return tasks.flatMap(({ taskType, status, subWorkflowId }) =>
    taskType === 'SUB_WORKFLOW' && status === 'IN_PROGRESS' && subWorkflowId ? [subWorkflowId] : [],
  );
}
