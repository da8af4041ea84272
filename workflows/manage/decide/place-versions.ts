import type { Touch } from '../change.ts';
import { type Break, breaks } from '../compare/breaks.ts';
import { canonicalWorkflow } from '../compare/canonical.ts';
import { keyOf, type VersionedDef, type View } from './server-view.ts';
import { contentOf } from '../kinds.ts';
import { repinned } from './pins.ts';
import { workflowStamp } from '../stamp.ts';

/**
 * Under which version each of our workflows is, or will be, on the server.
 *
 * 1. A workflow is looked for under the version it has in code, or under the version whose stamp says that it stands for that one.
 * 2. One that has changed is replaced in place, unless something that runs would break: then it becomes the version after the highest.
 * 3. Whoever pins the version it has in code is registered with the version it has on the server.
 * 4. What changes by 3 alone breaks nobody, so 2 can be decided before 3.
 */
export interface Placed {
  /** With the versions that it pins as they are on the server, and its own. */
  def: VersionedDef;
  declared: number;
  /** What the server has in its place. */
  current: VersionedDef | undefined;
  /** Why it needs a new version; empty if it does not. */
  reasons: readonly string[];
  /** Versions that must stay without running executions, because it replaces what they need. */
  idle: readonly string[];
}

type MayReplace = (stored: VersionedDef) => boolean;

interface Draft {
  declared: VersionedDef;
  current: VersionedDef | undefined;
  version: number;
  reasons: readonly string[];
  idle: readonly string[];
}

export function place(ours: readonly VersionedDef[], view: View, mayReplace: MayReplace): Placed[] {
  const first = new Map(ours.map((def) => [keyOf(def), currentVersion(def, view)]));
  const drafts = ours.map((def) => draft(def, first, view, mayReplace));
  const final = new Map(drafts.map(({ declared, version }) => [keyOf(declared), version]));
  return drafts.map(({ declared, version, ...rest }) => ({
    ...rest,
    declared: declared.version,
    def: { ...pinnedTo(final, declared), version },
  }));
}

/** A schedule or an event handler with the versions that our workflows have on the server. */
export function pinnedTo<D extends Record<string, unknown>>(versions: ReadonlyMap<string, number>, def: D): D {
  return repinned(def, (name, version) => versions.get(keyOf({ name, version })) ?? version);
}

function draft(declared: VersionedDef, first: ReadonlyMap<string, number>, view: View, mayReplace: MayReplace): Draft {
  const current = currentOf(declared, view);
  const version = first.get(keyOf(declared)) ?? declared.version;
  const same: Draft = { declared, current, version, reasons: [], idle: [] };
  if (!current) return same;
  const ours = { ...pinnedTo(first, declared), version };
  if (contentOf('workflow', ours) === contentOf('workflow', current)) return same;
  if (!mayReplace(current)) return same;
  const found = breaks(canonicalWorkflow(current), canonicalWorkflow(ours));
  if (found.length === 0) return same;
  const needed = neededBy(current, found, view);
  if (needed.length === 0) return { ...same, idle: mayNeed(current, found, view) };
  return { ...same, version: highest(declared.name, view) + 1, reasons: found.map(({ reason }) => reason) };
}

/** What runs and would break. */
function neededBy(current: VersionedDef, found: readonly Break[], view: View): readonly (Touch | string)[] {
  const own = view.running(current);
  if (own.length > 0) return own;
  return found.some(({ what }) => what === 'contract') ? parents(current, view) : [];
}

function mayNeed(current: VersionedDef, found: readonly Break[], view: View): string[] {
  const contract = found.some(({ what }) => what === 'contract');
  return [keyOf(current), ...(contract ? view.parentsOf(current.name).map(keyOf) : [])];
}

function parents({ name }: VersionedDef, view: View): Touch[] {
  return view.touchedByWorkflow(name).filter(({ how }) => how === 'sub-workflow');
}

function currentOf({ name, version }: VersionedDef, view: View): VersionedDef | undefined {
  return view.versionsOf(name).findLast((stored) => (workflowStamp(stored)?.standsFor ?? stored.version) === version);
}

/** Where ours is, or else the version it has in code, or else, where something else stands there, the next free one. */
function currentVersion(def: VersionedDef, view: View): number {
  const current = currentOf(def, view);
  if (current) return current.version;
  const taken = view.versionsOf(def.name).some(({ version }) => version === def.version);
  return taken ? highest(def.name, view) + 1 : def.version;
}

function highest(name: string, view: View): number {
  return Math.max(0, ...view.versionsOf(name).map(({ version }) => version));
}
