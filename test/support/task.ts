import { type Task, taskSchema } from '../../core/conductor/types.ts';

/** A polled task as the server would send it. */
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
