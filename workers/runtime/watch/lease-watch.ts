import type { Conductor } from '../../../core/conductor/api.ts';
import { isInternalQueue } from '../../../core/conductor/read-queues.ts';
import { isForWorkers } from '../../../core/conductor/task-types.ts';
import { isOpenTask, type PollData, type Task } from '../../../core/conductor/types.ts';
import { messageOf } from '../../../core/errors.ts';
import type { Logger } from '../../../core/log.ts';
import { pause } from '../../../core/pause.ts';
import type { Events } from '../events.ts';
import { keyOf } from '../report/task-result.ts';
import { RunningTasks } from './running-tasks.ts';

/**
 * Brings back tasks whose lease is over, when the server does not notice it.
 *
 * The server ends a lease only when it looks at the execution, and it stores when to look next. The poll of a worker stores the end of the
 * lease. But the look that scheduled the task can overwrite this date a moment later, often with the end of the workflow's time limit (see
 * `WorkflowExecutorOps.decide` against `ExecutionService.adjustDeciderQueuePostpone`). The task of a killed process then waits until that
 * date. This class finds such tasks, and asks the server to look at their executions now.
 *
 * Invariants:
 * 1. While one process of the fleet reaches the server, no task waits longer than its lease and ten seconds. Each process wakes every
 *    `everyMs`, and looks itself at the latest when it has woken twice without another process's look.
 * 2. One process looks at a time. Before a look it polls the queue MARK, which is always empty: the server remembers which process polled
 *    a queue last, and when. A process that finds a new poll of another process there does not look.
 * 3. Two processes may still look at the same moment. That is harmless: the server locks an execution while it decides, and the second
 *    decision finds nothing to do. So no exact owner is needed.
 * 4. The dates of tasks are compared with the server's clock. The server's date of our poll of MARK shows how far the clocks differ.
 * 5. A decision that does not end the lease, such as that of a paused execution, is repeated less and less often.
 */
export class LeaseWatch {
  readonly #options: LeaseWatchOptions;
  readonly #tasks = new RunningTasks();
  /** The server's date of the last poll of MARK that this process has seen. */
  #seenMark: number | undefined;
  /** When this process last polled MARK, on the clock of `Date.now()`. */
  #markedAt = 0;
  #serverAheadMs = 0;
  #failures = 0;
  /** Decisions that had no effect, by task id. */
  readonly #vain = new Map<string, { until: number; waitMs: number }>();

  constructor(options: LeaseWatchOptions) {
    this.#options = options;
    options.events.on((event) => {
      if (event.type === 'task-started') this.#tasks.sample = event.task.taskId;
    });
  }

  /** Watches until `stop` is aborted. Never rejects. */
  async run(): Promise<void> {
    const { everyMs, stop, isFailing } = this.#options;
    for (;;) {
      await pause(everyMs * (0.8 + 0.4 * Math.random()), stop);
      if (stop.aborted) return;
      if (isFailing()) continue;
      try {
        await this.#turn();
        this.#failures = 0;
      } catch (error) {
        this.#complain(error);
      }
    }
  }

  async #turn(): Promise<void> {
    const polls = await this.#calls.allPollData();
    const mark = polls.find(({ queueName }) => queueName === MARK);
    const isNew = mark !== undefined && mark.lastPollTime !== this.#seenMark;
    this.#seenMark = mark?.lastPollTime;
    const isMine = mark?.workerId === this.#options.workerId;
    if (isNew && isMine && this.#markedAt > 0) this.#serverAheadMs = mark.lastPollTime - this.#markedAt;
    if (isNew && !isMine) return;
    await this.#mark();
    await this.#look(typesIn(polls));
  }

  async #mark(): Promise<void> {
    this.#markedAt = Date.now();
    await this.#calls.pollTasks(MARK, { count: 1, timeoutMs: 0, workerId: this.#options.workerId });
  }

  async #look(types: readonly string[]): Promise<void> {
    const lost = new Map<string, Task>();
    for await (const page of this.#tasks.pages(() => this.#calls, types, this.#serverNow - MIN_AGE_MS)) {
      for (const task of page) if (this.#isLost(task)) lost.set(task.taskId, task);
      if (Date.now() - this.#markedAt > this.#options.everyMs) await this.#mark();
    }
    const executions = [...Map.groupBy(lost.values(), ({ workflowInstanceId }) => workflowInstanceId).values()];
    while (executions.length > 0) {
      await Promise.all(executions.splice(0, AT_ONCE).map((tasks) => this.#bringBack(tasks)));
    }
    for (const [taskId, { until }] of this.#vain) if (until < Date.now() - FORGET_MS) this.#vain.delete(taskId);
  }

  #isLost(task: Task): boolean {
    const lateMs = this.#lateMs(task);
    return lateMs > NOTICED_MS && (this.#vain.get(task.taskId)?.until ?? 0) < Date.now();
  }

  /** How long ago the lease of a task ended, in milliseconds. Negative while it lasts. */
  #lateMs({ updateTime, responseTimeoutSeconds, callbackAfterSeconds }: Task): number {
    if (responseTimeoutSeconds <= 0) return Number.NEGATIVE_INFINITY;
    return this.#serverNow - updateTime - (responseTimeoutSeconds + callbackAfterSeconds) * 1000;
  }

  /** Has the execution of these tasks decided. An error concerns this execution only. */
  async #bringBack(tasks: readonly Task[]): Promise<void> {
    const { events, log } = this.#options;
    const workflowId = tasks[0]?.workflowInstanceId ?? '';
    try {
      if (Date.now() - this.#markedAt > this.#options.everyMs) await this.#mark();
      const lateMs = new Map(tasks.map((task) => [task.taskId, this.#lateMs(task)]));
      await this.#calls.decide(workflowId);
      for (const task of tasks) {
        if (isOpenTask(await this.#calls.getTask(task.taskId))) this.#waitLonger(task);
        else events.emit({ type: 'task-recovered', task: keyOf(task), lateMs: lateMs.get(task.taskId) ?? 0 });
      }
      const back = tasks.filter(({ taskId }) => !this.#vain.has(taskId));
      for (const { taskId, taskType, workerId } of back)
        log.info(
          { taskId, taskType, workflowId, worker: workerId, lateMs: Math.round(lateMs.get(taskId) ?? 0) },
          'the lease of a task was over and the server had not noticed it; the execution was decided again',
        );
    } catch (error) {
      log.debug({ workflowId, reason: messageOf(error) }, 'an execution could not be decided; it is tried again');
      for (const task of tasks) this.#waitLonger(task);
    }
  }

  #waitLonger({ taskId }: Task): void {
    const waitMs = Math.min(2 * (this.#vain.get(taskId)?.waitMs ?? FIRST_WAIT_MS / 2), MOST_WAIT_MS);
    this.#vain.set(taskId, { until: Date.now() + waitMs, waitMs });
  }

  /** Logs a failure once. Failures of the whole server are logged by the pollers. */
  #complain(error: unknown): void {
    const { stop, log } = this.#options;
    if (stop.aborted || ++this.#failures !== FAILURES) return;
    log.warn(
      { reason: messageOf(error) },
      'this process cannot look for tasks whose lease is over; a task of a killed process may return late',
    );
  }

  /** The API for one call. A connection that swallows the answer must not stop the watch. */
  get #calls(): Conductor {
    const { conductor, stop } = this.#options;
    return conductor.withSignal(AbortSignal.any([stop, AbortSignal.timeout(LIMIT_MS)]));
  }

  get #serverNow(): number {
    return Date.now() + this.#serverAheadMs;
  }
}

export interface LeaseWatchOptions {
  conductor: Conductor;
  workerId: string;
  /** How often the process wakes, in milliseconds. */
  everyMs: number;
  events: Events;
  log: Logger;
  stop: AbortSignal;
  /** Whether the server fails polls or results. Then the process does not look. */
  isFailing(): boolean;
}

/** No task ever has this type. The server's other tools skip queues whose name begins with `_`. */
const MARK = '_fleet_lease_watch';

/** Younger tasks are not read. Most tasks have ended by then. */
const MIN_AGE_MS = 2_000;

/** A server that looks at the right date has ended the lease by then. */
const NOTICED_MS = 1_000;

const AT_ONCE = 4;
const LIMIT_MS = 3_000;
const FAILURES = 3;

/** After the first decision in vain the next one waits this long, and then twice as long each time. */
const FIRST_WAIT_MS = 3_000;
const MOST_WAIT_MS = 60_000;
const FORGET_MS = 600_000;

/** The task types that workers or agents have polled. */
function typesIn(polls: readonly PollData[]): string[] {
  const types = new Set(polls.map(({ queueName }) => queueName));
  return [...types].filter((taskType) => !isInternalQueue(taskType) && isForWorkers({ taskType }));
}
