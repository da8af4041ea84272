import { type Break, breaks } from '../compare/breaks.ts';
import { canonicalWorkflow } from '../compare/canonical.ts';
import { contentOf } from '../kinds.ts';
import { workflowStamp } from '../stamp.ts';
import { replacePins } from './pins.ts';
import { keyOf, type ServerView, type VersionedDef } from './server-view.ts';

/**
 * A workflow in code with the version that it has, or will get, on the server.
 *
 * 1. On the server, a workflow has its version in code, or a version whose stamp names the version in code (`standsFor`).
 * 2. A changed workflow replaces its stored version, unless this would break a running execution. Then it gets the version after the
 *    highest version on the server.
 * 3. A definition may pin the version in code of another workflow. It is registered with the version that this workflow has on the server.
 * 4. A change that results only from rule 3 breaks nothing. So rule 2 can be decided before rule 3.
 */
export interface PlacedWorkflow {
  /** The definition to register: its own version and the versions that it pins are those on the server. */
  def: VersionedDef;
  versionInCode: number;
  /** The stored definition that `def` would replace. */
  current: VersionedDef | undefined;
  /** Why the workflow needs a new version; empty if it does not need one. */
  reasons: readonly string[];
  /** Versions that must have no running executions when the stored version is replaced, because the replacement would break them. */
  idle: readonly string[];
}

type MayReplace = (stored: VersionedDef) => boolean;

export function placeWorkflows(
  ours: readonly VersionedDef[],
  view: ServerView,
  mayReplace: MayReplace,
): PlacedWorkflow[] {
  const before = new Map(ours.map((def) => [keyOf(def), versionNow(def, view)]));
  const placed = ours.map((def) => ({ inCode: def, ...placeOne(def, before, view, mayReplace) }));
  const after = new Map(placed.map(({ inCode, version }) => [keyOf(inCode), version]));
  return placed.map(({ inCode, version, current, reasons = [], idle = [] }) => {
    const def = { ...withServerVersions(inCode, after), version };
    return { def, versionInCode: inCode.version, current, reasons, idle };
  });
}

/** Replaces the versions in code that a definition pins by the versions on the server. */
export function withServerVersions<D extends Record<string, unknown>>(
  def: D,
  versions: ReadonlyMap<string, number>,
): D {
  return replacePins(def, (name, version) => versions.get(keyOf({ name, version })) ?? version);
}

type Place = Pick<VersionedDef, 'version'> & { current: VersionedDef | undefined } & Partial<
    Pick<PlacedWorkflow, 'reasons' | 'idle'>
  >;

function placeOne(
  inCode: VersionedDef,
  versions: ReadonlyMap<string, number>,
  view: ServerView,
  mayReplace: MayReplace,
): Place {
  const current = storedFor(inCode, view);
  const version = versions.get(keyOf(inCode)) ?? inCode.version;
  if (!current) return { version, current };
  const ours = { ...withServerVersions(inCode, versions), version };
  if (contentOf('workflow', ours) === contentOf('workflow', current) || !mayReplace(current))
    return { version, current };
  const found = breaks(canonicalWorkflow(current), canonicalWorkflow(ours));
  if (found.length === 0) return { version, current };
  const breaksCallers = found.some(({ what }) => what === 'contract');
  if (isNeeded(current, breaksCallers, view)) {
    return { version: highest(inCode.name, view) + 1, current, reasons: found.map(({ reason }: Break) => reason) };
  }
  const callers = breaksCallers ? view.parentsOf(current.name).map(keyOf) : [];
  return { version, current, idle: [keyOf(current), ...callers] };
}

/** True if the change would break a running execution. */
function isNeeded(current: VersionedDef, breaksCallers: boolean, view: ServerView): boolean {
  if (view.running(current).length > 0) return true;
  return breaksCallers && view.touchedByWorkflow(current.name).some(({ how }) => how === 'sub-workflow');
}

/** The stored definition of a workflow in code. */
function storedFor({ name, version }: VersionedDef, view: ServerView): VersionedDef | undefined {
  return view.versionsOf(name).findLast((stored) => (workflowStamp(stored)?.standsFor ?? stored.version) === version);
}

/** The stored version. If there is none, the version in code, or the next free version if another definition has this number. */
function versionNow(def: VersionedDef, view: ServerView): number {
  const stored = storedFor(def, view);
  if (stored) return stored.version;
  const isTaken = view.versionsOf(def.name).some(({ version }) => version === def.version);
  return isTaken ? highest(def.name, view) + 1 : def.version;
}

function highest(name: string, view: ServerView): number {
  return Math.max(0, ...view.versionsOf(name).map(({ version }) => version));
}
