import {
  type CallToolResult,
  type InputRequests,
  MissingRequiredClientCapabilityError,
  type Result,
} from '@modelcontextprotocol/server';
import type { Capabilities } from '../engine/client-capabilities.ts';

/** The tasks extension of the 2026-07-28 revision (SEP-2663): a call goes on after its answer, as a task that the client follows. */
export const TASKS_EXTENSION = 'io.modelcontextprotocol/tasks';

/** What is known of every task. Times are ISO 8601. */
interface TaskBase {
  readonly taskId: string;
  /** One sentence for a person who looks at the task. */
  readonly statusMessage?: string;
  readonly createdAt: string;
  readonly lastUpdatedAt: string;
  /** How long it can be asked for, in milliseconds; null where nothing ends that. */
  readonly ttlMs: number | null;
  readonly pollIntervalMs?: number;
}

/** A task as `tasks/get` shows it. A tool that ran and reported an error is completed; failed is for what no tool answered. */
export type DetailedTask = TaskBase &
  (
    | { readonly status: 'working' | 'cancelled' }
    | { readonly status: 'input_required'; readonly inputRequests: InputRequests }
    | { readonly status: 'completed'; readonly result: CallToolResult }
    | { readonly status: 'failed'; readonly error: { readonly code: number; readonly message: string } }
  );

/** The answer of a call that goes on. */
export type CreatedTask = Result & TaskBase & { readonly resultType: 'task'; readonly status: DetailedTask['status'] };

/** The answer to the call that made `task`: what it waits for and what it came to stand in `tasks/get` alone. */
export function createdTask(task: DetailedTask): CreatedTask {
  const { taskId, status, statusMessage, createdAt, lastUpdatedAt, ttlMs, pollIntervalMs } = task;
  return {
    resultType: 'task',
    taskId,
    status,
    ...(statusMessage !== undefined && { statusMessage }),
    createdAt,
    lastUpdatedAt,
    ttlMs,
    ...(pollIntervalMs !== undefined && { pollIntervalMs }),
  };
}

/** What a completed task came to: the result as its call would have had it, with the mark that clients look for in every result. */
export function completedTask(task: DetailedTask, result: CallToolResult): DetailedTask {
  return { ...task, status: 'completed', result: { ...result, resultType: 'complete' } };
}

/** True for the answer of a call that goes on as a task. */
export function isCreatedTask(result: Result): result is CreatedTask {
  return result.resultType === 'task';
}

/** Whether the client of a request follows tasks. */
export function followsTasks({ extensions }: Capabilities): boolean {
  return extensions !== undefined && TASKS_EXTENSION in extensions;
}

/** For what only a client of the tasks extension can have. */
export function tasksRequired(): MissingRequiredClientCapabilityError {
  return new MissingRequiredClientCapabilityError(
    { requiredCapabilities: { extensions: { [TASKS_EXTENSION]: {} } } },
    `This needs the extension ${TASKS_EXTENSION}, which the client did not declare.`,
  );
}

/** What a client answers to the questions of a task, by the keys they were asked with; each answer is checked where it is read. */
export type InputResponses = Readonly<Record<string, unknown>>;
