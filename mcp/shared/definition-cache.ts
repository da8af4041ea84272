import type { Conductor } from '../../core/conductor/api.ts';
import type { StoredWorkflowDef, WorkflowVersion } from '../../core/conductor/types.ts';

/** A definition may be used for so long without being read again whole. */
const LIFETIME_MS = 3_600_000;
/** How long a look at all versions is trusted: a change by another process is seen when it is over. */
const TRUSTED_MS = 2000;
/** Definitions kept at once; the one that was used least recently goes first. */
const CAPACITY = 500;

/** Every registered name with its versions, lowest first. */
export type DefinitionIndex = ReadonlyMap<string, readonly WorkflowVersion[]>;

/** The registered workflow definitions as every tool sees them. */
export interface Definitions {
  /** The stored definition; the highest version if none is named. @throws FleetError `not-found` */
  get(name: string, version?: number): Promise<StoredWorkflowDef>;
  /** All names and versions, at most two seconds old; `fresh` where the names themselves are the answer. */
  index(options?: { fresh?: boolean }): Promise<DefinitionIndex>;
  /** For whoever has changed or deleted a definition: the next `get` and `index` ask the server. */
  changed(name: string): void;
}

interface Entry {
  readonly def: StoredWorkflowDef;
  readonly readAt: number;
}

interface Look {
  readonly at: number;
  readonly index: Promise<DefinitionIndex>;
}

/**
 * What all calls of a process share of the definitions. It holds copies, the server's are the truth:
 * 1. A copy is used for an hour at most, and only while the server's version was stored at the same moment as the copy.
 * 2. That is checked by one small look at all versions, which serves every call of the next two seconds.
 * 3. A change by a tool of this process counts at once.
 */
export class DefinitionCache {
  readonly #entries = new Map<string, Entry>();
  readonly #looks = new Map<string, Look>();
  readonly #listeners = new Set<() => void>();
  readonly #now: () => number;
  readonly #signal: AbortSignal | undefined;

  /**
   * @param now milliseconds of a clock that never goes back
   * @param signal ends the looks that calls share; without it they would outlive the process's last client
   */
  constructor(now: () => number, signal?: AbortSignal) {
    this.#now = now;
    this.#signal = signal;
  }

  /** The definitions over one connection to the server. `signal` ends a call's own reading, not a look that others share. */
  over(conductor: Conductor, signal: AbortSignal): Definitions {
    return {
      get: (name, version) => this.#get(conductor, signal, name, version),
      index: ({ fresh = false } = {}) => this.#index(conductor, fresh),
      changed: (name) => this.#forget(name),
    };
  }

  /** Calls back when a tool of this process has changed a definition. Returns what ends that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async #get(
    conductor: Conductor,
    signal: AbortSignal,
    name: string,
    version: number | undefined,
  ): Promise<StoredWorkflowDef> {
    const key = JSON.stringify([conductor.serverUrl, name, version ?? 'highest']);
    const entry = this.#entries.get(key);
    const time = this.#now();
    if (entry && time - entry.readAt < LIFETIME_MS && (await this.#isCurrent(conductor, entry.def, version))) {
      this.#keep(key, entry);
      return entry.def;
    }
    this.#entries.delete(key);
    const def = await conductor.withSignal(signal).getWorkflowDef(name, version);
    this.#keep(key, { def, readAt: time });
    return def;
  }

  async #isCurrent(conductor: Conductor, def: StoredWorkflowDef, version: number | undefined): Promise<boolean> {
    const versions = (await this.#index(conductor)).get(def.name) ?? [];
    const stored = version === undefined ? versions.at(-1) : versions.find((one) => one.version === version);
    return stored !== undefined && stored.version === def.version && stored.updateTime === def.updateTime;
  }

  #index(conductor: Conductor, fresh = false): Promise<DefinitionIndex> {
    const { serverUrl } = conductor;
    const time = this.#now();
    const last = this.#looks.get(serverUrl);
    if (!fresh && last && time - last.at < TRUSTED_MS) return last.index;
    const ending = this.#signal ? conductor.withSignal(this.#signal) : conductor;
    const look = { at: time, index: readIndex(ending) };
    this.#looks.set(serverUrl, look);
    // A look that failed is not the answer of the next two seconds.
    look.index.catch(() => {
      if (this.#looks.get(serverUrl) === look) this.#looks.delete(serverUrl);
    });
    return look.index;
  }

  #keep(key: string, entry: Entry): void {
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > CAPACITY && oldest !== undefined) this.#entries.delete(oldest);
  }

  #forget(name: string): void {
    for (const [key, { def }] of this.#entries) if (def.name === name) this.#entries.delete(key);
    this.#looks.clear();
    for (const listener of this.#listeners) listener();
  }
}

async function readIndex(conductor: Conductor): Promise<DefinitionIndex> {
  const all = await conductor.listWorkflowVersions();
  const byVersion = (versions: readonly WorkflowVersion[]) => [...versions].sort((a, b) => a.version - b.version);
  return new Map(Object.entries(all).map(([name, versions]) => [name, byVersion(versions)]));
}
