import type { EventStore, JSONRPCMessage } from '@modelcontextprotocol/server';

/** Limits of the messages that a session keeps for a client that lost a stream. */
const MAX_EVENTS = 500;
const MAX_BYTES = 1024 * 1024;

interface Event {
  readonly stream: string;
  readonly number: number;
  readonly message: JSONRPCMessage;
  readonly bytes: number;
}

/**
 * The last messages of one session. A client that lost a stream names the last event it saw, and gets the messages that it missed.
 * An event id holds the stream and a number that grows over the whole session. Above the limits, the oldest messages are dropped.
 */
export class EventLog implements EventStore {
  readonly #events: Event[] = [];
  #bytes = 0;
  #last = 0;

  async storeEvent(stream: string, message: JSONRPCMessage): Promise<string> {
    this.#last += 1;
    const bytes = Buffer.byteLength(JSON.stringify(message));
    this.#events.push({ stream, number: this.#last, message, bytes });
    this.#bytes += bytes;
    while (this.#events.length > MAX_EVENTS || this.#bytes > MAX_BYTES) this.#bytes -= this.#events.shift()?.bytes ?? 0;
    return `${this.#last}:${stream}`;
  }

  async getStreamIdForEventId(eventId: string): Promise<string | undefined> {
    return parse(eventId)?.stream;
  }

  async replayEventsAfter(
    eventId: string,
    { send }: { send: (eventId: string, message: JSONRPCMessage) => Promise<void> },
  ): Promise<string> {
    const seen = parse(eventId);
    if (!seen) throw new Error('Unknown event id');
    for (const { stream, number, message } of this.#events) {
      if (stream === seen.stream && number > seen.number && isMessage(message))
        await send(`${number}:${stream}`, message);
    }
    return seen.stream;
  }
}

function parse(eventId: string): { stream: string; number: number } | undefined {
  const [, number, stream] = /^(\d+):(.+)$/.exec(eventId) ?? [];
  return number !== undefined && stream !== undefined ? { stream, number: Number(number) } : undefined;
}

/** The SDK also stores an empty event that only marks the beginning of a stream. A client does not need it again. */
function isMessage(message: JSONRPCMessage): boolean {
  return 'method' in message || 'id' in message;
}
