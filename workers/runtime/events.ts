import type { Task } from '../../core/conductor/types.ts';
import { messageOf } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import type { TypeState } from './poll/poller.ts';
import type { Outcome } from './run/execute.ts';

/** Everything that a listener can learn about a worker process. Durations are in milliseconds. */
export type FleetEvent =
  | { type: 'poll-answered'; taskType: string; domain: string; asked: number; got: number; durationMs: number }
  | { type: 'poll-failed'; taskType: string; domain: string; error: unknown; durationMs: number }
  | { type: 'type-state'; taskType: string; domain: string; from: TypeState; to: TypeState }
  /** `waitedMs`: the time since the task entered its queue. The server's clock gives the start, our clock the end. */
  | { type: 'task-started'; task: Task; waitedMs: number }
  | { type: 'task-ended'; task: Task; outcome: Outcome; durationMs: number }
  /** The server has the result. `tries` is 1 if it accepted the first try; `durationMs` is the duration of the last try. */
  | { type: 'result-delivered'; task: TaskKey; tries: number; durationMs: number }
  | { type: 'result-failed'; task: TaskKey; error: unknown; durationMs: number }
  /** The server refused the result, and a retry would not help. */
  | { type: 'result-refused'; task: TaskKey; error: unknown }
  | { type: 'result-spooled'; task: TaskKey }
  | { type: 'lease-extended'; task: TaskKey }
  | { type: 'lease-failed'; task: TaskKey; error: unknown }
  /** The lease of a task of another process was over, and this process had the server notice it. `lateMs`: since the end of the lease. */
  | { type: 'task-recovered'; task: TaskKey; lateMs: number }
  | { type: 'breaker'; what: 'polls' | 'results'; open: boolean };

/** Identifies a task in log lines and in events about its result. An earlier process may have left that result behind. */
export interface TaskKey {
  /** Empty for a result that an earlier process left behind. */
  taskType: string;
  workflowId: string;
  taskId: string;
  /** 1 for the first attempt. Absent for a result that an earlier process left behind. */
  attempt?: number;
}

export type Listener = (event: FleetEvent) => void;

/** Passes every event to every listener. An error of a listener is logged and affects nothing else. */
export class Events {
  readonly #listeners = new Set<Listener>();
  readonly #log: Logger;

  constructor(log: Logger, listeners: readonly Listener[] = []) {
    this.#log = log;
    for (const listener of listeners) this.#listeners.add(listener);
  }

  /** Returns a function that removes the listener. */
  on(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  emit(event: FleetEvent): void {
    for (const listener of this.#listeners) {
      try {
        // A listener may return a promise despite its type. The rejection of that promise must not end the process.
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
