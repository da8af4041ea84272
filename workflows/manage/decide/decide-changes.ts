import type { Change } from '../change.ts';
import { differences } from '../compare/differences.ts';
import { contentOf, type Kind, kindOf, kinds, whyKept } from '../kinds.ts';
import { pinsIn } from './pins.ts';
import { type PlacedWorkflow, placeWorkflows, withServerVersions } from './place-workflows.ts';
import { prune } from './prune.ts';
import { type Def, type Definitions, keyOf, type ServerState, ServerView } from './server-view.ts';

export interface DecideOptions {
  /** True to replace also definitions that were changed on the server. */
  overwrite?: boolean;
  /** True to delete definitions that carry our stamp and are no longer in code. */
  prune?: boolean;
}

export interface Decision {
  /** The changes, in the order in which `apply` carries them out. */
  changes: Change[];
  /** Versions, as `name@version`, whose running executions must be known before the changes are final. */
  asks: string[];
}

/**
 * Compares the definitions in code with those of the server and decides on a change for each. Makes no call. If a decision depends on
 * executions that `server` does not contain, it assumes that there are none, and adds the version to `asks`.
 */
export function decideChanges(
  ours: Definitions,
  fleet: string,
  server: ServerState,
  options: DecideOptions = {},
): Decision {
  const view = new ServerView(server);
  const { overwrite = false } = options;
  const placed = placeWorkflows(ours.workflow, view, (def) => {
    return overwrite || whyKept('workflow', def, fleet) === undefined;
  });
  const versions = new Map(
    placed.map(({ def, versionInCode }) => [keyOf({ name: def.name, version: versionInCode }), def.version]),
  );
  const decideOne = (kind: Exclude<Kind, 'workflow'>, def: Def) =>
    decide({ kind, def, current: view.find(kind, def.name), overwrite, fleet });
  const decided = [
    ...ours.task.map((def) => decideOne('task', def)),
    ...placed.map((one) => decideWorkflow(one, view, overwrite, fleet)),
    ...ours['event-handler'].map((def) => decideOne('event-handler', withServerVersions(def, versions))),
    ...ours.schedule.map((def) => decideOne('schedule', withServerVersions(def, versions))),
  ].map((change) => withTouches(change, view));
  const stored = ({ name, version }: Change) => view.versionsOf(name).find((def) => def.version === version);
  const changes = inOrder([...decided, ...prune(decided, fleet, view, options)], stored);
  return { changes, asks: [...view.asks] };
}

interface Deciding {
  kind: Kind;
  /** The definition in code, without a stamp. */
  def: Def;
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

function decideWorkflow(placed: PlacedWorkflow, view: ServerView, overwrite: boolean, fleet: string): Change {
  const { def, versionInCode, current, reasons, idle } = placed;
  const { name, version } = def;
  const standsFor = versionInCode === version ? {} : { standsFor: versionInCode };
  const which = { version, ...standsFor };
  if (current && reasons.length > 0) {
    // The stored version stays. The new version is compared with it, and created beside it.
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
      notice: `The server has version ${latest}, which is newer than ours: a start without a version uses it.`,
    }),
  };
}

function withTouches(change: Change, view: ServerView): Change {
  const { kind, name, version = 0, action } = change;
  if (action !== 'update' && action !== 'new-version') return change;
  if (kind === 'task') return { ...change, touches: view.touchedByTask(name) };
  if (kind !== 'workflow') return change;
  const own = view
    .versionsOf(name)
    .filter((stored) => action === 'new-version' || stored.version === version)
    .flatMap((stored) => view.runsOf(stored));
  return { ...change, touches: [...own, ...view.touchedByWorkflow(name)] };
}

type DefOf = (change: Change) => Record<string, unknown> | undefined;

/**
 * Sorts the changes: task definitions, workflows, event handlers, schedules. So a definition is written after the definitions that it
 * names. Deletions are last, in the reverse order.
 */
function inOrder(changes: readonly Change[], stored: DefOf): Change[] {
  const isDeletion = ({ action }: Change) => action === 'delete';
  const written = sorted(
    changes.filter((change) => !isDeletion(change)),
    ({ def }) => def,
  );
  return [...written, ...sorted(changes.filter(isDeletion), stored).reverse()];
}

function sorted(changes: readonly Change[], defOf: DefOf): Change[] {
  return kinds.flatMap((kind) => {
    const some = changes.filter((change) => change.kind === kind);
    return kind === 'workflow' ? calleesFirst(some, defOf) : some;
  });
}

/**
 * Sorts workflows so that a workflow is written after the workflows that it names. If workflows name each other in a circle, the first of
 * them is written last: the server accepts names that do not exist yet.
 */
function calleesFirst(changes: readonly Change[], defOf: DefOf): Change[] {
  const byName = Map.groupBy(changes, ({ name }) => name);
  const done = new Set<Change>();
  const entered = new Set<Change>();
  const enter = (change: Change) => {
    if (entered.has(change)) return;
    entered.add(change);
    for (const { name } of pinsIn(defOf(change) ?? {})) byName.get(name)?.forEach(enter);
    done.add(change);
  };
  changes.forEach(enter);
  return [...done];
}
