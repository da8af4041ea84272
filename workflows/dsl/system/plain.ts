import type { WorkflowTask } from '../../../core/conductor/types.ts';

/** A task with nothing but its type. */
export function plain(ref: string, type: string): WorkflowTask {
  return { name: ref, taskReferenceName: ref, type, inputParameters: {} };
}
