import type { Task } from '../../core/conductor/types.ts';
import { messageOf } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import type { TypeState } from './poll/poller.ts';
import type { Outcome } from './run/execute.ts';

/** Everything that happens in a worker process and somebody may want to know. Durations are milliseconds. */
export type FleetEvent =
  | { type: 'poll-answered'; taskType: string; domain: string; asked: number; got: number; durationMs: number }
  | { type: 'poll-failed'; taskType: string; domain: string; error: unknown; durationMs: number }
  | { type: 'type-state'; taskType: string; domain: string; from: TypeState; to: TypeState }
  /** `waitedMs` from the moment the task was put into its queue, by the server's clock and ours. */
  | { type: 'task-started'; task: Task; waitedMs: number }
  | { type: 'task-ended'; task: Task; outcome: Outcome; durationMs: number }
  /** The server has the result; `tries` is 1 if it took it at once. `durationMs` counts the last try. */
  | { type: 'result-delivered'; task: TaskKey; tries: number; durationMs: number }
  | { type: 'result-failed'; task: TaskKey; error: unknown; durationMs: number }
  /** The server will never take it. */
  | { type: 'result-refused'; task: TaskKey; error: unknown }
  | { type: 'result-spooled'; task: TaskKey }
  | { type: 'lease-extended'; task: TaskKey }
  | { type: 'lease-failed'; task: TaskKey; error: unknown }
  | { type: 'breaker'; what: 'polls' | 'results'; open: boolean };

/** What names a task in log lines, and in events about its result, which may be that of a process before this one. */
export interface TaskKey {
  /** Empty for results that a process before this one left behind. */
  taskType: string;
  workflowId: string;
  taskId: string;
  /** 1 for the first. Not known of what a process before this one left behind. */
  attempt?: number;
}

export type Listener = (event: FleetEvent) => void;

/** Hands every event to every listener. What a listener throws is logged, and nobody else notices. */
export class Events {
  readonly #listeners = new Set<Listener>();
  readonly #log: Logger;

  constructor(log: Logger, listeners: readonly Listener[] = []) {
    this.#log = log;
    for (const listener of listeners) this.#listeners.add(listener);
  }

  /** Returns the function that takes the listener away again. */
  on(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  emit(event: FleetEvent): void {
    for (const listener of this.#listeners) {
      try {
        // A listener that returns a promise all the same must not end the process with a rejection.
        const returned: unknown = listener(event);
        if (returned instanceof Promise) returned.catch((thrown: unknown) => this.#complain(event, thrown));
      } catch (thrown) {
        this.#complain(event, thrown);
      }
    }
  }

  #complain(event: FleetEvent, thrown: unknown): void {
    this.#log.error({ event: event.type, reason: messageOf(thrown) }, 'a listener failed');
  }
}
