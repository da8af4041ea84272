import { z } from 'zod';
import type { Execution, StoredWorkflowDef, WorkflowTask } from '../../core/conductor/types.ts';
import { workflowDefSchema } from '../../core/conductor/types.ts';
import { FleetError } from '../../core/errors.ts';

const holder = z.looseObject({ workflowDefinition: workflowDefSchema });

/** The definition that an execution runs, as the server stored it in the execution. @throws FleetError `upstream` if it is missing */
export function definitionOf(execution: Execution): StoredWorkflowDef & { tasks: WorkflowTask[] } {
  const parsed = holder.safeParse(execution);
  if (parsed.success) return parsed.data.workflowDefinition as StoredWorkflowDef & { tasks: WorkflowTask[] }; // the schema leaves the fields of a task open; readers check them
  throw new FleetError(
    'upstream',
    `The server's answer for execution ${execution.workflowId} lacks the definition that it runs.`,
    {
      retryable: false,
      cause: parsed.error,
    },
  );
}
