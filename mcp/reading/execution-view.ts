import { countByStatus, failureOf, latestAttempts, runtimeOf } from '../../core/conductor/execution.ts';
import type { Execution } from '../../core/conductor/types.ts';
import { instant } from '../../core/text.ts';
import { rowOf, type TaskRow } from '../shared/task-rows.ts';

/** Values up to this size are shown where they stand, larger ones by their address. */
const SHOWN_BYTES = 2000;

type Json = Record<string, unknown>;

/** An execution as its resource and prompts show it: everything but payloads, of which the small ones and the addresses of the rest. */
export interface ExecutionView {
  readonly executionId: string;
  readonly workflow: string;
  readonly version: number;
  readonly status: string;
  readonly startedAt: string;
  readonly endedAt?: string;
  readonly durationMs: number;
  readonly correlationId?: string;
  readonly parentExecutionId?: string;
  readonly taskCounts: Record<string, number>;
  /** Why it failed, or what its running task last failed with. */
  readonly error?: Json;
  readonly input?: Json;
  readonly output?: Json;
  /** Where an output that is not shown can be read. */
  readonly outputUri?: string;
  /** The last attempt of every task, in the order they came up. */
  readonly tasks: readonly TaskRow[];
}

/** What is known of an execution; `now` (epoch milliseconds) is where open durations end. */
export function viewOf(execution: Execution, now: number): ExecutionView {
  const { workflowId, workflowName, workflowVersion, status, startTime, endTime } = execution;
  const { input, output, correlationId, parentWorkflowId } = execution;
  const error = failureOf(execution);
  const fits = (value: Json) => Buffer.byteLength(JSON.stringify(value)) <= SHOWN_BYTES;
  return {
    executionId: workflowId,
    workflow: workflowName,
    version: workflowVersion,
    status,
    startedAt: instant(startTime),
    ...(endTime > 0 && { endedAt: instant(endTime) }),
    durationMs: runtimeOf(execution, now),
    ...(correlationId && { correlationId }),
    ...(parentWorkflowId && { parentExecutionId: parentWorkflowId }),
    taskCounts: countByStatus(execution.tasks),
    ...(error && { error }),
    ...(fits(input) && { input }),
    ...(fits(output) ? { output } : { outputUri: outputUri(workflowId) }),
    tasks: latestAttempts(execution.tasks).map((task) => rowOf(task, now)),
  };
}

/** Where the whole output of an execution is read. */
export function outputUri(executionId: string): string {
  return `${executionUri(executionId)}/output`;
}

/** The address of an execution. */
export function executionUri(executionId: string): string {
  return `conductor://executions/${encodeURIComponent(executionId)}`;
}
