import { createHash } from 'node:crypto';
import type { Task } from '../../../core/conductor/types.ts';

/**
 * Ids that every process derives alike, so that the tasks of an execution are one trace wherever they run, and nothing has to be handed
 * on between them: the trace is the execution, a span is an attempt.
 */

/** Of an execution: its id without dashes, as the server makes them. */
export function traceIdOf(workflowId: string): string {
  const digits = workflowId.replaceAll('-', '').toLowerCase();
  return /^(?!0+$)[0-9a-f]{32}$/.test(digits) ? digits : hash(workflowId, 32);
}

/** What the spans of all its tasks hang on. Nobody sends this span: only the server sees an execution from its start to its end. */
export function rootSpanIdOf(workflowId: string): string {
  return hash(`execution ${workflowId}`, 16);
}

/** Of one delivery of an attempt. A task that was handed back comes again under its own id. */
export function taskSpanIdOf({ taskId, pollCount }: Pick<Task, 'taskId' | 'pollCount'>): string {
  return pollCount > 1 ? hash(`task ${taskId} ${pollCount}`, 16) : firstSpanIdOf(taskId);
}

/** Of the first delivery of an attempt. */
export function firstSpanIdOf(taskId: string): string {
  return hash(`task ${taskId}`, 16);
}

function hash(text: string, digits: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, digits);
}
