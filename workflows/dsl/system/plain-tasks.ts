import { isSafeToJoin } from '../../../core/conductor/task-types.ts';
import type { WorkflowTask } from '../../../core/conductor/types.ts';

/** Functions that make plain tasks, as the server reads them. The typed builder and the steps of agents both use these functions. */

/** A task of any type with its inputs. The caller adds the fields of its type. */
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

/** An INLINE task. The script is written after the inputs, so no input can replace it. */
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

/**
 * How a SWITCH chooses a case. With `value-param`, `expression` names an input, and the server compares its value as a string. With
 * `graaljs`, `expression` is a script.
 */
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
 * A branch of a fork that a JOIN can wait for. If the last task may be retried or is a SWITCH, the branch gets a NOOP at its end. Without
 * it, a JOIN that looks at a task between a failed attempt and its retry fails the workflow. A JOIN also does not wait for the chosen case
 * of a SWITCH.
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

/** A DO_WHILE: repeats its tasks as long as the condition is true after a round. The condition is JavaScript that reads the inputs. */
export function loop(
  ref: string,
  loopCondition: string,
  inputs: object,
  loopOver: readonly WorkflowTask[],
): WorkflowTask {
  return { ...task(ref, 'DO_WHILE', inputs), loopCondition, loopOver };
}

/** A DO_WHILE that runs its tasks once for each item. The server requires a condition here too, but ends the loop after the last item. */
export function listLoop(ref: string, items: unknown, inputs: object, loopOver: readonly WorkflowTask[]): WorkflowTask {
  return { ...loop(ref, 'true', inputs, loopOver), items };
}

/** A WAIT for a number of seconds or until a time. With neither, it waits for a signal. */
export function wait(ref: string, wait: { seconds?: number | string; until?: string }): WorkflowTask {
  const { seconds, until } = wait;
  return task(ref, 'WAIT', {
    ...(seconds !== undefined && { duration: `${seconds} seconds` }),
    ...(until !== undefined && { until }),
  });
}

/** True for a time that the server can read: `2026-11-21 09:30 UTC`, or with an offset such as `GMT+02:00`. */
export function isServerTime(text: string): boolean {
  const [, day, time] = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d) (?:UTC|GMT(?:[+-]\d\d:\d\d)?)$/.exec(text) ?? [];
  if (day === undefined || time === undefined) return false;
  const at = new Date(`${day}T${time}:00Z`);
  // A day that does not exist is rejected: the server would read 31 November as 1 December.
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(`${day}T${time}`);
}
