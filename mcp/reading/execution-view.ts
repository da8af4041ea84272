import { countByStatus, failureOf, latestAttempts, runtimeOf } from '../../core/conductor/execution-facts.ts';
import type { Execution } from '../../core/conductor/types.ts';
import { instant } from '../../core/text.ts';
import { rowOf, type TaskRow } from '../shared/task-rows.ts';

/** Larger values are left out. For a large output, the view gives the address at which to read it. */
const SHOWN_BYTES = 2000;

type Json = Record<string, unknown>;

/** An execution as its resource and the prompts show it: everything except large payloads. */
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
  /** Why the execution failed; for an open execution, the last failure of a task that is tried again. */
  readonly error?: Json;
  readonly input?: Json;
  readonly output?: Json;
  /** The address at which a client reads an output that is left out here. */
  readonly outputUri?: string;
  /** The last attempt of every task, in the order in which the tasks were first scheduled. */
  readonly tasks: readonly TaskRow[];
}

/** Describes an execution; `now` (epoch milliseconds) ends durations that are still open. */
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

/** The address of the whole output of an execution. */
export function outputUri(executionId: string): string {
  return `${executionUri(executionId)}/output`;
}

/** The address of an execution. */
export function executionUri(executionId: string): string {
  return `conductor://executions/${encodeURIComponent(executionId)}`;
}
