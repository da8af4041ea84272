import { z } from 'zod';
import { safeParseOften } from '../../parse.ts';
import type { Caller } from '../connection/caller.ts';
import {
  foundTasksSchema,
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

/** Drops items that are not tasks, and keeps the other tasks, because the server has already handed them out. */
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

/** The server's answer to a new log line has no fixed form. Only a web page, for example from a proxy, certainly does not come from the server. */
const noPage = z.union([z.string().regex(/^(?!\s*<)/), z.undefined()]);

/** If the log has no lines, the server's answer is empty. */
const taskLogs = z.union([z.array(taskLogSchema), z.literal('').transform(() => [])]);

const queueSize = z.looseObject({ size: z.number(), uacked: z.number() });

/** A time limit shorter than the configured one, for calls that are repeated. It is needed because a dead connection gives no sign. */
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

/** Returns W3C's `traceparent` header for a task, or undefined if the task is not traced. */
export type Traceparent = (taskId: string) => string | undefined;

/** Calls for tasks and their queues, as workers use them. */
export interface TaskCalls {
  /**
   * Takes up to `count` tasks of a type. On SQLite and PostgreSQL queues the server waits the whole `timeoutMs` unless it finds `count`
   * tasks. So use `count` 1 to wait, and `timeoutMs` 0 to take many tasks.
   */
  pollTasks(type: string, options: PollOptions): Promise<Task[]>;
  /** Safe to repeat: the server accepts a late or second result and ignores it. */
  updateTask(result: TaskResult, limits?: Limits): Promise<void>;
  /** Sends a heartbeat, which keeps a task with its worker. It does not wait behind results. */
  extendLease(update: TaskResult, limits?: Limits): Promise<void>;
  /** @throws FleetError `not-found` */
  getTask(taskId: string, limits?: Limits): Promise<Task>;
  /** Returns the newest tasks first by default. */
  searchTasks(request: SearchRequest): Promise<{ totalHits: number; results: TaskSummary[] }>;
  /** Like `searchTasks`, but returns whole tasks as they are now. Only the conditions use the index. */
  findTasks(request: SearchRequest): Promise<{ totalHits: number; results: Task[] }>;
  addTaskLog(taskId: string, line: string, limits?: Limits): Promise<void>;
  /** Returns how many tasks of each type wait to be polled. For the tasks of a domain, use the name `domain:type`. */
  queueSizes(types: readonly string[]): Promise<Record<string, number>>;
  /** The workers that polled a type recently. */
  pollData(type: string): Promise<PollData[]>;
  /** The workers that polled any type recently. */
  allPollData(): Promise<PollData[]>;
  /** Lines of a task's log, oldest first. The list is empty if the server has no index. */
  taskLogs(taskId: string): Promise<TaskLog[]>;
  /** At most `count` open tasks of all executions of the workflow `name`. Also works on a server without an index. */
  openTasks(name: string, count: number): Promise<Task[]>;
  /**
   * For every queue of the server, by name and shard: how many tasks can be polled, and how many are hidden. Internal queues are included.
   */
  allQueues(): Promise<Record<string, Record<string, QueueSize>>>;
}

export type QueueSize = z.output<typeof queueSize>;

function searchQuery({ query, freeText = '*', start = 0, size = 20, oldestFirst = false }: SearchRequest) {
  return { query, freeText, start, size, sort: oldestFirst ? 'startTime:ASC' : 'startTime:DESC' };
}

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
    getTask: (taskId, limits = {}) =>
      call({ method: 'GET', path: '/api/tasks/{taskId}', params: { taskId }, answer: taskSchema, ...limits }),
    searchTasks: (request) =>
      call({ method: 'GET', path: '/api/tasks/search', query: searchQuery(request), answer: taskSearchSchema }),
    findTasks: (request) =>
      call({ method: 'GET', path: '/api/tasks/search-v2', query: searchQuery(request), answer: foundTasksSchema }),
    addTaskLog: async (taskId, line, limits = {}) => {
      const path = '/api/tasks/{taskId}/log';
      await call({ method: 'POST', path, params: { taskId }, body: line, answer: noPage, ...limits });
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
