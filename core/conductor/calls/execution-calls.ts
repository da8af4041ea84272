import { z } from 'zod';
import type { Caller } from '../connection/caller.ts';
import {
  type Execution,
  type ExecutionStatus,
  executionSchema,
  executionStatusSchema,
  searchSchema,
  type WorkflowDef,
} from '../types.ts';
import { type WaitOptions, waitForEnd } from '../wait-for-end.ts';
import { executionId, nothing } from './expected-answers.ts';

/** The server answers only when the dry run has ended. With many rounds and forks, a dry run takes a while on a busy server. */
const TEST_WAIT_MS = 60_000;

export interface StartRequest {
  name: string;
  version?: number;
  input: Record<string, unknown>;
  correlationId?: string;
  priority?: number;
  /** For each task name: the domain whose workers get the task. The name `*` means every task. */
  taskToDomain?: Record<string, string>;
  /** The definition to run. It may be unregistered. */
  workflowDef?: WorkflowDef;
}

export interface SearchRequest {
  /** Conditions joined by ` AND `, e.g. `workflowType=OrderProcessing AND status IN (FAILED,TIMED_OUT)`. */
  query?: string;
  freeText?: string;
  /** Leaves out executions that run as a sub-workflow. */
  topLevelOnly?: boolean;
  start?: number;
  size?: number;
  /** Puts the oldest start first. Default: the newest start first. */
  oldestFirst?: boolean;
}

/** The answer that one attempt of a task gets in a dry run. */
export interface TaskMock {
  status: 'COMPLETED' | 'FAILED' | 'FAILED_WITH_TERMINAL_ERROR' | 'IN_PROGRESS';
  output: Record<string, unknown>;
  /** The simulated duration of the attempt, in milliseconds. If the task definition allows less, the attempt times out. */
  executionTime?: number;
  /** Why the attempt failed. The server does not store this text: the execution shows the reason null. */
  reason?: string;
}

/** Mocks by task reference. For a task in a loop, the reference is `REF__1` in the first round and `REF__2` in the second. */
export interface MockedTasks {
  taskRefToMockOutput: Record<string, TaskMock[]>;
  /** The mocks of each sub-workflow, by the reference of the task that starts it. */
  subWorkflowTestRequest?: Record<string, MockedTasks & { name: string; version: number }>;
}

/** The request for a dry run: the definition, and for each task reference the answers of its attempts in order. */
export interface TestRequest extends MockedTasks {
  name: string;
  version: number;
  input: Record<string, unknown>;
  workflowDef: WorkflowDef;
  correlationId?: string;
  /** Give every task type an entry. For a type without an entry, the server creates a queue for this run only and never removes it. */
  taskToDomain?: Record<string, string>;
}

/** Calls that start, read and end workflow executions. */
export interface ExecutionCalls {
  /** Starts an execution and returns its id. Not safe to repeat, because the server does not know idempotency keys. */
  startWorkflow(request: StartRequest): Promise<string>;
  getExecution(workflowId: string, options?: { includeTasks?: boolean }): Promise<Execution>;
  getStatus(workflowId: string): Promise<ExecutionStatus>;
  /** All executions of a workflow that have this correlation id, without their tasks. Also works on a server without an index. */
  correlatedExecutions(name: string, correlationId: string): Promise<Execution[]>;
  /** Returns the newest executions first by default. */
  searchExecutions(request: SearchRequest): Promise<z.output<typeof searchSchema>>;
  /** Ids of the running and paused executions of one version of a definition. */
  runningExecutions(name: string, version: number): Promise<string[]>;
  /** Has the server look at a running execution now: it ends leases that are over and schedules what is due. Safe to repeat. */
  decide(workflowId: string): Promise<void>;
  terminate(workflowId: string, reason: string): Promise<void>;
  /** Schedules the failed and the cancelled tasks of an ended execution again. */
  retry(workflowId: string): Promise<void>;
  /** Runs an ended execution again from its start, under the same id. Its earlier tasks are deleted. */
  restart(workflowId: string, options?: { useLatestDefinitions?: boolean }): Promise<void>;
  /** Removes an execution and everything that the server stores about it. */
  removeExecution(workflowId: string): Promise<void>;
  /** See `waitForEnd` in `core/conductor/wait-for-end.ts`. */
  waitForEnd(workflowId: string, options?: WaitOptions): Promise<Execution>;
  /** Makes a dry run: the server runs the definition with the given answers in place of its tasks. The execution stays on the server. */
  testWorkflow(request: TestRequest): Promise<Execution>;
  /**
   * Stops scheduling tasks until `resume`. Sub-workflows, and tasks that workers already have, continue.
   * @throws FleetError `conflict` if the execution has ended
   */
  pause(workflowId: string): Promise<void>;
  /** The server answers 500 if the execution is not paused. */
  resume(workflowId: string): Promise<void>;
  /**
   * Runs an ended execution again from one of its tasks, or from its start, under the same id.
   * @throws FleetError `conflict` while the execution runs
   */
  rerun(workflowId: string, request: RerunRequest): Promise<void>;
  /**
   * Skips a task that is not scheduled yet. Its output is then empty. The server answers 500 if the task is scheduled or the execution is
   * paused.
   */
  skipTask(workflowId: string, taskRef: string): Promise<void>;
}

/** The task to run again from, and the new inputs. */
export interface RerunRequest {
  /** Id of the task attempt to start from. The server deletes all later tasks. Default: the start of the execution. */
  reRunFromTaskId?: string;
  /** Replaces the whole input of that task. */
  taskInput?: Record<string, unknown>;
  /** Replaces the whole input of the execution. The input of a task that runs again does not change with it. */
  workflowInput?: Record<string, unknown>;
}

export function executionCalls({ call }: Pick<Caller, 'call'>): ExecutionCalls {
  const calls: ExecutionCalls = {
    startWorkflow: (request) => call({ method: 'POST', path: '/api/workflow', body: request, answer: executionId }),
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
    correlatedExecutions: (name, correlationId) =>
      call({
        method: 'GET',
        path: '/api/workflow/{name}/correlated/{correlationId}',
        params: { name, correlationId },
        query: { includeClosed: true, includeTasks: false },
        answer: z.array(executionSchema),
      }),
    searchExecutions: ({ query, freeText = '*', topLevelOnly, start = 0, size = 20, oldestFirst = false }) =>
      call({
        method: 'GET',
        path: '/api/workflow/search',
        query: {
          query,
          freeText,
          topLevelOnly,
          start,
          size,
          sort: oldestFirst ? 'startTime:ASC' : 'startTime:DESC',
        },
        answer: searchSchema,
      }),
    runningExecutions: async (name, version) => {
      const ids = await call({
        method: 'GET',
        path: '/api/workflow/running/{name}',
        params: { name },
        query: { version },
        answer: z.array(z.string()),
      });
      if (ids.length === 0) return [];
      const { idsOfVersion } = await import('../running-executions.ts');
      return idsOfVersion(calls, { name, version }, ids);
    },
    decide: async (workflowId) => {
      const path = '/api/workflow/decide/{workflowId}';
      await call({ method: 'PUT', path, params: { workflowId }, answer: nothing });
    },
    terminate: async (workflowId, reason) => {
      await call({
        method: 'DELETE',
        path: '/api/workflow/{workflowId}',
        params: { workflowId },
        query: { reason },
        answer: nothing,
      });
    },
    retry: async (workflowId) => {
      const path = '/api/workflow/{workflowId}/retry';
      await call({ method: 'POST', path, params: { workflowId }, answer: nothing });
    },
    restart: async (workflowId, { useLatestDefinitions = false } = {}) => {
      const path = '/api/workflow/{workflowId}/restart';
      await call({
        method: 'POST',
        path,
        params: { workflowId },
        query: { useLatestDefinitions },
        answer: nothing,
      });
    },
    removeExecution: async (workflowId) => {
      await call({
        method: 'DELETE',
        path: '/api/workflow/{workflowId}/remove',
        params: { workflowId },
        query: { archiveWorkflow: false },
        answer: nothing,
      });
    },
    waitForEnd: (workflowId, options) => waitForEnd(calls, workflowId, options),
    testWorkflow: (request) =>
      call({
        method: 'POST',
        path: '/api/workflow/test',
        body: request,
        answer: executionSchema,
        waitMs: TEST_WAIT_MS,
      }),
    pause: async (workflowId) => {
      const path = '/api/workflow/{workflowId}/pause';
      await call({ method: 'PUT', path, params: { workflowId }, answer: nothing });
    },
    resume: async (workflowId) => {
      const path = '/api/workflow/{workflowId}/resume';
      await call({ method: 'PUT', path, params: { workflowId }, answer: nothing });
    },
    rerun: async (workflowId, request) => {
      const path = '/api/workflow/{workflowId}/rerun';
      await call({ method: 'POST', path, params: { workflowId }, body: request, answer: executionId });
    },
    skipTask: async (workflowId, taskRef) => {
      const path = '/api/workflow/{workflowId}/skiptask/{taskRef}';
      await call({ method: 'PUT', path, params: { workflowId, taskRef }, answer: nothing });
    },
  };
  return calls;
}
