import type { ServerEvent, ServerEventBus } from '@modelcontextprotocol/server';

/** What clients that asked for it are told, on every open connection of this process. */
export interface Changes {
  toolsChanged(): void;
  promptsChanged(): void;
  resourcesChanged(): void;
  /** Those that subscribed to exactly this address. */
  resourceUpdated(uri: string): void;
}

/** Looks after addresses while somebody is subscribed to them, because Conductor itself tells nobody of a change. */
export interface Watcher {
  /** Starts to look after `uri` and returns what ends that; undefined where it is none of this watcher's. */
  watch(uri: string, changed: () => void): (() => void) | undefined;
}

interface Watched {
  subscribers: number;
  readonly end: () => void;
}

/**
 * The changes of one process and who hears of them. Nothing travels between processes: each looks at Conductor for what its own
 * clients subscribed to, so any number of them can run without knowing of each other.
 */
export class ChangeBus implements Changes, ServerEventBus {
  readonly #listeners = new Set<(event: ServerEvent) => void>();
  readonly #watchers: Watcher[] = [];
  readonly #watched = new Map<string, Watched>();
  readonly #starts: (() => () => void)[] = [];
  #stops: (() => void)[] = [];

  toolsChanged(): void {
    this.publish({ kind: 'tools_list_changed' });
  }

  promptsChanged(): void {
    this.publish({ kind: 'prompts_list_changed' });
  }

  resourcesChanged(): void {
    this.publish({ kind: 'resources_list_changed' });
  }

  resourceUpdated(uri: string): void {
    this.publish({ kind: 'resource_updated', uri });
  }

  /** Has `watcher` look after what clients subscribe to from now on. */
  addWatcher(watcher: Watcher): void {
    this.#watchers.push(watcher);
  }

  /** Has something run while anybody can hear of changes at all: `start` begins it and returns what ends it. */
  whileHeard(start: () => () => void): void {
    this.#starts.push(start);
    if (this.#listeners.size > 0) this.#stops.push(start());
  }

  publish(event: ServerEvent): void {
    for (const listener of [...this.#listeners]) listener(event);
  }

  subscribe(listener: (event: ServerEvent) => void): () => void {
    this.#listeners.add(listener);
    if (this.#listeners.size === 1) this.#stops = this.#starts.map((start) => start());
    return () => {
      if (!this.#listeners.delete(listener) || this.#listeners.size > 0) return;
      for (const stop of this.#stops.splice(0)) stop();
    };
  }

  /** Somebody subscribed to `uri`. Returns what ends the subscription; only its first call counts. */
  follow(uri: string): () => void {
    const watched = this.#watched.get(uri) ?? this.#start(uri);
    watched.subscribers += 1;
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      watched.subscribers -= 1;
      if (watched.subscribers > 0) return;
      this.#watched.delete(uri);
      watched.end();
    };
  }

  #start(uri: string): Watched {
    const changed = () => this.resourceUpdated(uri);
    const ends = this.#watchers.flatMap((watcher) => watcher.watch(uri, changed) ?? []);
    const watched = {
      subscribers: 0,
      end() {
        for (const end of ends) end();
      },
    };
    this.#watched.set(uri, watched);
    return watched;
  }
}
