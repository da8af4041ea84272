import type { Conductor } from '../../../core/conductor/api.ts';
import { type LastPoll, lastPolls, type QueueName, queueNameOf } from '../../../core/conductor/read-queues.ts';

export type { QueueName };

export interface Queue extends QueueName {
  /** Tasks that wait to be polled, including those that wait for their retry. */
  depth: number;
  /** The last poll by any worker; the server remembers only this one. Absent if the queue was never polled. */
  lastPoll?: LastPoll;
}

export interface QueueWatchOptions {
  conductor: Conductor;
  queues: () => readonly QueueName[];
}

/** Shortest time between two requests to the server, however often `read` is called. */
const KEPT_MS = 5_000;

/** `read` waits no longer than this for a server that does not answer. A scrape has its own limit, usually 10 s. */
const ANSWER_MS = 3_000;

/** This many names fit into one URL. */
const NAMES_PER_CALL = 50;

/**
 * Reads the queues of this process from the server, on demand and by one request at a time. A failure is kept as long as an answer, so a
 * server in trouble does not get more requests.
 */
export class QueueWatch {
  readonly #options: QueueWatchOptions;
  #reading: Promise<Queue[]> | undefined;
  #readAt = Number.NEGATIVE_INFINITY;

  constructor(options: QueueWatchOptions) {
    this.#options = options;
  }

  /** Returns queues that are at most a few seconds old. @throws FleetError if the server does not answer */
  read(): Promise<Queue[]> {
    const now = performance.now();
    if (this.#reading === undefined || now - this.#readAt > KEPT_MS) {
      this.#readAt = now;
      this.#reading = this.#ask();
    }
    return this.#reading;
  }

  async #ask(): Promise<Queue[]> {
    const queues = this.#options.queues();
    const conductor = this.#options.conductor.withSignal(AbortSignal.timeout(ANSWER_MS));
    const sizes = inChunks(queues.map(queueNameOf)).map((names) => conductor.queueSizes(names));
    const [polls, ...answers] = await Promise.all([conductor.allPollData(), ...sizes]);
    const depths: Record<string, number> = Object.assign({}, ...answers);
    const polled = lastPolls(polls);
    return queues.map((queue) => {
      const name = queueNameOf(queue);
      const lastPoll = polled.get(name);
      return {
        taskType: queue.taskType,
        domain: queue.domain,
        depth: depths[name] ?? 0,
        ...(lastPoll && { lastPoll }),
      };
    });
  }
}

function inChunks(names: readonly string[]): string[][] {
  const count = Math.ceil(names.length / NAMES_PER_CALL);
  return Array.from({ length: count }, (_, i) => names.slice(i * NAMES_PER_CALL, (i + 1) * NAMES_PER_CALL));
}
