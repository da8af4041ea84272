import type { Message } from '../../shared/messages.ts';

export type Heard = (topic: string, message: Message) => void;
/** `lost`: the fleet does not answer. The browser asks again by itself. */
export type StreamState = 'open' | 'lost';

/** A browser opens a lost stream again by itself, but not one that was refused. */
const AGAIN_MS = 2000;

/** One stream of server-sent events for all topics that are wanted at the moment. Without topics, it is closed. */
export class Stream {
  readonly #heard: Heard;
  readonly #tell: (state: StreamState) => void;
  #source: EventSource | undefined;
  #open = '';
  #again: ReturnType<typeof setTimeout> | undefined;

  constructor(heard: Heard, tell: (state: StreamState) => void) {
    this.#heard = heard;
    this.#tell = tell;
  }

  /** Opens the stream anew if the topics differ from those of the open stream. The server then sends all of them whole. */
  want(topics: readonly string[]): void {
    const sorted = [...new Set(topics)].sort();
    const query = sorted.map((topic) => `topic=${encodeURIComponent(topic)}`).join('&');
    if (query === this.#open) return;
    this.#connect(query, sorted);
  }

  #connect(query: string, topics: readonly string[]): void {
    clearTimeout(this.#again);
    this.#source?.close();
    this.#source = undefined;
    this.#open = query;
    if (query === '') return;
    const source = new EventSource(`/console/events?${query}`);
    this.#source = source;
    source.onopen = () => this.#tell('open');
    source.onerror = () => {
      this.#tell('lost');
      if (source.readyState === EventSource.CLOSED)
        this.#again = setTimeout(() => this.#connect(query, topics), AGAIN_MS);
    };
    for (const topic of topics)
      source.addEventListener(topic, ({ data }) => this.#heard(topic, JSON.parse(data) as Message)); // our server wrote it
  }
}
