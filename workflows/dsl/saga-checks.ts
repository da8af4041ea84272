import type { z } from 'zod';
import { isControlFlow } from '../../core/conductor/task-types.ts';
import type { WorkflowTask } from '../../core/conductor/types.ts';
import type { TaskContract, TaskPolicy } from '../../core/contract.ts';
import { expressionsIn } from '../model/expressions.ts';
import { walk } from '../model/walk.ts';
import type { Build } from './build.ts';
import { failureInput } from './define-workflow.ts';
import { toJson } from './refs.ts';
import type { Undo } from './saga-compensation.ts';

/** True for a task type that has no effect to undo. */
const hasNoEffect = (type: string) => isControlFlow(type) || type === 'TERMINATE';

/**
 * Checks the steps that have an undo, and returns their undos in the order of the definition.
 * @throws FleetError `config` if a step cannot be undone reliably
 */
export function checkSteps(build: Build, tasks: readonly WorkflowTask[], undos: readonly Undo[]): Undo[] {
  if (undos.length === 0) throw build.mistake('no step has an undo. Use defineWorkflow.');
  const places = [...walk(tasks)];
  const found = undos.map((undo) => ({
    undo,
    at: places.findIndex(({ task }) => task.taskReferenceName === undo.ref),
  }));
  for (const { undo, at } of found) {
    const place = places[at];
    if (!place) throw build.mistake(`"${undo.ref}" has an undo but is not a task of this saga.`);
    if (hasNoEffect(place.task.type)) {
      throw build.mistake(
        `"${undo.ref}" is a ${place.task.type}, which has no effect to undo. Give each task in it an undo.`,
      );
    }
    if (place.within.some(({ kind }) => kind === 'loop')) {
      throw build.mistake(
        `"${undo.ref}" is in a loop, where each round has its own effect. Put the tasks of a round into a sub-workflow that is a saga.`,
      );
    }
  }
  return found.sort((one, other) => one.at - other.at).map(({ undo }) => undo);
}

/** @throws FleetError `config` if two inputs of the compensation have the same name, or if an input could be missing */
export function checkWhole(build: Build, saga: z.ZodObject, afterwards: z.ZodObject): void {
  const taken = Object.keys(failureInput.shape);
  const clash = Object.keys(saga.shape).find((key) => taken.includes(key));
  if (clash) throw build.mistake(`the server passes its own "${clash}" to the compensation. Rename that input.`);
  const twice = Object.keys(afterwards.shape).find((key) => taken.includes(key) || key in saga.shape);
  if (twice) throw build.mistake(`the compensation already has an input "${twice}". Remove it from \`afterwards\`.`);
  const missing = Object.entries(afterwards.shape).find(([, field]) => !field.safeParse(undefined).success);
  if (missing)
    throw build.mistake(
      `the input "${missing[0]}" of \`afterwards\` needs a default, because the server starts the compensation without it.`,
    );
}

/** @throws FleetError `config` if an undo has no task, or contains a task that controls other tasks */
export function checkTasks(build: Build, step: string, tasks: readonly WorkflowTask[]): void {
  if (tasks.length === 0) throw build.mistake(`the undo of "${step}" adds no task. Add one.`);
  const control = tasks.find(({ type }) => hasNoEffect(type));
  if (!control) return;
  throw build.mistake(`the undo of "${step}" contains a ${control.type}. Put these tasks into a sub-workflow.`);
}

/**
 * @throws FleetError `config` if a compensation refers to a value that only the saga has, or that differs in each run of the compensation
 */
export function checkReferences(build: Build, tasks: readonly WorkflowTask[], output: unknown): void {
  const own = new Set([...walk(tasks)].map(({ task }) => task.taskReferenceName));
  for (const { path } of expressionsIn(toJson([tasks, output]))) {
    const [root = '', field = ''] = path.split(/[.[]/);
    if (root === 'workflow' && field === 'workflowId') {
      throw build.mistake(
        'a compensation refers to its own workflowId, which changes with each run. Use the workflowId of the failed execution.',
      );
    }
    if (root === 'workflow' ? field === 'variables' : !own.has(root)) {
      throw build.mistake(
        `an undo refers to ${path}, but it can only read the input of the saga and the output of its own step.`,
      );
    }
  }
}

/** @throws FleetError `config` if a time-out of one task would end the compensation before the other undos have run */
export function checkContracts(build: Build, contracts: readonly (TaskContract | TaskPolicy)[]): void {
  const ending = contracts.find(({ options }) => options.timeoutPolicy === 'TIME_OUT_WF');
  if (ending)
    throw build.mistake(
      `"${ending.name}" would end the whole compensation when it times out (TIME_OUT_WF). Use the timeoutPolicy RETRY.`,
    );
}
