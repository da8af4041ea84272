import type { Conductor } from '../../core/conductor/api.ts';
import type { TaskDef, WorkflowDef } from '../../core/conductor/types.ts';
import { FleetError, orUndefined } from '../../core/errors.ts';
import type { ToolContext } from '../engine/define-tool.ts';
import { callOf } from '../shared/quote.ts';

/** A call with more characters than this is not repeated in full. */
const LONGEST_CALL = 1500;

/** The call that the caller has just made. */
export interface MadeCall {
  readonly tool: string;
  readonly args: Readonly<Record<string, unknown>>;
}

/** The same call with some arguments changed; if it is long, a sentence that names only the changes. */
export function sameCallWith({ tool, args }: MadeCall, changes: Readonly<Record<string, unknown>>): string {
  const call = callOf(tool, { ...args, ...changes });
  if (call.length <= LONGEST_CALL) return call;
  const changed = Object.entries(changes).map(([name, value]) => `"${name}":${JSON.stringify(value)}`);
  return `call ${tool} again with ${changed.join(' and ')} and everything else unchanged.`;
}

/**
 * Stores a definition and invalidates its cached copies.
 * @throws FleetError `conflict` with the calls that would work, if this name and version exist and `overwrite` is false
 */
export async function storeWorkflow(
  def: WorkflowDef,
  { conductor, definitions }: Pick<ToolContext, 'conductor' | 'definitions'>,
  { overwrite, made }: { overwrite: boolean; made: MadeCall },
): Promise<void> {
  try {
    if (overwrite) await conductor.putWorkflowDef(def);
    else await conductor.createWorkflowDef(def);
  } catch (error) {
    if (!(error instanceof FleetError && error.code === 'conflict')) throw error;
    throw existsAlready(def, made, { cause: error, newVersion: await nextVersion(def, conductor) });
  } finally {
    definitions.changed(def.name); // also after an error: the server may have stored the definition
  }
}

/** The error for a name and version that exist, with the calls that would work. */
export function existsAlready(
  { name, version }: { name: string; version: number },
  made: MadeCall,
  { cause, newVersion }: { cause?: unknown; newVersion?: number } = {},
): FleetError {
  const beside =
    newVersion === undefined ? '' : `\nTo register it as a new version: ${sameCallWith(made, { version: newVersion })}`;
  return new FleetError('conflict', `${name} version ${version} already exists and was not changed.`, {
    remedy: `To replace it: ${sameCallWith(made, { overwrite: true })}${beside}`,
    cause,
  });
}

async function nextVersion({ name, version }: WorkflowDef, conductor: Conductor): Promise<number> {
  const all = await conductor.listWorkflowVersions();
  const versions = Object.hasOwn(all, name) ? (all[name] ?? []) : [];
  return Math.max(version, ...versions.map((one) => one.version)) + 1;
}

/** Registers the task definitions that the server does not have, and returns their names. Existing definitions stay unchanged. */
export async function storeMissingTaskDefs(taskDefs: readonly TaskDef[], conductor: Conductor): Promise<string[]> {
  const found = await Promise.all(taskDefs.map(({ name }) => orUndefined(conductor.getTaskDef(name))));
  const missing = taskDefs.filter((_, index) => found[index] === undefined);
  if (missing.length > 0) await conductor.putTaskDefs(missing);
  return missing.map(({ name }) => name);
}
