import type { Conductor } from '../../core/conductor/api.ts';
import type { TaskDef, WorkflowDef } from '../../core/conductor/types.ts';
import { FleetError, orUndefined } from '../../core/errors.ts';
import type { ToolContext } from '../engine/define-tool.ts';
import { callOf } from '../shared/quote.ts';

/** A longer call is not written out to the one who has just made it. */
const LONGEST_CALL = 1500;

/** The call that was made. */
export interface Made {
  readonly tool: string;
  readonly args: Readonly<Record<string, unknown>>;
}

/** The same call with other arguments, or where it is long, a sentence on what to change. */
export function again({ tool, args }: Made, changes: Readonly<Record<string, unknown>>): string {
  const call = callOf(tool, { ...args, ...changes });
  if (call.length <= LONGEST_CALL) return call;
  const changed = Object.entries(changes).map(([name, value]) => `"${name}":${JSON.stringify(value)}`);
  return `Call ${tool} again with ${changed.join(' and ')} and everything else unchanged.`;
}

/**
 * Stores a definition, and tells who keeps copies of it.
 * @throws FleetError `conflict` with the calls that would do, if this name and version exist and may not be replaced
 */
export async function storeWorkflow(
  def: WorkflowDef,
  { conductor, definitions }: Pick<ToolContext, 'conductor' | 'definitions'>,
  { overwrite, made }: { overwrite: boolean; made: Made },
): Promise<void> {
  try {
    if (overwrite) await conductor.putWorkflowDef(def);
    else await conductor.createWorkflowDef(def);
  } catch (error) {
    if (!(error instanceof FleetError && error.code === 'conflict')) throw error;
    throw taken(def, made, { cause: error, newVersion: await highest(def, conductor) });
  } finally {
    definitions.changed(def.name); // also if it failed: it may have been stored all the same
  }
}

/** The error for a name that is taken, with the calls that would do. */
export function taken(
  { name, version }: { name: string; version: number },
  made: Made,
  { cause, newVersion }: { cause?: unknown; newVersion?: number } = {},
): FleetError {
  const beside =
    newVersion === undefined ? '' : `\nTo register it as a new version: ${again(made, { version: newVersion })}`;
  return new FleetError('conflict', `${name} version ${version} exists already and was not changed.`, {
    remedy: `To replace it: ${again(made, { overwrite: true })}${beside}`,
    cause,
  });
}

async function highest({ name, version }: WorkflowDef, conductor: Conductor): Promise<number> {
  const all = await conductor.listWorkflowVersions();
  const versions = Object.hasOwn(all, name) ? (all[name] ?? []) : [];
  return Math.max(version, ...versions.map((one) => one.version)) + 1;
}

/** Registers the task definitions that the server lacks; those it has stay as they are. Returns the names of the new ones. */
export async function storeMissing(taskDefs: readonly TaskDef[], conductor: Conductor): Promise<string[]> {
  const found = await Promise.all(taskDefs.map(({ name }) => orUndefined(conductor.getTaskDef(name))));
  const missing = taskDefs.filter((_, index) => found[index] === undefined);
  if (missing.length > 0) await conductor.putTaskDefs(missing);
  return missing.map(({ name }) => name);
}
