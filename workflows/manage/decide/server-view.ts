import type { WorkflowTask } from '../../../core/conductor/types.ts';
import { walk } from '../../model/walk.ts';
import type { Touch } from '../change.ts';
import type { Kind } from '../kinds.ts';
import { type Pin, pinsIn } from './pins.ts';

export type Def = Record<string, unknown> & { name: string };
export type VersionedDef = Def & { version: number };

/** Definitions by kind; on the server's side every version of every workflow. */
export interface Definitions {
  task: readonly Def[];
  workflow: readonly VersionedDef[];
  'event-handler': readonly Def[];
  schedule: readonly Def[];
}

export interface ServerState {
  defs: Definitions;
  /** Ids of running executions by `name@version`, as far as they were asked for. */
  running: ReadonlyMap<string, readonly string[]>;
}

/** The server as a plan looks at it. What it needs to know about running executions and is not told yet collects in `asks`. */
export interface View {
  readonly defs: Definitions;
  readonly asks: ReadonlySet<string>;
  find(kind: Exclude<Kind, 'workflow'>, name: string): Def | undefined;
  /** Every version, lowest first. */
  versionsOf(name: string): readonly VersionedDef[];
  running(def: Pick<VersionedDef, 'name' | 'version'>): readonly string[];
  /** Every version of every workflow that runs this one, whatever the version. */
  parentsOf(name: string): readonly VersionedDef[];
  /** Every version of every workflow with a task of that name. */
  usersOf(task: string): readonly VersionedDef[];
  /** Who has running executions that name this workflow, whatever the version: a definition may have named another one when they started. */
  touchedByWorkflow(name: string): Touch[];
  /** Who has running executions with a task of that name. */
  touchedByTask(name: string): Touch[];
}

/** `OrderProcessing@2`. */
export function keyOf({ name, version }: { name: string; version: number }): string {
  return `${name}@${version}`;
}

export function viewOf({ defs, running: known }: ServerState): View {
  const asks = new Set<string>();
  const versions = Map.groupBy(defs.workflow, ({ name }) => name);
  const pinners = new Lazy(() => index(defs.workflow, (def) => pinsIn(def).map((pin) => [pin.name, pin.how] as const)));
  const users = new Lazy(() => index(defs.workflow, (def) => taskNames(def).map((name) => [name, 'task'] as const)));
  const running: View['running'] = (def) => {
    const ids = known.get(keyOf(def));
    if (!ids) asks.add(keyOf(def));
    return ids ?? [];
  };
  const touches = (found: readonly Naming<Pin['how'] | 'task'>[] = []): Touch[] =>
    found
      .map(({ def, how }) => ({
        how: how === 'pin' ? ('sub-workflow' as const) : how,
        workflow: def.name,
        version: def.version,
        ids: [...running(def)],
      }))
      .filter(({ ids }) => ids.length > 0);
  return {
    defs,
    asks,
    find: (kind, name) => defs[kind].find((def) => def.name === name),
    versionsOf: (name) => (versions.get(name) ?? []).toSorted((a, b) => a.version - b.version),
    running,
    parentsOf: (name) => (pinners.value.get(name) ?? []).filter(({ how }) => how === 'pin').map(({ def }) => def),
    usersOf: (task) => (users.value.get(task) ?? []).map(({ def }) => def),
    touchedByWorkflow: (name) => touches(pinners.value.get(name)),
    touchedByTask: (name) => touches(users.value.get(name)),
  };
}

/** The names of all tasks of a definition: those of workers and of policies. */
export function taskNames(def: Def): string[] {
  const tasks = Array.isArray(def.tasks) ? (def.tasks as WorkflowTask[]) : [];
  return [...new Set([...walk(tasks)].map(({ task }) => task.name))];
}

interface Naming<H> {
  def: VersionedDef;
  how: H;
}

function index<H>(
  defs: readonly VersionedDef[],
  namesIn: (def: VersionedDef) => readonly (readonly [string, H])[],
): Map<string, Naming<H>[]> {
  const found = new Map<string, Naming<H>[]>();
  for (const def of defs) {
    for (const [name, how] of namesIn(def)) {
      const known = found.get(name) ?? [];
      if (!known.some((one) => one.def === def && one.how === how)) found.set(name, [...known, { def, how }]);
    }
  }
  return found;
}

/** Only a change makes anybody look for who names a definition. */
class Lazy<T> {
  #value: { is: T } | undefined;
  readonly #make: () => T;

  constructor(make: () => T) {
    this.#make = make;
  }

  get value(): T {
    this.#value ??= { is: this.#make() };
    return this.#value.is;
  }
}
