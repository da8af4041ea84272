import { FleetError } from '../core/errors.ts';
import { callOf } from './text.ts';

/** What was found of an execution. @throws FleetError `not-found` with the call that finds ids, where there is none of that id */
export async function orNoExecution<T>(found: Promise<T>, id: string): Promise<T> {
  try {
    return await found;
  } catch (cause) {
    if (!(cause instanceof FleetError && cause.code === 'not-found')) throw cause;
    const look = callOf('list_workflow_executions', { limit: 5 });
    throw new FleetError('not-found', `There is no execution ${id}.`, { remedy: `Find its id: ${look}`, cause });
  }
}
