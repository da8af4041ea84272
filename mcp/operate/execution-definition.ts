import { z } from 'zod';
import type { Execution, StoredWorkflowDef, WorkflowTask } from '../../core/conductor/types.ts';
import { workflowDefSchema } from '../../core/conductor/types.ts';
import { FleetError } from '../../core/errors.ts';

const holder = z.looseObject({ workflowDefinition: workflowDefSchema });

/** The definition an execution was started with, which the server keeps in it. */
export function definitionOf(execution: Execution): StoredWorkflowDef & { tasks: WorkflowTask[] } {
  const parsed = holder.safeParse(execution);
  if (parsed.success) return parsed.data.workflowDefinition as StoredWorkflowDef & { tasks: WorkflowTask[] }; // what more a task holds is read with care
  throw new FleetError('upstream', `The server shows ${execution.workflowId} without the definition it runs.`, {
    retryable: false,
    cause: parsed.error,
  });
}
