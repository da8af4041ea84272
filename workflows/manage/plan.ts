import type { TaskDef, WorkflowDef } from '../../core/conductor/types.ts';
import { canonicalTask, canonicalWorkflow, fingerprint, STAMP_KEY } from './canonical.ts';

/**
 * What registering a definition means:
 * - `create`    the server has none
 * - `unchanged` it has just this one
 * - `update`    it has what an earlier registration wrote, and ours has changed since
 * - `keep`      somebody changed it on the server; it is left alone unless overwriting is asked for
 */
export type Action = 'create' | 'unchanged' | 'update' | 'keep';

export type Change =
  | { kind: 'task'; name: string; action: Action; def: TaskDef; notice?: string }
  | { kind: 'workflow'; name: string; version: number; action: Action; def: WorkflowDef; notice?: string };

export interface Definitions {
  tasks: readonly TaskDef[];
  workflows: readonly WorkflowDef[];
}

/** The server's side, as far as our names and versions go. */
export interface ServerDefinitions {
  tasks: ReadonlyMap<string, Record<string, unknown>>;
  /** By `name@version`. */
  workflows: ReadonlyMap<string, Record<string, unknown>>;
  /** The highest version there is of each name. */
  latestVersions: ReadonlyMap<string, number>;
}

/** Compares ours with the server's. Pure: no call is made; each definition of the result carries its stamp. */
export function plan(ours: Definitions, server: ServerDefinitions, { overwrite = false } = {}): Change[] {
  const tasks = ours.tasks.map((def): Change => {
    const stamp = fingerprint(canonicalTask(def));
    const action = decide(server.tasks.get(def.name), stamp, canonicalTask, taskStamp, overwrite);
    return {
      kind: 'task',
      name: def.name,
      action,
      def: stampTask(def, stamp),
      ...keptNotice(action, `task ${def.name}`),
    };
  });
  const workflows = ours.workflows.map((def): Change => {
    const { name, version } = def;
    const stamp = fingerprint(canonicalWorkflow(def));
    const stored = server.workflows.get(`${name}@${version}`);
    const action = decide(stored, stamp, canonicalWorkflow, workflowStamp, overwrite);
    const stamped = { ...def, metadata: { [STAMP_KEY]: stamp } };
    const latest = server.latestVersions.get(name) ?? version;
    const notice =
      latest > version
        ? {
            notice: `The server has version ${latest} of workflow ${name}, newer than ours (${version}): starts without a version use it.`,
          }
        : keptNotice(action, `workflow ${name} version ${version}`);
    return { kind: 'workflow', name, version, action, def: stamped, ...notice };
  });
  return [...tasks, ...workflows];
}

function decide(
  stored: Record<string, unknown> | undefined,
  ourStamp: string,
  canonical: (def: Record<string, unknown>) => Record<string, unknown>,
  stampOf: (def: Record<string, unknown>) => unknown,
  overwrite: boolean,
): Action {
  if (!stored) return 'create';
  const storedContent = fingerprint(canonical(stored));
  if (storedContent === ourStamp) return 'unchanged';
  return overwrite || stampOf(stored) === storedContent ? 'update' : 'keep';
}

function keptNotice(action: Action, what: string): { notice?: string } {
  if (action !== 'keep') return {};
  return {
    notice: `The ${what} was changed on the server and is left as it is; \`fleet register --overwrite\` replaces it.`,
  };
}

function stampTask(def: TaskDef, stamp: string): TaskDef {
  const schema = def.inputSchema as { data?: Record<string, unknown> } | undefined;
  return { ...def, inputSchema: { ...schema, data: { ...schema?.data, $comment: `${STAMP_KEY} ${stamp}` } } };
}

function taskStamp(def: Record<string, unknown>): string | undefined {
  const schema = def.inputSchema as { data?: { $comment?: unknown } } | null | undefined;
  const comment = schema?.data?.$comment;
  return typeof comment === 'string' && comment.startsWith(`${STAMP_KEY} `)
    ? comment.slice(STAMP_KEY.length + 1)
    : undefined;
}

function workflowStamp(def: Record<string, unknown>): unknown {
  return (def.metadata as Record<string, unknown> | null | undefined)?.[STAMP_KEY];
}
