import type { WorkflowTask } from '../../../core/conductor/types.ts';
import { walk } from '../../model/walk.ts';
import type { Touch } from '../change.ts';
import type { Kind } from '../kinds.ts';
import { type Pin, pinsIn } from './pins.ts';

export type Def = Record<string, unknown> & { name: string };
export type VersionedDef = Def & { version: number };

/** Definitions by kind. Those of the server include every version of every workflow. */
export interface Definitions {
  task: readonly Def[];
  workflow: readonly VersionedDef[];
  'event-handler': readonly Def[];
  schedule: readonly Def[];
}

export interface ServerState {
  defs: Definitions;
  /** Ids of running executions by `name@version`, for the versions about which the server was asked. */
  running: ReadonlyMap<string, readonly string[]>;
}

/** `OrderProcessing@2`. */
export function keyOf({ name, version }: { name: string; version: number }): string {
  return `${name}@${version}`;
}

/**
 * The server's definitions and their running executions. If the executions of a version are not known yet, the version is added to `asks`.
 */
export class ServerView {
  readonly defs: Definitions;
  readonly asks = new Set<string>();
  readonly #running: ServerState['running'];
  readonly #versions: ReadonlyMap<string, readonly VersionedDef[]>;
  /** The definitions that name a workflow, and those that use a task. Made at the first call, because most decisions need neither. */
  #pinners: NamedBy<Pin['how']> | undefined;
  #users: NamedBy<'task'> | undefined;

  constructor({ defs, running }: ServerState) {
    this.defs = defs;
    this.#running = running;
    this.#versions = Map.groupBy(defs.workflow, ({ name }) => name);
  }

  find(kind: Exclude<Kind, 'workflow'>, name: string): Def | undefined {
    return this.defs[kind].find((def) => def.name === name);
  }

  /** Every version, lowest first. */
  versionsOf(name: string): readonly VersionedDef[] {
    return (this.#versions.get(name) ?? []).toSorted((a, b) => a.version - b.version);
  }

  /** Ids of the running executions of a version. */
  running(def: Pick<VersionedDef, 'name' | 'version'>): readonly string[] {
    const ids = this.#running.get(keyOf(def));
    if (!ids) this.asks.add(keyOf(def));
    return ids ?? [];
  }

  /** The running executions of a version, as a list of one touch; an empty list if there are none. */
  runsOf(def: Pick<VersionedDef, 'name' | 'version'>): Touch[] {
    return this.#touches([{ def, how: 'runs' }]);
  }

  /** Every version of every workflow that runs this workflow as a sub-workflow, in any version. */
  parentsOf(name: string): readonly VersionedDef[] {
    return this.#namesWorkflow(name).flatMap(({ def, how }) => (how === 'sub-workflow' ? [def] : []));
  }

  /** Every version of every workflow with a task of this name. */
  usersOf(task: string): readonly VersionedDef[] {
    return this.#usesTask(task).map(({ def }) => def);
  }

  /**
   * Running executions of workflows that name this workflow. The named version is ignored, because it may have been different when the
   * execution started.
   */
  touchedByWorkflow(name: string): Touch[] {
    return this.#touches(this.#namesWorkflow(name));
  }

  /** Running executions of workflows with a task of this name. */
  touchedByTask(name: string): Touch[] {
    return this.#touches(this.#usesTask(name));
  }

  #namesWorkflow(name: string) {
    this.#pinners ??= namedBy(this.defs.workflow, (def) => pinsIn(def).map((pin) => [pin.name, pin.how] as const));
    return this.#pinners.get(name) ?? [];
  }

  #usesTask(name: string) {
    this.#users ??= namedBy(this.defs.workflow, (def) => taskNames(def).map((task) => [task, 'task'] as const));
    return this.#users.get(name) ?? [];
  }

  #touches(found: readonly { def: Pick<VersionedDef, 'name' | 'version'>; how: Touch['how'] }[]): Touch[] {
    return found
      .map(({ def, how }) => ({ how, workflow: def.name, version: def.version, ids: [...this.running(def)] }))
      .filter(({ ids }) => ids.length > 0);
  }
}

/** The names of all tasks of a definition: tasks of workers, and tasks with a policy. */
export function taskNames(def: Def): string[] {
  const tasks = Array.isArray(def.tasks) ? (def.tasks as WorkflowTask[]) : [];
  return [...new Set([...walk(tasks)].map(({ task }) => task.name))];
}

type NamedBy<H> = ReadonlyMap<string, readonly { def: VersionedDef; how: H }[]>;

function namedBy<H>(
  defs: readonly VersionedDef[],
  namesIn: (def: VersionedDef) => readonly (readonly [name: string, how: H])[],
): NamedBy<H> {
  const found = new Map<string, { def: VersionedDef; how: H }[]>();
  for (const def of defs) {
    for (const [name, how] of namesIn(def)) {
      const known = found.get(name) ?? [];
      if (!known.some((one) => one.def === def && one.how === how)) found.set(name, [...known, { def, how }]);
    }
  }
  return found;
}
