import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';

export type ServerStatus =
  | 'SCHEDULED'
  | 'IN_PROGRESS'
  | 'COMPLETED'
  | 'FAILED'
  | 'FAILED_WITH_TERMINAL_ERROR'
  | 'TIMED_OUT'
  | 'CANCELED';

/** The settings of a task that a test queues. */
export interface NewTask {
  input?: Record<string, unknown>;
  domain?: string;
  workflowId?: string;
  /** The lease, in seconds. */
  responseTimeoutSeconds?: number;
  /** `timeoutSeconds` of the task definition: the time limit of one attempt. 0 means no limit. */
  timeoutSeconds?: number;
  /** The number of retries after an attempt that failed or timed out. They have no delay. */
  retries?: number;
}

/** One attempt of a task, as the server stores it. */
export interface ServerTask {
  readonly taskId: string;
  readonly type: string;
  readonly workflowInstanceId: string;
  readonly referenceTaskName: string;
  readonly asked: NewTask;
  readonly retryCount: number;
  readonly queuedAt: number;
  status: ServerStatus;
  outputData: Record<string, unknown>;
  reasonForIncompletion?: string;
  /** For each delivery to a worker: the time, and the id of the worker. */
  readonly deliveries: { at: number; workerId: string }[];
  /** Updates that changed the task or extended its lease, without updates after the end of the attempt. */
  readonly accepted: Update[];
  readonly logs: string[];
  leaseUntil: number;
}

export const updateSchema = z.looseObject({
  workflowInstanceId: z.string().min(1),
  taskId: z.string().min(1),
  status: z.enum(['IN_PROGRESS', 'COMPLETED', 'FAILED', 'FAILED_WITH_TERMINAL_ERROR', 'CANCELED']),
  outputData: z.record(z.string(), z.unknown()).nullish(),
  reasonForIncompletion: z.string().nullish(),
  callbackAfterSeconds: z.number().default(0),
  extendLease: z.boolean().default(false),
  workerId: z.string().default(''),
  logs: z
    .array(z.looseObject({ log: z.string() }))
    .nullish()
    .transform((value) => value ?? []),
});
export type Update = z.output<typeof updateSchema>;

/** How often the server checks its queue while a poll waits. */
const STEP_MS = 100;
const SWEEP_MS = 50;

/** Queues and tasks that behave like those of Conductor OSS on SQLite, with domains, leases, hand-backs and retries. */
export class Queues {
  readonly tasks = new Map<string, ServerTask>();
  /** The time and the worker of the last poll of each queue. */
  readonly polled = new Map<string, { workerId: string; lastPollTime: number }>();
  readonly #waiting = new Map<string, ServerTask[]>();
  readonly #sweeper = setInterval(() => this.#sweep(), SWEEP_MS).unref();

  add(type: string, asked: NewTask = {}, earlier?: ServerTask): ServerTask {
    const task: ServerTask = {
      taskId: randomUUID(),
      type,
      workflowInstanceId: earlier?.workflowInstanceId ?? asked.workflowId ?? randomUUID(),
      referenceTaskName: `${type}_ref`,
      asked,
      retryCount: earlier ? earlier.retryCount + 1 : 0,
      queuedAt: Date.now(),
      status: 'SCHEDULED',
      outputData: {},
      deliveries: [],
      accepted: [],
      logs: [],
      leaseUntil: Number.POSITIVE_INFINITY,
    };
    this.tasks.set(task.taskId, task);
    this.#push(task);
    return task;
  }

  /**
   * Answers a poll. The server waits until it has `count` tasks or the time is over. It takes each task from the queue as
   * soon as the task arrives. Unlike the real server, this one can notice with `gone` that the poller has disconnected.
   */
  async poll(
    { type, domain, count, timeoutMs, workerId }: Poll,
    gone: () => boolean = () => false,
  ): Promise<ServerTask[]> {
    const queue = queueName(type, domain);
    const until = Date.now() + timeoutMs;
    this.polled.set(queue, { workerId, lastPollTime: Date.now() });
    const taken = this.#take(queue, count, workerId);
    while (taken.length < count && Date.now() < until) {
      await pause(Math.min(STEP_MS, Math.max(1, until - Date.now())), undefined, { ref: false });
      if (gone()) break;
      taken.push(...this.#take(queue, count - taken.length, workerId));
    }
    return taken;
  }

  /** Returns false if the workflow does not have this task. */
  update(update: Update): boolean {
    const task = this.tasks.get(update.taskId);
    if (task?.workflowInstanceId !== update.workflowInstanceId) return false;
    if (hasEnded(task)) return true; // the server accepts late and repeated results, but ignores them
    task.accepted.push(update);
    task.logs.push(...update.logs.map(({ log }) => log));
    if (update.status === 'IN_PROGRESS' && update.extendLease) {
      task.leaseUntil = leaseFrom(task);
      return true;
    }
    task.outputData = update.outputData ?? {};
    if (update.reasonForIncompletion) task.reasonForIncompletion = update.reasonForIncompletion;
    if (update.status === 'IN_PROGRESS') this.#handBack(task, update.callbackAfterSeconds);
    else this.#end(task, update.status);
    return true;
  }

  /** Terminates a workflow, which cancels its open tasks. */
  terminate(workflowId: string): void {
    for (const task of this.tasks.values())
      if (task.workflowInstanceId === workflowId && !hasEnded(task)) this.#end(task, 'CANCELED');
  }

  /** Removes a workflow and its tasks from the server. */
  remove(workflowId: string): void {
    this.terminate(workflowId);
    for (const task of this.tasks.values()) if (task.workflowInstanceId === workflowId) this.tasks.delete(task.taskId);
  }

  sizes(types: readonly string[]): Record<string, number> {
    return Object.fromEntries(types.map((type) => [type, this.#waiting.get(queueName(type))?.length ?? 0]));
  }

  close(): void {
    clearInterval(this.#sweeper);
  }

  #push(task: ServerTask): void {
    const queue = queueName(task.type, task.asked.domain);
    const waiting = this.#waiting.get(queue);
    if (waiting) waiting.push(task);
    else this.#waiting.set(queue, [task]);
  }

  #take(queue: string, count: number, workerId: string): ServerTask[] {
    const taken = this.#waiting.get(queue)?.splice(0, count) ?? [];
    for (const task of taken) {
      task.status = 'IN_PROGRESS';
      task.leaseUntil = leaseFrom(task);
      task.deliveries.push({ at: Date.now(), workerId });
    }
    return taken;
  }

  #handBack(task: ServerTask, afterSeconds: number): void {
    task.status = 'SCHEDULED';
    task.leaseUntil = Number.POSITIVE_INFINITY;
    const push = () => {
      if (task.status === 'SCHEDULED') this.#push(task);
    };
    if (afterSeconds <= 0) push();
    else setTimeout(push, afterSeconds * 1000).unref();
  }

  #end(task: ServerTask, status: ServerStatus): void {
    const waiting = this.#waiting.get(queueName(task.type, task.asked.domain)) ?? [];
    const place = waiting.indexOf(task);
    if (place >= 0) waiting.splice(place, 1);
    task.status = status;
    const again = status === 'FAILED' || status === 'TIMED_OUT';
    if (again && task.retryCount < (task.asked.retries ?? 0)) this.add(task.type, task.asked, task);
  }

  #sweep(): void {
    const now = Date.now();
    for (const task of this.tasks.values())
      if (task.status === 'IN_PROGRESS' && task.leaseUntil < now) this.#end(task, 'TIMED_OUT');
  }
}

export interface Poll {
  type: string;
  domain: string | undefined;
  count: number;
  timeoutMs: number;
  workerId: string;
}

/** Makes a task as the server returns it to a poll and to `GET /api/tasks/{id}`. */
export function taskJson(task: ServerTask): Record<string, unknown> {
  const { asked } = task;
  const responseTimeoutSeconds = asked.responseTimeoutSeconds ?? 60;
  const { timeoutSeconds = 0, retries: retryCount = 0 } = asked;
  const taskDefinition = { name: task.type, responseTimeoutSeconds, timeoutSeconds, retryCount };
  const delivered = task.deliveries.at(-1);
  return {
    taskId: task.taskId,
    taskType: task.type,
    taskDefName: task.type,
    referenceTaskName: task.referenceTaskName,
    workflowInstanceId: task.workflowInstanceId,
    workflowType: 'acceptance',
    status: task.status,
    inputData: asked.input ?? {},
    outputData: task.outputData,
    reasonForIncompletion: task.reasonForIncompletion ?? null,
    retryCount: task.retryCount,
    seq: 1,
    pollCount: task.deliveries.length,
    scheduledTime: task.queuedAt,
    startTime: task.deliveries[0]?.at ?? 0,
    updateTime: Date.now(),
    endTime: hasEnded(task) ? Date.now() : 0,
    callbackAfterSeconds: 0,
    responseTimeoutSeconds,
    workerId: delivered?.workerId ?? null,
    domain: asked.domain ?? null,
    taskDefinition,
    workflowTask: { name: task.type, taskReferenceName: task.referenceTaskName, type: 'SIMPLE', taskDefinition },
  };
}

export function hasEnded({ status }: ServerTask): boolean {
  return status !== 'SCHEDULED' && status !== 'IN_PROGRESS';
}

function leaseFrom({ asked }: ServerTask): number {
  return Date.now() + (asked.responseTimeoutSeconds ?? 60) * 1000;
}

function queueName(type: string, domain?: string): string {
  return domain ? `${domain}:${type}` : type;
}
