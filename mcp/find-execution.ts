import type { Conductor } from '../core/conductor/api.ts';
import type { Execution } from '../core/conductor/types.ts';
import { FleetError } from '../core/errors.ts';
import { callOf } from './text.ts';

/** An execution by its id. @throws FleetError `not-found` with the call that finds ids */
export async function findExecution(
  conductor: Conductor,
  id: string,
  options: { includeTasks?: boolean } = {},
): Promise<Execution> {
  try {
    return await conductor.getExecution(id, options);
  } catch (cause) {
    if (!(cause instanceof FleetError && cause.code === 'not-found')) throw cause;
    const look = callOf('list_workflow_executions', { limit: 20 });
    throw new FleetError('not-found', `There is no execution ${id}.`, { remedy: `Find its id with ${look}.`, cause });
  }
}
