import type { Conductor } from '../../core/conductor/api.ts';
import { isLock } from '../../core/conductor/definition-lock.ts';
import type { ScheduleDef } from '../../core/conductor/types.ts';
import { FleetError } from '../../core/errors.ts';
import { inParallel } from '../../core/in-parallel.ts';
import type { Definitions, ServerState } from './decide/server-view.ts';
import { type Drafted, type PlanOptions, plan } from './decide/decide-changes.ts';

/** Questions about running executions that are asked at once. */
const AT_ONCE = 8;

/** Everything the server has registered, but for our locks. */
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

/** A server whose scheduler is switched off does not know the call; one that is to get a schedule says so then. */
async function withoutScheduler(schedules: Promise<ScheduleDef[]>): Promise<ScheduleDef[]> {
  try {
    return await schedules;
  } catch (error) {
    if (error instanceof FleetError && error.code === 'not-found') return [];
    throw error;
  }
}

/** Plans against the server as it is; asks it about running executions only where the answer decides something. */
export async function planAgainst(
  conductor: Conductor,
  ours: Definitions,
  fleet: string,
  options: PlanOptions,
): Promise<Drafted & { state: ServerState }> {
  const running = new Map<string, readonly string[]>();
  const state: ServerState = { defs: await readDefinitions(conductor), running };
  for (;;) {
    const drafted = plan(ours, fleet, state, options);
    if (drafted.asks.length === 0) return { ...drafted, state };
    for (const [key, ids] of await readRunning(conductor, drafted.asks)) running.set(key, ids);
  }
}

/** Ids of the running executions of each version, named as `name@version`. */
export async function readRunning(conductor: Conductor, keys: readonly string[]): Promise<Map<string, string[]>> {
  const found = await inParallel(keys, AT_ONCE, async (key): Promise<[string, string[]]> => {
    const at = key.lastIndexOf('@');
    return [key, await conductor.runningExecutions(key.slice(0, at), Number(key.slice(at + 1)))];
  });
  return new Map(found);
}
