import { FleetError } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import type { Message, Problem } from '../shared/messages.ts';
import { patchOf, type Value } from '../shared/patches.ts';
import type { Topic, TopicContext } from './define-topic.ts';

/*
 * The watcher reads each topic once, however many pages look at it, and reads nothing while no page looks.
 *
 * 1. A topic is watched from its first listener until five seconds after its last one has left. So a reload does not begin anew.
 * 2. A listener first gets the newest value, if there is one. From then on it gets each change.
 * 3. Two readings of one topic never overlap: the pause begins when a reading has ended.
 * 4. After an action, every watched topic is read at once, because the action may have changed it.
 * 5. After a failed reading every listener is told why. The next reading that succeeds sends the whole value again.
 */

/** Makes the context of one reading. */
export type MakeContext = () => Promise<Omit<TopicContext, 'keep' | 'now'>>;
export type Listener = (message: Message) => void;

/** A topic with its parameters, as one kind of caller reads it. */
export interface Watched {
  /** Whose view it is. Callers with the same scope share one reading. */
  readonly scope: string;
  readonly address: string;
  readonly topic: Topic;
  readonly params: unknown;
  readonly context: MakeContext;
}

const LINGER_MS = 5000;
const AFTER_FAILURE_MS = 2000;
const MESSAGE_LIMIT = 2000;

interface Watch {
  readonly watched: Watched;
  readonly listeners: Set<Listener>;
  value?: { readonly at: number; readonly value: Value } | undefined;
  timer?: NodeJS.Timeout;
  isReading: boolean;
  /** True if the present reading may be too old, so that the next one follows at once. */
  isStale: boolean;
}

export class Watcher {
  readonly #log: Logger;
  readonly #watches = new Map<string, Watch>();
  readonly #kept = new Map<string, { readonly until: number; readonly value: Promise<unknown> }>();
  #isClosed = false;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** How many topics are watched. */
  get size(): number {
    return this.#watches.size;
  }

  /** The newest value of a watched topic. */
  latest(watched: Pick<Watched, 'scope' | 'address'>): Message | undefined {
    return this.#watches.get(keyOf(watched))?.value;
  }

  /** Calls `listener` with the newest value and then with each change. Returns a function that ends this. */
  follow(watched: Watched, listener: Listener): () => void {
    const key = keyOf(watched);
    let watch = this.#watches.get(key);
    if (!watch) {
      watch = { listeners: new Set(), isReading: false, isStale: false, watched };
      this.#watches.set(key, watch);
      void this.#turn(watch);
    }
    const { listeners, value } = watch;
    listeners.add(listener);
    if (value) listener(value);
    return () => void listeners.delete(listener);
  }

  /** Reads every topic that somebody looks at again, now. */
  refresh(): void {
    this.#kept.clear();
    for (const watch of this.#watches.values()) {
      if (watch.isReading) watch.isStale = true;
      else if (watch.listeners.size > 0) {
        clearTimeout(watch.timer);
        void this.#turn(watch);
      }
    }
  }

  /** Reads a topic once. @throws what the reader throws */
  async read({ scope, topic, params, context }: Watched): Promise<{ at: number; value: Value }> {
    const at = Date.now();
    const keep: TopicContext['keep'] = (name, forMs, read) => this.#keep(JSON.stringify([scope, name]), forMs, read);
    const value = await topic.read(params, { ...(await context()), now: at, keep });
    return { at, value: JSON.parse(JSON.stringify(value)) as Value }; // as pages get it
  }

  close(): void {
    this.#isClosed = true;
    for (const { timer } of this.#watches.values()) clearTimeout(timer);
    this.#watches.clear();
  }

  async #turn(watch: Watch): Promise<void> {
    const { watched } = watch;
    let pause = AFTER_FAILURE_MS;
    watch.isReading = true;
    watch.isStale = false;
    try {
      const read = await this.read(watched);
      this.#tell(watch, read);
      pause = watched.topic.everyMs?.(read.value) ?? LINGER_MS;
    } catch (error) {
      watch.value = undefined;
      const message = { at: Date.now(), error: problemOf(error, this.#log) };
      for (const listener of watch.listeners) listener(message);
    }
    watch.isReading = false;
    if (this.#isClosed) return;
    watch.timer = setTimeout(() => this.#again(watch), watch.isStale ? 0 : pause).unref();
  }

  #tell(watch: Watch, read: { at: number; value: Value }): void {
    const { value: before, listeners } = watch;
    const patch = before && patchOf(before.value, read.value);
    watch.value = read;
    if (before && !patch) return;
    const message: Message = patch ? { at: read.at, patch } : read;
    for (const listener of listeners) listener(message);
  }

  #again(watch: Watch): void {
    if (watch.listeners.size > 0) return void this.#turn(watch);
    watch.timer = setTimeout(() => {
      if (watch.listeners.size > 0) void this.#turn(watch);
      else this.#watches.delete(keyOf(watch.watched));
    }, LINGER_MS).unref();
  }

  #keep<T>(name: string, forMs: number, read: () => Promise<T>): Promise<T> {
    const now = Date.now();
    const kept = this.#kept.get(name);
    if (kept && kept.until > now) return kept.value as Promise<T>; // only this method writes the map, under the same name
    for (const [other, { until }] of this.#kept) if (until <= now) this.#kept.delete(other);
    const value = read();
    this.#kept.set(name, { until: now + forMs, value });
    value.catch(() => this.#kept.delete(name));
    return value;
  }
}

function keyOf({ scope, address }: Pick<Watched, 'scope' | 'address'>): string {
  return JSON.stringify([scope, address]);
}

/** What a page shows about an error. An unexpected error goes to the log, because its text may hold anything. */
export function problemOf(error: unknown, log: Logger): Problem {
  if (error instanceof FleetError) {
    const { code, message, remedy } = error;
    return { code, message: message.slice(0, MESSAGE_LIMIT), ...(remedy !== undefined && { remedy }) };
  }
  log.error({ err: error }, 'the console could not read a topic');
  return { code: 'internal', message: 'The fleet failed unexpectedly. Its log has the reason.' };
}
