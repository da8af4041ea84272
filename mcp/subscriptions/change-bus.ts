import type { ServerEvent, ServerEventBus } from '@modelcontextprotocol/server';
import { SubscriptionLimits } from './subscription-limits.ts';

/** Announces changes to the clients on the open connections of this process. */
export interface Changes {
  toolsChanged(): void;
  promptsChanged(): void;
  resourcesChanged(): void;
  /** Tells the clients that subscribed to exactly this address. */
  resourceUpdated(uri: string): void;
}

/** Watches addresses that have subscribers, because Conductor itself does not announce changes. */
export interface Watcher {
  /** Starts to watch `uri` and returns a function that ends the watching; undefined if `uri` is not for this watcher. */
  watch(uri: string, changed: () => void): (() => void) | undefined;
}

interface Watched {
  subscribers: number;
  readonly end: () => void;
}

/**
 * Carries the changes of one process to its clients. Nothing travels between processes: each process watches in Conductor what its own
 * clients subscribed to. So any number of processes can run without knowing each other.
 */
export class ChangeBus implements Changes, ServerEventBus {
  readonly limits = new SubscriptionLimits();
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

  /** From now on, `watcher` watches the addresses that clients subscribe to. */
  addWatcher(watcher: Watcher): void {
    this.#watchers.push(watcher);
  }

  /** Keeps work running while at least one connection is open. `start` begins the work and returns a function that ends it. */
  whileConnected(start: () => () => void): void {
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

  /** Counts a subscriber of `uri` and returns a function that ends the subscription. Calling the function again does nothing. */
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
