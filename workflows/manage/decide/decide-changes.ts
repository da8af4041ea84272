import type { Change } from '../change.ts';
import { differences } from '../compare/differences.ts';
import { type Definitions, keyOf, type ServerState, type View, viewOf } from './server-view.ts';
import { contentOf, type Kind, kindOf, whyKept } from '../kinds.ts';
import { inOrder } from '../order.ts';
import { prune } from './prune.ts';
import { type Placed, pinnedTo, place } from './place-versions.ts';

export interface PlanOptions {
  /** Also replace what somebody changed on the server. */
  overwrite?: boolean;
  /** Delete what carries our stamp and is no longer in code. */
  prune?: boolean;
}

export interface Drafted {
  /** In the order in which they are to be done. */
  changes: Change[];
  /** Versions, as `name@version`, whose running executions have to be known for a final answer. */
  asks: string[];
}

/**
 * Compares ours with the server's and says what is to be done about each definition. Pure: no call is made. Where the answer depends on
 * running executions that `server` does not know of it takes them for none and says so in `asks`.
 */
export function plan(ours: Definitions, fleet: string, server: ServerState, options: PlanOptions = {}): Drafted {
  const view = viewOf(server);
  const { overwrite = false } = options;
  const placed = place(ours.workflow, view, (def) => overwrite || whyKept('workflow', def, fleet) === undefined);
  const versions = new Map(
    placed.map(({ def, declared }) => [keyOf({ name: def.name, version: declared }), def.version]),
  );
  const decided = [
    ...ours.task.map((def) => decide({ kind: 'task', def, current: view.find('task', def.name), overwrite, fleet })),
    ...placed.map((one) => decideWorkflow(one, view, overwrite, fleet)),
    ...(['event-handler', 'schedule'] as const).flatMap((kind) =>
      ours[kind].map((def) =>
        decide({ kind, def: pinnedTo(versions, def), current: view.find(kind, def.name), overwrite, fleet }),
      ),
    ),
  ].map((change) => withTouches(change, view));
  const stored = ({ name, version }: Change) => view.versionsOf(name).find((def) => def.version === version);
  const changes = inOrder([...decided, ...prune(decided, fleet, view, options)], stored);
  return { changes, asks: [...view.asks] };
}

interface Deciding {
  kind: Kind;
  /** Ours, without a stamp. */
  def: Change['def'] & { name: string };
  current: Record<string, unknown> | undefined;
  overwrite: boolean;
  fleet: string;
  standsFor?: number;
}

function decide({ kind, def, current, overwrite, fleet, standsFor }: Deciding): Change {
  const { canonical, stamp } = kindOf[kind];
  const fingerprint = contentOf(kind, def);
  const was = current ? contentOf(kind, current) : null;
  const base = { kind, name: def.name, was, differences: [], reasons: [], touches: [], idle: [] };
  const stamped = stamp(def, { fingerprint, fleet, ...(standsFor !== undefined && { standsFor }) });
  if (!current) return { ...base, action: 'create', def: stamped };
  if (was === fingerprint) return { ...base, action: 'unchanged' };
  const found = differences(canonical(current), canonical(def));
  const notice = overwrite ? undefined : whyKept(kind, current, fleet);
  if (notice === undefined) return { ...base, action: 'update', def: stamped, differences: found };
  return { ...base, action: 'keep', differences: found, notice };
}

function decideWorkflow(placed: Placed, view: View, overwrite: boolean, fleet: string): Change {
  const { def, declared, current, reasons, idle } = placed;
  const { name, version } = def;
  const standsFor = declared === version ? {} : { standsFor: declared };
  const which = { version, ...standsFor };
  if (current && reasons.length > 0) {
    // The version that is there stays: the new one is compared with it, and made beside it.
    const old = { ...def, version: current.version };
    const changed = decide({ kind: 'workflow', def: old, current, overwrite: true, fleet });
    const created = decide({ kind: 'workflow', def, current: undefined, overwrite, fleet, ...standsFor });
    return { ...created, ...which, action: 'new-version', differences: changed.differences, reasons: [...reasons] };
  }
  const change = decide({ kind: 'workflow', def, current, overwrite, fleet, ...standsFor });
  const latest = view.versionsOf(name).at(-1)?.version ?? version;
  return {
    ...change,
    ...which,
    idle: change.action === 'update' ? [...idle] : [],
    ...(latest > version && {
      notice: `The server has version ${latest}, newer than ours: starts without a version use it.`,
    }),
  };
}

function withTouches(change: Change, view: View): Change {
  const { kind, name, version = 0, action } = change;
  if (action !== 'update' && action !== 'new-version') return change;
  if (kind === 'task') return { ...change, touches: view.touchedByTask(name) };
  if (kind !== 'workflow') return change;
  const own = view
    .versionsOf(name)
    .filter((stored) => action === 'new-version' || stored.version === version)
    .map((stored) => ({
      how: 'runs' as const,
      workflow: name,
      version: stored.version,
      ids: [...view.running(stored)],
    }))
    .filter(({ ids }) => ids.length > 0);
  return { ...change, touches: [...own, ...view.touchedByWorkflow(name)] };
}
