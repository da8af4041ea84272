import type { Conductor } from '../../core/conductor/api.ts';
import type { StoredWorkflowDef, WorkflowVersion } from '../../core/conductor/types.ts';

/** How long a copy of a definition is used before it is read again. */
const LIFETIME_MS = 3_600_000;
/** How long the index of all versions is trusted. A change by another process is seen after this time. */
const INDEX_LIFETIME_MS = 2000;
/** Definitions kept at once; the least recently used is dropped first. */
const CAPACITY = 500;

/** Every registered name with its versions, lowest first. */
export type DefinitionIndex = ReadonlyMap<string, readonly WorkflowVersion[]>;

/** The registered workflow definitions as every tool sees them. */
export interface Definitions {
  /** The stored definition. Without `version`, the highest version. @throws FleetError `not-found` */
  get(name: string, version?: number): Promise<StoredWorkflowDef>;
  /** All names and versions. They are at most two seconds old; `fresh` reads them now. */
  index(options?: { fresh?: boolean }): Promise<DefinitionIndex>;
  /** Call this after changing or deleting a definition: the next `get` and `index` then ask the server. */
  changed(name: string): void;
}

interface Entry {
  readonly def: StoredWorkflowDef;
  readonly readAt: number;
}

interface IndexRead {
  readonly at: number;
  readonly index: Promise<DefinitionIndex>;
}

/**
 * Copies of workflow definitions that all calls of a process share. The server holds the truth:
 * 1. A copy is used for at most an hour, and only while its version and update time equal those in the index.
 * 2. The index is one small request for all versions. Every call of the next two seconds uses its answer.
 * 3. A change by a tool of this process is seen at once.
 */
export class DefinitionCache {
  readonly #entries = new Map<string, Entry>();
  readonly #indexReads = new Map<string, IndexRead>();
  readonly #listeners = new Set<() => void>();
  readonly #now: () => number;
  readonly #signal: AbortSignal | undefined;

  /**
   * @param now milliseconds of a monotonic clock
   * @param signal ends index reads, which all calls share. Without it, a read could outlive the last client
   */
  constructor(now: () => number, signal?: AbortSignal) {
    this.#now = now;
    this.#signal = signal;
  }

  /** The definitions over one connection to the server. `signal` ends this call's own reads, not an index read that others share. */
  over(conductor: Conductor, signal: AbortSignal): Definitions {
    return {
      get: (name, version) => this.#get(conductor, signal, name, version),
      index: ({ fresh = false } = {}) => this.#index(conductor, fresh),
      changed: (name) => this.#forget(name),
    };
  }

  /** Calls `listener` after a tool of this process has changed a definition. Returns a function that removes it. */
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
    const last = this.#indexReads.get(serverUrl);
    if (!fresh && last && time - last.at < INDEX_LIFETIME_MS) return last.index;
    const read = { at: time, index: readIndex(this.#signal ? conductor.withSignal(this.#signal) : conductor) };
    this.#indexReads.set(serverUrl, read);
    // A failed read is dropped. Otherwise every call of the next two seconds would get its error.
    read.index.catch(() => {
      if (this.#indexReads.get(serverUrl) === read) this.#indexReads.delete(serverUrl);
    });
    return read.index;
  }

  #keep(key: string, entry: Entry): void {
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > CAPACITY && oldest !== undefined) this.#entries.delete(oldest);
  }

  #forget(name: string): void {
    for (const [key, { def }] of this.#entries) if (def.name === name) this.#entries.delete(key);
    this.#indexReads.clear();
    for (const listener of this.#listeners) listener();
  }
}

async function readIndex(conductor: Conductor): Promise<DefinitionIndex> {
  const all = await conductor.listWorkflowVersions();
  const byVersion = (versions: readonly WorkflowVersion[]) => [...versions].sort((a, b) => a.version - b.version);
  return new Map(Object.entries(all).map(([name, versions]) => [name, byVersion(versions)]));
}
