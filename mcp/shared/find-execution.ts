import type { Conductor } from '../../core/conductor/api.ts';
import type { Execution } from '../../core/conductor/types.ts';
import { FleetError } from '../../core/errors.ts';
import { callOf } from './quote.ts';

/** Reads an execution. @throws FleetError `not-found` with the call that lists ids */
export function findExecution(
  conductor: Conductor,
  id: string,
  options: { includeTasks?: boolean } = {},
): Promise<Execution> {
  return orNoExecution(conductor.getExecution(id, options), id);
}

/** Awaits a read of the execution `id`. @throws FleetError `not-found` with the call that lists ids, if the server has no such execution */
export async function orNoExecution<T>(found: Promise<T>, id: string): Promise<T> {
  try {
    return await found;
  } catch (cause) {
    if (!(cause instanceof FleetError && cause.code === 'not-found')) throw cause;
    const look = callOf('list_workflow_executions', { limit: 20 });
    throw new FleetError('not-found', `There is no execution ${id}.`, { remedy: `Find its id with ${look}.`, cause });
  }
}
