import type { Conductor } from '../../core/conductor/api.ts';
import type { Execution } from '../../core/conductor/types.ts';
import { FleetError } from '../../core/errors.ts';
import { callOf } from './quote.ts';

/** An execution by its id. @throws FleetError `not-found` with the call that finds ids */
export function findExecution(
  conductor: Conductor,
  id: string,
  options: { includeTasks?: boolean } = {},
): Promise<Execution> {
  return orNoExecution(conductor.getExecution(id, options), id);
}

/** What was found out about an execution. @throws FleetError `not-found` with the call that finds ids, where there is none of that id */
export async function orNoExecution<T>(found: Promise<T>, id: string): Promise<T> {
  try {
    return await found;
  } catch (cause) {
    if (!(cause instanceof FleetError && cause.code === 'not-found')) throw cause;
    const look = callOf('list_workflow_executions', { limit: 20 });
    throw new FleetError('not-found', `There is no execution ${id}.`, { remedy: `Find its id with ${look}.`, cause });
  }
}
