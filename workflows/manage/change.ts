import { z } from 'zod';
import { kindOf, kinds } from './kinds.ts';

/**
 * The actions that a plan can have for a definition:
 * - `create`       the server does not have the definition
 * - `update`       the code has changed since an earlier registration wrote the definition
 * - `new-version`  as `update`, but an update would break running executions, so the code is registered as the next version
 * - `delete`       the definition carries our stamp, is no longer in code, and `prune` was given
 * - `unchanged`    the server has exactly this definition
 * - `keep`         the definition was changed on the server, and stays unless `overwrite` is given
 * - `left`         the definition carries our stamp and is no longer in code; only `prune` deletes it
 * - `in-use`       the definition would be deleted, but another definition or a running execution still needs it
 */
export const actions = ['create', 'update', 'new-version', 'delete', 'unchanged', 'keep', 'left', 'in-use'] as const;
export type Action = (typeof actions)[number];

/** True if `apply` carries out the change. */
export function isDue({ action }: Pick<Change, 'action'>): boolean {
  return action === 'create' || action === 'update' || action === 'new-version' || action === 'delete';
}

const json = z.record(z.string(), z.unknown());

const touchSchema = z.object({
  /**
   * How the executions use the definition: they run the workflow (`runs`), name it as a `sub-workflow` or `failure-workflow`, or use the
   * `task`.
   */
  how: z.enum(['runs', 'sub-workflow', 'failure-workflow', 'task']),
  workflow: z.string(),
  version: z.int(),
  /** Ids of the running executions, including paused ones. */
  ids: z.array(z.string()),
});

/** The running executions that a change may affect. */
export type Touch = z.output<typeof touchSchema>;

export const changeSchema = z.object({
  kind: z.enum(kinds),
  name: z.string(),
  /** For a workflow: the version that is on the server, or that the change creates there. */
  version: z.int().optional(),
  /** For a workflow: its version in code, if it differs from `version`. */
  standsFor: z.int().optional(),
  action: z.enum(actions),
  /** Fingerprint of the definition that the server had when the plan was made; null if the server did not have the definition. */
  was: z.string().nullable(),
  /** The definition to write, with its stamp; absent if the change writes nothing. */
  def: json.optional(),
  differences: z.array(z.object({ path: z.string(), before: z.unknown().optional(), after: z.unknown().optional() })),
  /** Why a new version is needed, or what still needs this definition. */
  reasons: z.array(z.string()),
  touches: z.array(touchSchema),
  /**
   * Versions, as `name@version`, that must have no running executions when the change is carried out, because it would break these
   * executions.
   */
  idle: z.array(z.string()),
  /** For a schedule: its next firings, in epoch milliseconds. */
  firings: z.array(z.number()).optional(),
  notice: z.string().optional(),
});
export type Change = z.output<typeof changeSchema>;

/** `workflow OrderProcessing v2`. */
export function labelOf({ kind, name, version }: Pick<Change, 'kind' | 'name' | 'version'>): string {
  return `${kindOf[kind].noun} ${name}${version === undefined ? '' : ` v${version}`}`;
}
