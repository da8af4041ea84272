import { z } from 'zod';
import { safeParseOften } from '../../parse.ts';
import type { Caller } from '../connection/caller.ts';
import {
  type PollData,
  pollDataSchema,
  type Task,
  type TaskLog,
  type TaskResult,
  type TaskSummary,
  taskLogSchema,
  taskSchema,
  taskSearchSchema,
} from '../types.ts';
import type { SearchRequest } from './execution-calls.ts';

/** An item that is not a task is dropped; the other tasks must not be lost, because the server has already handed them out. */
const polledTasks = z.array(z.unknown()).transform((items, context) => {
  const tasks = items.flatMap((item) => safeParseOften(taskSchema, item).data ?? []);
  if (tasks.length === 0 && items.length > 0)
    context.addIssue({ code: 'custom', message: 'none of the items is a task' });
  return tasks;
});

/**
 * The server answers an update with the id of its task, or with nothing. Any other text, such as the page of a proxy, means that the update
 * was not delivered.
 */
const taken = ({ taskId }: TaskResult) =>
  z.string().refine((text) => text === '' || text.replaceAll('"', '') === taskId, 'is not the id of the task');

/** The server's text has no fixed form here. Only a web page, such as that of a proxy, can be recognised as wrong. */
const noPage = z.union([z.string().regex(/^(?!\s*<)/), z.undefined()]);

/** The server answers with nothing if there are no lines. */
const taskLogs = z.union([z.array(taskLogSchema), z.literal('').transform(() => [])]);

const queueSize = z.looseObject({ size: z.number(), uacked: z.number() });

/** A limit shorter than the configured one, for calls that are repeated: a dead connection gives no sign. */
export interface Limits {
  limitMs?: number;
}

export interface PollOptions extends Limits {
  count: number;
  /** At most 5000; the server refuses more. */
  timeoutMs: number;
  workerId: string;
  domain?: string;
  signal?: AbortSignal;
}

/** W3C's `traceparent` header for a task, if the task is traced. */
export type Traceparent = (taskId: string) => string | undefined;

/** Tasks and their queues, as workers use them. */
export interface TaskCalls {
  /**
   * Up to `count` tasks of a type. On SQLite and PostgreSQL queues the server waits the whole `timeoutMs` unless it finds `count` tasks. So
   * wait with `count` 1, and take many with `timeoutMs` 0.
   */
  pollTasks(type: string, options: PollOptions): Promise<Task[]>;
  /** Safe to repeat: a late or second result is accepted and ignored. */
  updateTask(result: TaskResult, limits?: Limits): Promise<void>;
  /** An update that keeps a task with its worker. It does not wait behind results. */
  extendLease(update: TaskResult, limits?: Limits): Promise<void>;
  /** @throws FleetError `not-found` */
  getTask(taskId: string): Promise<Task>;
  /** Newest first, unless asked otherwise. */
  searchTasks(request: SearchRequest): Promise<{ totalHits: number; results: TaskSummary[] }>;
  addTaskLog(taskId: string, line: string): Promise<void>;
  /** How many tasks of each type wait to be polled. Tasks of a domain count under `domain:type`. */
  queueSizes(types: readonly string[]): Promise<Record<string, number>>;
  /** The workers that polled a type recently. */
  pollData(type: string): Promise<PollData[]>;
  /** The workers that polled any type recently. */
  allPollData(): Promise<PollData[]>;
  /** Lines of a task's log, oldest first. Empty if the server has no index. */
  taskLogs(taskId: string): Promise<TaskLog[]>;
  /** At most `count` open tasks of all executions whose definition has this `name`. Needs no index. */
  openTasks(name: string, count: number): Promise<Task[]>;
  /** Every queue of the server by name and shard, including internal ones: how many tasks can be polled, and how many are hidden. */
  allQueues(): Promise<Record<string, Record<string, QueueSize>>>;
}

export type QueueSize = z.output<typeof queueSize>;

export function taskCalls({ call }: Pick<Caller, 'call'>, traceparent?: Traceparent): TaskCalls {
  const traced = (result: TaskResult) => {
    const place = traceparent?.(result.taskId);
    return { body: result, ...(place !== undefined && { headers: { traceparent: place } }) };
  };
  return {
    pollTasks: (type, { count, timeoutMs, workerId, domain, signal, limitMs }) =>
      call({
        method: 'GET',
        path: '/api/tasks/poll/batch/{type}',
        params: { type },
        query: { count, timeout: timeoutMs, workerid: workerId, domain: domain || undefined },
        answer: polledTasks,
        signal,
        waitMs: timeoutMs,
        limitMs,
        lane: 'poll',
      }),
    updateTask: async (result, limits = {}) => {
      await call({
        method: 'POST',
        path: '/api/tasks',
        ...traced(result),
        answer: taken(result),
        lane: 'result',
        ...limits,
      });
    },
    extendLease: async (update, limits = {}) => {
      await call({ method: 'POST', path: '/api/tasks', ...traced(update), answer: taken(update), ...limits });
    },
    getTask: (taskId) => call({ method: 'GET', path: '/api/tasks/{taskId}', params: { taskId }, answer: taskSchema }),
    searchTasks: ({ query, freeText = '*', start = 0, size = 20, oldestFirst = false }) =>
      call({
        method: 'GET',
        path: '/api/tasks/search',
        query: { query, freeText, start, size, sort: oldestFirst ? 'startTime:ASC' : 'startTime:DESC' },
        answer: taskSearchSchema,
      }),
    addTaskLog: async (taskId, line) => {
      await call({ method: 'POST', path: '/api/tasks/{taskId}/log', params: { taskId }, body: line, answer: noPage });
    },
    queueSizes: (types) =>
      call({
        method: 'GET',
        path: '/api/tasks/queue/sizes',
        query: { taskType: types },
        answer: z.record(z.string(), z.number()),
      }),
    pollData: (type) =>
      call({
        method: 'GET',
        path: '/api/tasks/queue/polldata',
        query: { taskType: type },
        answer: z.array(pollDataSchema),
      }),
    allPollData: () => call({ method: 'GET', path: '/api/tasks/queue/polldata/all', answer: z.array(pollDataSchema) }),
    taskLogs: (taskId) =>
      call({ method: 'GET', path: '/api/tasks/{taskId}/log', params: { taskId }, answer: taskLogs }),
    openTasks: (name, count) =>
      call({
        method: 'GET',
        path: '/api/admin/task/{name}',
        params: { name },
        query: { start: 0, count },
        answer: z.array(taskSchema),
      }),
    allQueues: () =>
      call({
        method: 'GET',
        path: '/api/tasks/queue/all/verbose',
        answer: z.record(z.string(), z.record(z.string(), queueSize)),
      }),
  };
}
