import { z } from 'zod';
import type { Caller } from './client.ts';
import {
  type Execution,
  type ExecutionStatus,
  executionSchema,
  executionStatusSchema,
  hasEnded,
  type PollData,
  pollDataSchema,
  type StoredTaskDef,
  type StoredWorkflowDef,
  searchSchema,
  type Task,
  type TaskDef,
  type TaskResult,
  taskDefSchema,
  taskSchema,
  type WorkflowDef,
  workflowDefSchema,
} from './types.ts';

/** One item that is no task must not cost the others, which the server has handed out and will not hand out again soon. */
const polledTasks = z.array(z.unknown()).transform((items, context) => {
  const tasks = items.flatMap((item) => taskSchema.safeParse(item).data ?? []);
  if (tasks.length === 0 && items.length > 0)
    context.addIssue({ code: 'custom', message: 'none of the items is a task' });
  return tasks;
});

const ignored = z.unknown();

/** An update is answered with the id of its task, or with nothing. A page that somebody puts in between has not delivered it. */
const taken = ({ taskId }: TaskResult) =>
  z.string().refine((text) => text === '' || text.replaceAll('"', '') === taskId, 'is not the id of the task');

/** Where the server answers with nothing that could be told from a page. */
const noPage = z.union([z.string().regex(/^(?!\s*<)/), z.undefined()]);
const id = z.string().min(1);

export interface StartRequest {
  name: string;
  version?: number;
  input: Record<string, unknown>;
  correlationId?: string;
  priority?: number;
}

export interface SearchRequest {
  /** Conditions joined by ` AND `, e.g. `workflowType=OrderProcessing AND status IN (FAILED,TIMED_OUT)`. */
  query?: string;
  freeText?: string;
  start?: number;
  size?: number;
}

/** The calls of the Conductor REST API that the product makes, each parsed at this border. */
export interface Conductor {
  readonly serverUrl: string;
  /** The server's own version, e.g. `3.32.1`. */
  version(signal?: AbortSignal): Promise<string>;

  /** The stored definition; the highest version if none is named. @throws FleetError `not-found` */
  getWorkflowDef(name: string, version?: number): Promise<StoredWorkflowDef>;
  /** Creates this name and version. @throws FleetError `conflict` if it exists */
  createWorkflowDef(def: WorkflowDef): Promise<void>;
  /** Creates or overwrites exactly this name and version. */
  putWorkflowDef(def: WorkflowDef): Promise<void>;
  /** Throws `input` with the server's reasons if it would refuse the definition. Stores nothing. */
  validateWorkflowDef(def: WorkflowDef): Promise<void>;
  listWorkflowNames(): Promise<string[]>;
  getTaskDef(name: string): Promise<StoredTaskDef>;
  listTaskDefs(): Promise<StoredTaskDef[]>;
  /** Creates or overwrites. */
  putTaskDefs(defs: readonly TaskDef[]): Promise<void>;

  /** Returns the id of the new execution. Not safe to repeat: the server keeps no idempotency key. */
  startWorkflow(request: StartRequest): Promise<string>;
  getExecution(workflowId: string, options?: { includeTasks?: boolean }): Promise<Execution>;
  getStatus(workflowId: string): Promise<ExecutionStatus>;
  /** Newest first. */
  searchExecutions(request: SearchRequest): Promise<z.output<typeof searchSchema>>;
  terminate(workflowId: string, reason: string): Promise<void>;
  /** Waits until the execution has ended. @throws what `signal` was aborted with */
  waitForEnd(workflowId: string, options?: { signal?: AbortSignal; everyMs?: number }): Promise<Execution>;

  /**
   * Up to `count` tasks of a type. On SQLite and PostgreSQL queues the server waits the whole `timeoutMs` unless it finds
   * `count` tasks, so wait with `count` 1 and take many with `timeoutMs` 0.
   */
  pollTasks(type: string, options: PollOptions): Promise<Task[]>;
  /** Safe to repeat: a late or second result is accepted and ignored. */
  updateTask(result: TaskResult, limits?: Limits): Promise<void>;
  /** An update that keeps a task with its worker. It does not wait behind results. */
  extendLease(update: TaskResult, limits?: Limits): Promise<void>;
  /** @throws FleetError `not-found` */
  getTask(taskId: string): Promise<Task>;
  addTaskLog(taskId: string, line: string): Promise<void>;
  /** How many tasks of each type wait to be polled; those of a domain count under `domain:type`, which can be asked for as well. */
  queueSizes(types: readonly string[]): Promise<Record<string, number>>;
  /** Who polled a type lately. */
  pollData(type: string): Promise<PollData[]>;
  /** The same of all types. */
  allPollData(): Promise<PollData[]>;
  /** The same API whose updates carry what `traceparent` knows for their task, by which a server that traces joins in. */
  withTrace(traceparent: Traceparent): Conductor;
  /** The same API whose calls all end when `signal` is aborted. It shares this one's connection; close only this one. */
  withSignal(signal: AbortSignal): Conductor;
  close(): void;
}

/** Shorter than the configured limit, for calls that are repeated: a connection can be dead without a word. */
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

/** W3C's header for a task, where it is traced. */
export type Traceparent = (taskId: string) => string | undefined;

/** The API over one caller. */
export function createConductor(caller: Caller, traceparent?: Traceparent): Conductor {
  const { call } = caller;
  const traced = (result: TaskResult) => {
    const place = traceparent?.(result.taskId);
    return { body: result, ...(place !== undefined && { headers: { traceparent: place } }) };
  };
  return {
    serverUrl: caller.serverUrl,
    version: (signal) => call({ method: 'GET', path: '/api/version', answer: z.string().regex(/^\d+\./), signal }),

    getWorkflowDef: (name, version) =>
      call({
        method: 'GET',
        path: '/api/metadata/workflow/{name}',
        params: { name },
        query: { version },
        answer: workflowDefSchema,
      }),
    createWorkflowDef: async (def) => {
      await call({ method: 'POST', path: '/api/metadata/workflow', body: def, answer: ignored });
    },
    putWorkflowDef: async (def) => {
      await call({ method: 'PUT', path: '/api/metadata/workflow', body: [def], answer: ignored });
    },
    validateWorkflowDef: async (def) => {
      await call({ method: 'POST', path: '/api/metadata/workflow/validate', body: def, answer: ignored });
    },
    listWorkflowNames: () => call({ method: 'GET', path: '/api/metadata/workflow/names', answer: z.array(z.string()) }),
    getTaskDef: (name) =>
      call({ method: 'GET', path: '/api/metadata/taskdefs/{name}', params: { name }, answer: taskDefSchema }),
    listTaskDefs: () => call({ method: 'GET', path: '/api/metadata/taskdefs', answer: z.array(taskDefSchema) }),
    putTaskDefs: async (defs) => {
      await call({ method: 'POST', path: '/api/metadata/taskdefs', body: defs, answer: ignored });
    },

    startWorkflow: (request) => call({ method: 'POST', path: '/api/workflow', body: request, answer: id }),
    getExecution: (workflowId, { includeTasks = true } = {}) =>
      call({
        method: 'GET',
        path: '/api/workflow/{workflowId}',
        params: { workflowId },
        query: { includeTasks },
        answer: executionSchema,
      }),
    getStatus: (workflowId) =>
      call({
        method: 'GET',
        path: '/api/workflow/{workflowId}/status',
        params: { workflowId },
        query: { includeOutput: true },
        answer: executionStatusSchema,
      }),
    searchExecutions: ({ query, freeText = '*', start = 0, size = 20 }) =>
      call({
        method: 'GET',
        path: '/api/workflow/search',
        query: { query, freeText, start, size, sort: 'startTime:DESC' },
        answer: searchSchema,
      }),
    terminate: async (workflowId, reason) => {
      await call({
        method: 'DELETE',
        path: '/api/workflow/{workflowId}',
        params: { workflowId },
        query: { reason },
        answer: ignored,
      });
    },
    async waitForEnd(workflowId, { signal, everyMs = 200 } = {}) {
      for (;;) {
        signal?.throwIfAborted();
        const { status } = await this.getStatus(workflowId);
        if (hasEnded(status)) return this.getExecution(workflowId);
        await new Promise((resolve) => setTimeout(resolve, everyMs));
      }
    },

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
    withTrace: (known) => createConductor(caller, known),
    withSignal: (signal) =>
      createConductor(
        {
          ...caller,
          call: (request) =>
            call({ ...request, signal: request.signal ? AbortSignal.any([request.signal, signal]) : signal }),
        },
        traceparent,
      ),
    close: () => caller.close(),
  };
}
