import { z } from 'zod';
import { kindOf, kinds } from './kinds.ts';

/**
 * What is to be done about one definition:
 * - `create`       the server does not have it
 * - `update`       the code has changed since an earlier registration wrote it
 * - `new-version`  as `update`, but replacing it would break running executions: the code becomes the next version
 * - `delete`       it carries our stamp, is no longer in code, and `prune` was given
 * - `unchanged`    the server has exactly this definition
 * - `keep`         it was changed on the server, and stays unless `overwrite` is given
 * - `left`         it carries our stamp and is no longer in code; only `prune` deletes it
 * - `in-use`       it would be deleted, but something still needs it
 */
export const actions = ['create', 'update', 'new-version', 'delete', 'unchanged', 'keep', 'left', 'in-use'] as const;
export type Action = (typeof actions)[number];

/** Whether `apply` carries out the change. */
export function isDue({ action }: Pick<Change, 'action'>): boolean {
  return action === 'create' || action === 'update' || action === 'new-version' || action === 'delete';
}

const json = z.record(z.string(), z.unknown());

const touchSchema = z.object({
  /** The execution `runs` it, runs it as a `sub-workflow`, has it as `failure-workflow`, or uses this `task`. */
  how: z.enum(['runs', 'sub-workflow', 'failure-workflow', 'task']),
  workflow: z.string(),
  version: z.int(),
  /** Ids of the running executions, including paused ones. */
  ids: z.array(z.string()),
});

/** Running executions that a change concerns. */
export type Touch = z.output<typeof touchSchema>;

export const changeSchema = z.object({
  kind: z.enum(kinds),
  name: z.string(),
  /** Of a workflow: the version on the server, or to be created there. */
  version: z.int().optional(),
  /** Of a workflow: its version in code, if that is not `version`. */
  standsFor: z.int().optional(),
  action: z.enum(actions),
  /** Fingerprint of the definition that the server had when the plan was made; null if it had none. */
  was: z.string().nullable(),
  /** The definition to write, with its stamp; absent if nothing is written. */
  def: json.optional(),
  differences: z.array(z.object({ path: z.string(), before: z.unknown().optional(), after: z.unknown().optional() })),
  /** Why a new version is needed, or which definition still needs this one. */
  reasons: z.array(z.string()),
  touches: z.array(touchSchema),
  /** Versions, as `name@version`, that must have no running executions when the change is carried out: it would break them. */
  idle: z.array(z.string()),
  /** Of a schedule: its next firings, in epoch milliseconds. */
  firings: z.array(z.number()).optional(),
  notice: z.string().optional(),
});
export type Change = z.output<typeof changeSchema>;

/** `workflow OrderProcessing v2`. */
export function labelOf({ kind, name, version }: Pick<Change, 'kind' | 'name' | 'version'>): string {
  return `${kindOf[kind].noun} ${name}${version === undefined ? '' : ` v${version}`}`;
}
