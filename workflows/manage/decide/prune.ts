import { type Change, labelOf } from '../change.ts';
import { contentOf, isAsStamped, type Kind, kindOf, kinds } from '../kinds.ts';
import type { DecideOptions } from './decide-changes.ts';
import { pinsIn } from './pins.ts';
import { type Def, keyOf, type ServerView, taskNames } from './server-view.ts';

/**
 * Decides what happens to definitions that carry our stamp and are no longer in code. With `prune` they are deleted, except
 * - a definition that was changed on the server, unless `overwrite` is given
 * - a definition that has running executions, or that running executions may look up
 * - a definition that another definition names, if that other definition stays
 */
export function prune(decided: readonly Change[], fleet: string, view: ServerView, options: DecideOptions): Change[] {
  const known = new Set(decided.map(idOf));
  const candidates = kinds.flatMap((kind) =>
    view.defs[kind]
      .filter((def) => kindOf[kind].stampOf(def)?.fleet === fleet)
      .map((def): Candidate => ({ def, change: leftover(kind, def) }))
      .filter(({ change }) => !known.has(idOf(change))),
  );
  if (!options.prune) return candidates.map(({ change }) => change);
  const highest = highestVersions(decided, view);
  const judged = candidates.map((candidate) => judge(candidate, view, highest, options.overwrite === true));
  return keepReferred(judged, decided, view, highest).map(({ change }) =>
    change.action === 'left' ? deletion(change, view) : change,
  );
}

interface Candidate {
  /** The definition on the server. */
  def: Def;
  change: Change;
}

/** A definition that may name other definitions. */
interface User {
  kind: Kind;
  def: Record<string, unknown>;
}

type Highest = ReadonlyMap<string, number>;

function leftover(kind: Kind, def: Def): Change {
  const which = { kind, name: def.name, ...versionOf(def) };
  const base = { ...which, was: contentOf(kind, def), differences: [], reasons: [], touches: [], idle: [] };
  return { ...base, action: 'left', notice: 'It is no longer in code. `--prune` deletes it.' };
}

function deletion({ notice: _, ...change }: Change, view: ServerView): Change {
  return { ...change, action: 'delete', idle: lookedUpBy(change, view) };
}

function judge({ def, change }: Candidate, view: ServerView, highest: Highest, overwrite: boolean): Candidate {
  const { notice: _, ...rest } = change;
  if (!overwrite && !isAsStamped(change.kind, def)) {
    const notice = 'It is no longer in code, and was changed on the server. `--prune --overwrite` deletes it.';
    return { def, change: { ...rest, action: 'keep', notice } };
  }
  const touches = touchesOf(change, view, highest);
  if (touches.length === 0) return { def, change };
  const reasons = touches.map(({ workflow, version, ids }) => `${ids.length} running of ${workflow} v${version}`);
  return { def, change: { ...rest, action: 'in-use', touches, reasons } };
}

/** Keeps each candidate to which a remaining definition refers. Repeats this until no further candidate has to be kept. */
function keepReferred(
  candidates: readonly Candidate[],
  decided: readonly Change[],
  view: ServerView,
  highest: Highest,
) {
  const staying = usersThatStay(candidates, decided, view);
  for (let now = [...candidates]; ; ) {
    const kept = now.filter(({ change }) => change.action !== 'left');
    const users = [...staying, ...kept.map(({ def, change: { kind } }) => ({ kind, def }))];
    const next = now.map((candidate): Candidate => {
      const { notice: _, ...change } = candidate.change;
      const user = change.action === 'left' ? users.find(({ def }) => refersTo(def, change, highest)) : undefined;
      if (!user) return candidate;
      const label = labelOf({ kind: user.kind, name: String(user.def.name), ...versionOf(user.def) });
      return { ...candidate, change: { ...change, action: 'in-use', reasons: [`${label} refers to it`] } };
    });
    if (next.every((candidate, index) => candidate === now[index])) return next;
    now = next;
  }
}

/** The definitions that stay: those in code as they will be, and stored definitions that are not candidates. */
function usersThatStay(candidates: readonly Candidate[], decided: readonly Change[], view: ServerView): User[] {
  const replaced = new Set(decided.filter(({ def }) => def).map(idOf));
  const leaving = new Set(candidates.map(({ change }) => idOf(change)));
  const stored = kinds.flatMap((kind) => view.defs[kind].map((def): User => ({ kind, def })));
  const id = ({ kind, def }: User) => idOf({ kind, name: String(def.name), ...versionOf(def) });
  return [
    ...decided.flatMap(({ kind, def }) => (def ? [{ kind, def }] : [])),
    ...stored.filter((user) => !replaced.has(id(user)) && !leaving.has(id(user))),
  ];
}

function refersTo(def: Record<string, unknown>, { kind, name, version }: Change, highest: Highest): boolean {
  if (kind === 'task') return taskNames(def as Def).includes(name);
  if (kind !== 'workflow') return false;
  return pinsIn(def).some((pin) => pin.name === name && (pin.version ?? highest.get(name)) === version);
}

function touchesOf({ kind, name, version = 0 }: Change, view: ServerView, highest: Highest): Change['touches'] {
  if (kind === 'task') return view.touchedByTask(name);
  if (kind !== 'workflow') return [];
  const runs = view.runsOf({ name, version });
  const others = view.touchedByWorkflow(name).filter(({ workflow }) => workflow !== name);
  return [...runs, ...others.filter(({ how }) => how === 'sub-workflow' || highest.get(name) === version)];
}

/** Versions whose executions may look up the definition, as `name@version`. */
function lookedUpBy({ kind, name, version = 0 }: Change, view: ServerView): string[] {
  if (kind === 'task') return view.usersOf(name).map(keyOf);
  return kind === 'workflow' ? [keyOf({ name, version }), ...view.parentsOf(name).map(keyOf)] : [];
}

function highestVersions(decided: readonly Change[], view: ServerView): Highest {
  const all = [...view.defs.workflow, ...decided.map(({ name, version = 0 }) => ({ name, version }))];
  return new Map(
    [...Map.groupBy(all, ({ name }) => name)].map(([name, some]) => [
      name,
      Math.max(...some.map(({ version }) => version)),
    ]),
  );
}

function versionOf({ version }: Record<string, unknown>): { version?: number } {
  return typeof version === 'number' ? { version } : {};
}

function idOf({ kind, name, version }: Pick<Change, 'kind' | 'name' | 'version'>): string {
  return `${kind} ${name}@${version ?? ''}`;
}
