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

/** The server answers when the dry run is over. With many rounds and forks that takes a while on a busy server. */
const TEST_WAIT_MS = 60_000;

export interface StartRequest {
  name: string;
  version?: number;
  input: Record<string, unknown>;
  correlationId?: string;
  priority?: number;
  /** The domain whose workers get a task, by the task's name; `*` is any name. */
  taskToDomain?: Record<string, string>;
  /** Runs this definition, which need not be registered. */
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
  /** Sorts by start time; default: newest first. */
  oldestFirst?: boolean;
}

/** What one attempt of a task answers in a dry run. */
export interface TaskMock {
  status: 'COMPLETED' | 'FAILED' | 'FAILED_WITH_TERMINAL_ERROR' | 'IN_PROGRESS';
  output: Record<string, unknown>;
  /** How long the attempt pretends to have taken, in milliseconds. If its task definition allows less, it times out. */
  executionTime?: number;
  /** Why it failed. The server does not store it: there the attempt fails with the reason null. */
  reason?: string;
}

/** Mocks by task reference; a task in a loop is `REF__1` in the first round, `REF__2` in the second. */
export interface MockedTasks {
  taskRefToMockOutput: Record<string, TaskMock[]>;
  /** The mocks of sub-workflows, by the references of the tasks that start them. */
  subWorkflowTestRequest?: Record<string, MockedTasks & { name: string; version: number }>;
}

/** A dry run: the definition, and for each task reference what its attempts answer, in order. */
export interface TestRequest extends MockedTasks {
  name: string;
  version: number;
  input: Record<string, unknown>;
  workflowDef: WorkflowDef;
  correlationId?: string;
  /** Give every task type an entry: for any other type the server makes a queue of this run alone and never removes it. */
  taskToDomain?: Record<string, string>;
}

/** Workflow executions: starting, reading and ending them. */
export interface ExecutionCalls {
  /** Returns the id of the new execution. Not safe to repeat: the server has no idempotency key. */
  startWorkflow(request: StartRequest): Promise<string>;
  getExecution(workflowId: string, options?: { includeTasks?: boolean }): Promise<Execution>;
  getStatus(workflowId: string): Promise<ExecutionStatus>;
  /** All executions of a workflow with a correlation id, without their tasks. Needs no index. */
  correlatedExecutions(name: string, correlationId: string): Promise<Execution[]>;
  /** Newest first, unless asked otherwise. */
  searchExecutions(request: SearchRequest): Promise<z.output<typeof searchSchema>>;
  /** Ids of the running executions of one version of a definition. */
  runningExecutions(name: string, version: number): Promise<string[]>;
  terminate(workflowId: string, reason: string): Promise<void>;
  /** Schedules again those tasks of an ended execution that failed or were cancelled. */
  retry(workflowId: string): Promise<void>;
  /** Runs an ended execution again from its start, under the same id. Its earlier tasks are deleted. */
  restart(workflowId: string, options?: { useLatestDefinitions?: boolean }): Promise<void>;
  /** Removes an execution and everything that the server stores about it. */
  removeExecution(workflowId: string): Promise<void>;
  /** See `waitForEnd` in `core/conductor/wait-for-end.ts`. */
  waitForEnd(workflowId: string, options?: WaitOptions): Promise<Execution>;
  /** A dry run: runs a definition on the server with given outputs for its tasks. The execution stays on the server. */
  testWorkflow(request: TestRequest): Promise<Execution>;
  /** No task is scheduled until `resume`. Tasks that workers have, and sub-workflows, continue. @throws FleetError `conflict` if it has ended */
  pause(workflowId: string): Promise<void>;
  /** The server answers 500 if the execution is not paused. */
  resume(workflowId: string): Promise<void>;
  /** Runs an ended execution again from one of its tasks, or from its start, under the same id. @throws FleetError `conflict` while it runs */
  rerun(workflowId: string, request: RerunRequest): Promise<void>;
  /** Skips a task that is not scheduled yet; its output is empty. The server answers 500 if it is scheduled, or if the execution is paused. */
  skipTask(workflowId: string, taskRef: string): Promise<void>;
}

/** Where to run again from, and with what. */
export interface RerunRequest {
  /** The attempt of a task to start from; later tasks are deleted. Default: the start of the execution. */
  reRunFromTaskId?: string;
  /** Replaces the whole input of that task. */
  taskInput?: Record<string, unknown>;
  /** Replaces the whole input of the execution. A task that runs again keeps its input. */
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
    runningExecutions: (name, version) =>
      call({
        method: 'GET',
        path: '/api/workflow/running/{name}',
        params: { name },
        query: { version },
        answer: z.array(z.string()),
      }),
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
