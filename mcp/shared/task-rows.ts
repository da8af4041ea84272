import { latestAttempts, runtimeOf } from '../../core/conductor/execution-facts.ts';
import { isForWorkers } from '../../core/conductor/task-types.ts';
import type { Task } from '../../core/conductor/types.ts';
import { clip, count, duration } from '../../core/text.ts';
import { innermostReason } from '../analysis/failure-reason.ts';
import { quote, quoteIfUnusual } from './quote.ts';

const ROW_REASON_LIMIT = 120;

/** A task of an execution as answers show it. */
export type TaskRow = {
  ref: string;
  /** The system task's type, or the task definition that a worker serves. */
  type: string;
  status: string;
  attempt: number;
  durationMs: number;
  reason?: string;
};

/** The row of a task. On the server a completed task keeps the reason of an earlier attempt. The row leaves that reason out. */
export function rowOf(task: Task, now: number): TaskRow {
  const { reasonForIncompletion: reason } = task;
  return {
    ref: task.referenceTaskName,
    type: task.taskType,
    status: task.status,
    attempt: task.retryCount + 1,
    durationMs: runtimeOf(task, now),
    ...(reason && task.status !== 'COMPLETED' && { reason: clip(innermostReason(reason), ROW_REASON_LIMIT) }),
  };
}

/** The row as a line of text. */
export function lineOf({ ref, type, status, attempt, durationMs, reason }: TaskRow): string {
  const line = `${quoteIfUnusual(ref)} | ${quoteIfUnusual(type)} | ${status} | ${duration(durationMs)}`;
  return `${line}${attempt > 1 ? ` | attempt ${attempt}` : ''}${reason ? ` | ${quote(reason)}` : ''}`;
}

/** A sentence for each task that no worker has polled yet, at most five. */
export function unpolledLines(tasks: readonly Task[], now: number): string[] {
  return latestAttempts(tasks)
    .filter((task) => task.status === 'SCHEDULED' && task.pollCount === 0 && isForWorkers(task))
    .slice(0, 5)
    .map((task) => {
      const waited = duration(now - task.scheduledTime);
      return `No worker has taken ${quoteIfUnusual(task.referenceTaskName)} (task definition ${quoteIfUnusual(task.taskType)}) for ${waited}.`;
    });
}

/** `3 COMPLETED, 1 FAILED`. */
export function countsLine(counts: Readonly<Record<string, number>>): string {
  const parts = Object.entries(counts).map(([status, n]) => `${n} ${status}`);
  return parts.length > 0 ? parts.join(', ') : count(0, 'task');
}
