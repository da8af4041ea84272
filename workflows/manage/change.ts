import { z } from 'zod';
import { kindOf, kinds } from './kinds.ts';

/**
 * What is to be done about one definition:
 * - `create`       the server has none
 * - `update`       it has what an earlier registration wrote, and ours has changed since
 * - `new-version`  the same, but replacing it would break what runs: ours becomes the next version
 * - `delete`       ours by its stamp and no longer in code, and pruning was asked for
 * - `unchanged`    it has just this one
 * - `keep`         somebody changed it on the server; it is left alone unless overwriting is asked for
 * - `left`         ours by its stamp and no longer in code; only pruning deletes it
 * - `in-use`       it was to be deleted, but something still needs it
 */
export const actions = ['create', 'update', 'new-version', 'delete', 'unchanged', 'keep', 'left', 'in-use'] as const;
export type Action = (typeof actions)[number];

/** True for what `apply` acts on. */
export function isDue({ action }: Pick<Change, 'action'>): boolean {
  return action === 'create' || action === 'update' || action === 'new-version' || action === 'delete';
}

const json = z.record(z.string(), z.unknown());

const touchSchema = z.object({
  /** `runs` it, runs it as a `sub-workflow`, has it as `failure-workflow`, or uses this `task`. */
  how: z.enum(['runs', 'sub-workflow', 'failure-workflow', 'task']),
  workflow: z.string(),
  version: z.int(),
  /** Of the running executions, paused ones among them. */
  ids: z.array(z.string()),
});

/** Running executions that a change concerns. */
export type Touch = z.output<typeof touchSchema>;

export const changeSchema = z.object({
  kind: z.enum(kinds),
  name: z.string(),
  /** Of a workflow: the one on the server, or to be created there. */
  version: z.int().optional(),
  /** The version a workflow has in code, where that is another one. */
  standsFor: z.int().optional(),
  action: z.enum(actions),
  /** The fingerprint of what the server had when the plan was made; null if it had nothing. */
  was: z.string().nullable(),
  /** What to write, with its stamp; absent where nothing is written. */
  def: json.optional(),
  differences: z.array(z.object({ path: z.string(), before: z.unknown().optional(), after: z.unknown().optional() })),
  /** Why a new version is needed, or what still needs it. */
  reasons: z.array(z.string()),
  touches: z.array(touchSchema),
  /** Versions, as `name@version`, that must have no running executions when this is done: it would break them. */
  idle: z.array(z.string()),
  /** Of a schedule: the next firings, epoch milliseconds. */
  firings: z.array(z.number()).optional(),
  notice: z.string().optional(),
});
export type Change = z.output<typeof changeSchema>;

/** `workflow OrderProcessing v2`. */
export function labelOf({ kind, name, version }: Pick<Change, 'kind' | 'name' | 'version'>): string {
  return `${kindOf[kind].noun} ${name}${version === undefined ? '' : ` v${version}`}`;
}
