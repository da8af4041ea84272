import type { Conductor } from '../../core/conductor/api.ts';
import type { Lock } from '../../core/conductor/definition-lock.ts';
import type { EventHandlerDef, ScheduleDef, TaskDef, WorkflowDef } from '../../core/conductor/types.ts';
import { FleetError } from '../../core/errors.ts';
import { type Change, isDue, labelOf } from './change.ts';
import type { Definitions } from './decide/server-view.ts';
import { contentOf, type Kind } from './kinds.ts';
import { nextFirings } from './next-firings.ts';
import type { Plan } from './plan.ts';
import { readDefinitions, readRunning } from './read-server.ts';

type Def = Record<string, unknown>;

/** The result of a change. `done`: this apply made it. `was-done`: an earlier apply, which was then interrupted, had made it. */
export interface Outcome {
  change: Change;
  result: 'done' | 'was-done';
}

/**
 * Carries out the changes of a plan in their order. Before the first write, it checks the server: each definition must be as it was when
 * the plan was made, or already as the plan writes it. So an interrupted plan can be carried out again.
 * @throws FleetError `conflict` with the definitions that have changed since; `input` with the server's message if the server would refuse
 * a definition
 */
export async function carryOut(
  conductor: Conductor,
  plan: Pick<Plan, 'changes'>,
  lock: Lock,
  report: (outcome: Outcome) => void = () => undefined,
): Promise<Outcome[]> {
  const server = await readDefinitions(conductor);
  const found = plan.changes.map((change) => ({ change, current: currentOf(server, change) }));
  refuseChanged(found);
  const due = found.filter(({ change, current }) => isDue(change) && !isDone(change, current));
  await refuseStarted(conductor, due);
  for (const { change } of due) await refuseInvalid(conductor, change);
  const outcomes: Outcome[] = [];
  for (const { change, current } of found) {
    if (!isDue(change)) continue;
    const result = isDone(change, current) ? 'was-done' : 'done';
    lock.assertHeld();
    if (result === 'done') await whileHeld(lock, () => write(conductor, change, current));
    outcomes.push({ change, result });
    report({ change, result });
  }
  return outcomes;
}

/**
 * If the lock was lost, reports the loss instead of the error. Another process holds the lock now, and its writes may have caused the
 * error.
 */
async function whileHeld(lock: Lock, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    lock.assertHeld();
    throw error;
  }
}

interface Found {
  change: Change;
  current: Def | undefined;
}

function currentOf(server: Definitions, { kind, name, version }: Change): Def | undefined {
  const defs: readonly Def[] = server[kind];
  return defs.find((def) => def.name === name && (version === undefined || def.version === version));
}

function isDone({ kind, action, def }: Change, current: Def | undefined): boolean {
  if (action === 'delete') return current === undefined;
  return def !== undefined && current !== undefined && contentOf(kind, def) === contentOf(kind, current);
}

function refuseChanged(found: readonly Found[]): void {
  const changed = found.filter(({ change, current }) => {
    if (!isDue(change) && change.action !== 'unchanged') return false;
    const is = current ? contentOf(change.kind, current) : null;
    return is !== change.was && !(isDue(change) && isDone(change, current));
  });
  if (changed.length === 0) return;
  const what = changed.map(
    ({ change, current }) =>
      `${labelOf(change)} ${current ? (change.was === null ? 'was created' : 'was changed') : 'was deleted'}`,
  );
  throw new FleetError('conflict', `The server changed since the plan was made: ${what.join('; ')}.`, {
    remedy: 'Nothing was written. Make a new plan: fleet plan',
  });
}

async function refuseStarted(conductor: Conductor, due: readonly Found[]): Promise<void> {
  const keys = [...new Set(due.flatMap(({ change }) => change.idle))];
  const running = [...(await readRunning(conductor, keys))].filter(([, ids]) => ids.length > 0);
  if (running.length === 0) return;
  const what = running.map(
    ([key, [first, ...others]]) => `${key} (${first}${others.length > 0 ? ` and ${others.length} more` : ''})`,
  );
  throw new FleetError(
    'conflict',
    `The plan would break executions that started since it was made: ${what.join('; ')}.`,
    {
      remedy: 'Nothing was written. Make a new plan: fleet plan. It creates a new version beside the running one.',
    },
  );
}

async function refuseInvalid(conductor: Conductor, change: Change): Promise<void> {
  const { kind, def, name } = change;
  if (!def) return;
  if (kind === 'schedule') await nextFirings(conductor, name, def, 1);
  if (kind !== 'workflow') return;
  try {
    await conductor.validateWorkflowDef(def as WorkflowDef); // the definition may be from a plan file, so the server checks it here
  } catch (cause) {
    if (!(cause instanceof FleetError) || cause.code !== 'input') throw cause;
    throw new FleetError('input', `The server refuses ${labelOf(change)}: ${cause.message}`, {
      remedy: 'Nothing was written. To see how to fix it: fleet lint',
      cause,
    });
  }
}

async function write(conductor: Conductor, change: Change, current: Def | undefined): Promise<void> {
  const { kind, action, name, version = 1, def } = change;
  if (action === 'delete') return remove(conductor, kind, name, version);
  if (!def) return;
  switch (kind) {
    case 'task':
      return conductor.putTaskDefs([def as TaskDef]);
    case 'workflow':
      if (!current) return conductor.createWorkflowDef(def as WorkflowDef);
      // The server does not keep the time of creation by itself, so it must be sent again.
      return conductor.putWorkflowDef({ ...(def as WorkflowDef), createTime: current.createTime });
    case 'event-handler':
      if (!current) return conductor.createEventHandler(def as EventHandlerDef);
      return conductor.updateEventHandler(def as EventHandlerDef);
    case 'schedule':
      return conductor.putSchedule(def as ScheduleDef);
  }
}

async function remove(conductor: Conductor, kind: Kind, name: string, version: number): Promise<void> {
  switch (kind) {
    case 'task':
      return conductor.deleteTaskDef(name);
    case 'workflow':
      return conductor.deleteWorkflowDef(name, version);
    case 'event-handler':
      return conductor.deleteEventHandler(name);
    case 'schedule':
      return conductor.deleteSchedule(name);
  }
}
