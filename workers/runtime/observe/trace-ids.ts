import { createHash } from 'node:crypto';
import type { Task } from '../../../core/conductor/types.ts';

/**
 * Trace and span ids. A trace is an execution; a span is an attempt. Every process derives the same ids. So the tasks of an execution form
 * one trace wherever they run, and processes pass no ids to each other.
 */

/** The trace id of an execution: its id without dashes, or a hash of an id that has another form. */
export function traceIdOf(workflowId: string): string {
  const digits = workflowId.replaceAll('-', '').toLowerCase();
  return /^(?!0+$)[0-9a-f]{32}$/.test(digits) ? digits : hash(workflowId, 32);
}

/**
 * The id of the span that is the parent of all tasks of an execution. We never send this span, because only the server sees an execution
 * from start to end.
 */
export function rootSpanIdOf(workflowId: string): string {
  return hash(`execution ${workflowId}`, 16);
}

/** The span id of one delivery of an attempt. A task that was handed back is delivered again under the same task id. */
export function taskSpanIdOf({ taskId, pollCount }: Pick<Task, 'taskId' | 'pollCount'>): string {
  return pollCount > 1 ? hash(`task ${taskId} ${pollCount}`, 16) : firstSpanIdOf(taskId);
}

/** The span id of the first delivery of an attempt. */
export function firstSpanIdOf(taskId: string): string {
  return hash(`task ${taskId}`, 16);
}

function hash(text: string, digits: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, digits);
}
