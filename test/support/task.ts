import { type Task, taskSchema } from '../../core/conductor/types.ts';

/** Makes a task as the server returns it to a poll. */
export function aTask(fields: Record<string, unknown> = {}): Task {
  return taskSchema.parse({
    taskId: 'task-1',
    taskType: 'probe',
    referenceTaskName: 'probe_ref',
    workflowInstanceId: 'workflow-1',
    status: 'IN_PROGRESS',
    ...fields,
  });
}
