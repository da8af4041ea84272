import type { MockedTasks, TaskMock } from '../../core/conductor/calls/execution-calls.ts';
import { type Execution, isOpenTask, type Task } from '../../core/conductor/types.ts';
import { isObject } from '../../core/json.ts';
import { isAdded } from './dry-definition.ts';
import { NO_MOCK } from './mock-data.ts';
import { isAnswered } from './mockable-types.ts';
import type { ScenarioTask } from './workflow-steps.ts';

/** One attempt of one task of a dry run. */
export interface Attempt {
  readonly taskId: string;
  /** The reference of the task in the definition, without the number of the round. */
  readonly ref: string;
  /** The type of the task in the definition. For a task that was made at run time, its type in the execution. */
  readonly type: string;
  /** The name of the task definition. */
  readonly name: string;
  /** The number of the round, from 1; 0 outside a loop. */
  readonly round: number;
  /** From 1. */
  readonly attempt: number;
  readonly status: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly output: Readonly<Record<string, unknown>>;
  /** Why the attempt failed; absent if it did not fail. */
  readonly reason: string | undefined;
  /** True if the scenario has no answer for this attempt. */
  readonly unanswered: boolean;
  readonly subWorkflowId: string | undefined;
}

/** The events of a dry run, with the references and types of the definition. */
export interface Trace {
  readonly execution: Execution;
  /** Why the execution did not complete, including the reasons of the mocks. */
  readonly reason: string | undefined;
  /** The attempts of all tasks, in the order in which they began. */
  readonly attempts: readonly Attempt[];
  /** The executions of sub-workflows. */
  readonly below: readonly { readonly ref: string; readonly trace: Trace }[];
}

/** The trace of one execution; `below` are the traces of its sub-workflows. */
export function traceOf(
  execution: Execution,
  steps: ReadonlyMap<string, ScenarioTask>,
  mocks: MockedTasks,
  below: Trace['below'] = [],
): Trace {
  const rows = [...execution.tasks].sort((a, b) => a.seq - b.seq).filter((row) => !isAdded(bareRef(row)));
  const tried = new Map<string, number>();
  const attempts = rows.map((row) => {
    const attempt = (tried.get(row.referenceTaskName) ?? 0) + 1;
    tried.set(row.referenceTaskName, attempt);
    const mock = mocks.taskRefToMockOutput[row.referenceTaskName]?.[attempt - 1];
    return attemptOf(row, attempt, steps.get(bareRef(row)), mock);
  });
  const reason = fullReason(execution.reasonForIncompletion, attemptsIn({ attempts, below }));
  return { execution, reason, attempts, below };
}

/** The reference of a task in the definition. Inside a loop, the server appends the number of the round to it. */
function bareRef({ referenceTaskName, iteration }: Task): string {
  const suffix = `__${iteration}`;
  return iteration > 0 && referenceTaskName.endsWith(suffix)
    ? referenceTaskName.slice(0, -suffix.length)
    : referenceTaskName;
}

function attemptOf(row: Task, attempt: number, step: ScenarioTask | undefined, mock: TaskMock | undefined): Attempt {
  const { [NO_MOCK]: unanswered, ...output } = row.outputData;
  const failed = !['COMPLETED', 'SCHEDULED', 'IN_PROGRESS', 'CANCELED', 'SKIPPED'].includes(row.status);
  const reason = row.reasonForIncompletion ?? mock?.reason ?? 'no reason given';
  return {
    taskId: row.taskId,
    ref: bareRef(row),
    type: step?.type ?? row.taskType,
    name: row.taskDefName ?? row.taskType,
    round: row.iteration,
    attempt,
    status: row.status,
    input: inputOf(row),
    output,
    reason: failed ? reason : undefined,
    unanswered: unanswered === true,
    subWorkflowId: row.subWorkflowId ?? undefined,
  };
}

/** The input of a task. The server puts the input of a sub-workflow into `workflowInput`. */
function inputOf({ taskType, inputData }: Task): Record<string, unknown> {
  const { workflowInput } = inputData;
  return taskType === 'SUB_WORKFLOW' && isObject(workflowInput) ? workflowInput : inputData;
}

/** Every attempt of an execution and of its sub-workflows. */
export function attemptsIn(trace: Pick<Trace, 'attempts' | 'below'>): Attempt[] {
  return [...trace.attempts, ...trace.below.flatMap(({ trace: inner }) => attemptsIn(inner))];
}

/** Puts the reasons of failed mocks back into a text, because the test endpoint does not know them and writes null. */
function fullReason(text: string | null | undefined, attempts: readonly Attempt[]): string | undefined {
  const known = new Map(attempts.map(({ taskId, reason }) => [taskId, reason]));
  const failed = /Task (\S+) failed with status: (\w+) and reason: 'null'/g;
  return (
    text?.replaceAll(failed, (whole, id: string) => {
      const reason = known.get(id);
      return reason === undefined ? whole : whole.replace(/'null'$/, () => `'${reason}'`);
    }) ?? undefined
  );
}

/** True if a race condition in the server made the execution useless. Another run of the same scenario may succeed. */
export function isSpoilt(trace: Trace, steps: ReadonlyMap<string, ScenarioTask>): boolean {
  return failedTooSoon(trace, steps) || gaveUpTooSoon(trace);
}

/**
 * True if the execution failed at a JOIN although every failed task still had retries left. The server may evaluate a JOIN before it
 * schedules the retry of a failed task. The JOIN then treats the task as if no retries were left.
 */
function failedTooSoon({ attempts }: Trace, steps: ReadonlyMap<string, ScenarioTask>): boolean {
  if (!attempts.some(({ type, status }) => type === 'JOIN' && status === 'FAILED')) return false;
  const failed = attempts.filter(({ type, reason }) => type !== 'JOIN' && reason !== undefined);
  const hasMore = ({ ref, status, attempt }: Attempt) =>
    ['FAILED', 'TIMED_OUT'].includes(status) && attempt <= (steps.get(ref)?.taskDef.retryCount ?? 0);
  return failed.length > 0 && failed.every(hasMore);
}

/** True if the test endpoint stopped at a task that the server was still computing, because the task seemed to wait for an answer. */
function gaveUpTooSoon({ execution, attempts }: Trace): boolean {
  if (execution.status !== 'RUNNING') return false;
  const open = attempts.filter(isOpenTask);
  return open.every(({ type }) => !isAnswered(type));
}
