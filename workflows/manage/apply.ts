import type { Conductor } from '../../core/conductor/api.ts';
import type { TaskContract, TaskPolicy, Workflow, WorkflowSettings } from '../../core/contract.ts';
import { FleetError } from '../../core/errors.ts';
import { type Change, type Definitions, plan, type ServerDefinitions } from './plan.ts';
import { toTaskDef, withSettings } from './task-def.ts';

export interface Content {
  tasks: readonly TaskContract[];
  workflows: readonly Workflow[];
}

/**
 * Brings the server up to our definitions. May be repeated and run by several processes at once: a definition that is there
 * already is not written again, and one that an operator changed is not overwritten unless `overwrite` is set.
 * @returns what was found and done, for every definition
 */
export async function register(
  conductor: Conductor,
  content: Content,
  settings: WorkflowSettings,
  options: { overwrite?: boolean } = {},
): Promise<Change[]> {
  const ours = definitionsOf(content, settings);
  const changes = plan(ours, await readServer(conductor, ours), options);
  await apply(conductor, changes);
  return changes;
}

/** Everything to register, each name once: the workers' tasks, and the tasks and policies that only workflows use. */
export function definitionsOf({ tasks, workflows }: Content, settings: WorkflowSettings): Definitions {
  const contracts = new Map<string, TaskContract | TaskPolicy>();
  for (const contract of [...tasks, ...workflows.flatMap((workflow) => workflow.tasks)]) {
    contracts.set(contract.name, contract);
  }
  const registered = [...contracts.values()].filter(
    (contract) => contract.kind === 'policy' || contract.registered !== false,
  );
  return {
    tasks: registered.map(toTaskDef),
    workflows: workflows.map((workflow) => withSettings(workflow, settings)),
  };
}

async function apply(conductor: Conductor, changes: readonly Change[]): Promise<void> {
  const due = changes.filter(({ action }) => action === 'create' || action === 'update');
  const tasks = due.filter((change) => change.kind === 'task').map(({ def }) => def);
  if (tasks.length > 0) await conductor.putTaskDefs(tasks);
  for (const change of due) if (change.kind === 'workflow') await conductor.putWorkflowDef(change.def);
}

async function readServer(conductor: Conductor, ours: Definitions): Promise<ServerDefinitions> {
  const tasks = new Map((await conductor.listTaskDefs()).map((def) => [def.name, def]));
  const workflows = new Map<string, Record<string, unknown>>();
  const latestVersions = new Map<string, number>();
  await Promise.all(
    ours.workflows.map(async ({ name, version }) => {
      const latest = await orUndefined(conductor.getWorkflowDef(name));
      if (!latest) return;
      latestVersions.set(name, latest.version);
      const same = latest.version === version ? latest : await orUndefined(conductor.getWorkflowDef(name, version));
      if (same) workflows.set(`${name}@${version}`, same);
    }),
  );
  return { tasks, workflows, latestVersions };
}

async function orUndefined<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found;
  } catch (error) {
    if (error instanceof FleetError && error.code === 'not-found') return undefined;
    throw error;
  }
}
