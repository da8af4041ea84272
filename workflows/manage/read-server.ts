import type { Conductor } from '../../core/conductor/api.ts';
import { isLock } from '../../core/conductor/lock-names.ts';
import type { ScheduleDef } from '../../core/conductor/types.ts';
import { FleetError } from '../../core/errors.ts';
import { inParallel } from '../../core/in-parallel.ts';
import type { Definitions } from './decide/server-view.ts';

/** How many queries for running executions are sent at the same time. */
const AT_ONCE = 8;

/** Reads every definition on the server, except the definitions that are our locks. */
export async function readDefinitions(conductor: Conductor): Promise<Definitions> {
  const [task, workflow, eventHandler, schedule] = await Promise.all([
    conductor.listTaskDefs(),
    conductor.listWorkflowDefs(),
    conductor.listEventHandlers(),
    withoutScheduler(conductor.listSchedules()),
  ]);
  return {
    task,
    workflow: workflow.filter(({ name }) => !isLock(name)),
    'event-handler': eventHandler,
    schedule,
  };
}

/**
 * Returns no schedules if the scheduler of the server is off: the server then does not know the call. It reports this when a schedule is
 * written.
 */
async function withoutScheduler(schedules: Promise<ScheduleDef[]>): Promise<ScheduleDef[]> {
  try {
    return await schedules;
  } catch (error) {
    if (error instanceof FleetError && error.code === 'not-found') return [];
    throw error;
  }
}

/** Reads the ids of the running executions of each version, by `name@version`. */
export async function readRunning(conductor: Conductor, keys: readonly string[]): Promise<Map<string, string[]>> {
  const found = await inParallel(keys, AT_ONCE, async (key): Promise<[string, string[]]> => {
    const at = key.lastIndexOf('@');
    return [key, await conductor.runningExecutions(key.slice(0, at), Number(key.slice(at + 1)))];
  });
  return new Map(found);
}
