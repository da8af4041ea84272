import { isSafeToJoin } from '../../../core/conductor/task-types.ts';
import type { WorkflowTask } from '../../../core/conductor/types.ts';

/** Constructors of plain tasks, as the server reads them. The typed builder and the steps of agents both use them. */

/** A task with its inputs and nothing else. */
export function task(ref: string, type: string, inputParameters: object = {}, name = ref): WorkflowTask {
  return { name, taskReferenceName: ref, type, inputParameters: { ...inputParameters } };
}

/** Without a version, the server uses the latest version when it starts the sub-workflow. */
export function subWorkflow(
  ref: string,
  { name, version }: { name: string; version?: number | undefined },
  inputParameters: object,
): WorkflowTask {
  const subWorkflowParam = { name, ...(version !== undefined && { version }) };
  return { ...task(ref, 'SUB_WORKFLOW', inputParameters, name), subWorkflowParam };
}

/** The script is written last, so no input can replace it. */
export function inline(ref: string, inputs: object, expression: string): WorkflowTask {
  return task(ref, 'INLINE', { ...inputs, evaluatorType: 'graaljs', expression });
}

/** Names that the inputs of an INLINE or JSON_JQ_TRANSFORM task must not have. */
export const INLINE_NAMES = ['evaluatorType', 'expression'];
export const JQ_NAMES = ['queryExpression'];

export function jq(ref: string, inputs: object, queryExpression: string): WorkflowTask {
  return task(ref, 'JSON_JQ_TRANSFORM', { ...inputs, queryExpression });
}

export function terminate(
  ref: string,
  status: 'COMPLETED' | 'FAILED' | 'TERMINATED',
  reason: unknown,
  output: object,
): WorkflowTask {
  return task(ref, 'TERMINATE', {
    terminationStatus: status,
    terminationReason: reason,
    workflowOutput: output,
  });
}

/** How a SWITCH chooses. With `value-param`, `expression` names an input, compared as a string. With `graaljs`, it is a script. */
export interface Choice {
  evaluatorType: 'value-param' | 'graaljs';
  expression: string;
  inputs: object;
}

export function switchOn(
  ref: string,
  { evaluatorType, expression, inputs }: Choice,
  decisionCases: Readonly<Record<string, readonly WorkflowTask[]>>,
  defaultCase?: readonly WorkflowTask[],
): WorkflowTask {
  const cases = { decisionCases, ...(defaultCase && { defaultCase }) };
  return { ...task(ref, 'SWITCH', inputs), evaluatorType, expression, ...cases };
}

/**
 * A branch of a fork that a JOIN can wait for. A branch whose last task may be retried or is a SWITCH gets a NOOP at its end. A JOIN that
 * looks at a task between a failed attempt and its retry fails the workflow, and it does not wait for the chosen case of a SWITCH.
 */
export function joinable(tasks: readonly WorkflowTask[], endRef: () => string): readonly WorkflowTask[] {
  const last = tasks.at(-1);
  return !last || isSafeToJoin(last.type) ? tasks : [...tasks, task(endRef(), 'NOOP')];
}

/** FORK_JOIN and the JOIN that waits for the last task of each branch. */
export function fork(
  ref: string,
  joinRef: string,
  branches: readonly (readonly WorkflowTask[])[],
): [fork: WorkflowTask, join: WorkflowTask] {
  const joinOn = branches.flatMap((tasks) => tasks.at(-1)?.taskReferenceName ?? []);
  return [
    { ...task(ref, 'FORK_JOIN'), forkTasks: branches },
    { ...task(joinRef, 'JOIN'), joinOn },
  ];
}

/** Repeats its tasks as long as the condition, JavaScript over its inputs, is true after a round. */
export function loop(
  ref: string,
  loopCondition: string,
  inputs: object,
  loopOver: readonly WorkflowTask[],
): WorkflowTask {
  return { ...task(ref, 'DO_WHILE', inputs), loopCondition, loopOver };
}

/** Runs its tasks once for each item. The server requires a condition here too, but ends after the last item. */
export function listLoop(ref: string, items: unknown, inputs: object, loopOver: readonly WorkflowTask[]): WorkflowTask {
  return { ...loop(ref, 'true', inputs, loopOver), items };
}

/** Waits for a number of seconds or until a time; with neither, for a signal. */
export function wait(ref: string, wait: { seconds?: number | string; until?: string }): WorkflowTask {
  const { seconds, until } = wait;
  return task(ref, 'WAIT', {
    ...(seconds !== undefined && { duration: `${seconds} seconds` }),
    ...(until !== undefined && { until }),
  });
}

/** True for a time that the server reads: `2026-11-21 09:30 UTC`, or with an offset such as `GMT+02:00`. */
export function isServerTime(text: string): boolean {
  const [, day, time] = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d) (?:UTC|GMT(?:[+-]\d\d:\d\d)?)$/.exec(text) ?? [];
  if (day === undefined || time === undefined) return false;
  const at = new Date(`${day}T${time}:00Z`);
  // The server reads 31 November as 1 December.
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(`${day}T${time}`);
}
