import {
  type CallToolResult,
  type InputRequests,
  MissingRequiredClientCapabilityError,
} from '@modelcontextprotocol/server';
import type { Capabilities } from '../engine/client-capabilities.ts';

/** The tasks extension of the 2026-07-28 revision (SEP-2663): a call continues after its answer, as a task that the client follows. */
export const TASKS_EXTENSION = 'io.modelcontextprotocol/tasks';

/** The fields of every task. Times are ISO 8601. */
interface TaskBase {
  readonly taskId: string;
  /** One sentence for a person who looks at the task. */
  readonly statusMessage?: string;
  readonly createdAt: string;
  readonly lastUpdatedAt: string;
  /** How long the task can be read, in milliseconds; null if without limit. */
  readonly ttlMs: number | null;
  readonly pollIntervalMs?: number;
}

/** A task as `tasks/get` shows it. It is `completed` also if the tool reported an error, and `failed` if no tool answered. */
export type DetailedTask = TaskBase &
  (
    | { readonly status: 'working' | 'cancelled' }
    | { readonly status: 'input_required'; readonly inputRequests: InputRequests }
    | { readonly status: 'completed'; readonly result: CallToolResult }
    | { readonly status: 'failed'; readonly error: { readonly code: number; readonly message: string } }
  );

/** The answer of a call that continues as a task. */
export type CreatedTask = CallToolResult &
  TaskBase & { readonly resultType: 'task'; readonly status: DetailedTask['status'] };

/** The answer to the call that made `task`. Only `tasks/get` shows what the task waits for, and its result. */
export function createdTask(task: DetailedTask): CreatedTask {
  const { taskId, status, statusMessage, createdAt, lastUpdatedAt, ttlMs, pollIntervalMs } = task;
  return {
    resultType: 'task',
    content: [], // the SDK requires it in every answer to `tools/call`
    taskId,
    status,
    ...(statusMessage !== undefined && { statusMessage }),
    createdAt,
    lastUpdatedAt,
    ttlMs,
    ...(pollIntervalMs !== undefined && { pollIntervalMs }),
  };
}

/** The task with the result of its call. `resultType` is added, because clients expect it in every result. */
export function completedTask(task: DetailedTask, result: CallToolResult): DetailedTask {
  return { ...task, status: 'completed', result: { ...result, resultType: 'complete' } };
}

/** Whether the client of a request follows tasks. */
export function followsTasks({ extensions }: Capabilities): boolean {
  return extensions !== undefined && TASKS_EXTENSION in extensions;
}

/** The error for a client that did not declare the extension. */
export function tasksRequired(): MissingRequiredClientCapabilityError {
  return new MissingRequiredClientCapabilityError(
    { requiredCapabilities: { extensions: { [TASKS_EXTENSION]: {} } } },
    `This request needs the extension ${TASKS_EXTENSION}, which the client did not declare.`,
  );
}

/** A client's answers to the questions of a task, by the keys of the questions. Each answer is checked where it is read. */
export type InputResponses = Readonly<Record<string, unknown>>;
