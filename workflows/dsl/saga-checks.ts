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

const hasNoEffect = (type: string) => isControlFlow(type) || type === 'TERMINATE';

/**
 * The steps with an undo in the order in which they are written.
 * @throws FleetError `config` if one cannot be undone soundly
 */
export function checkSteps(build: Build, tasks: readonly WorkflowTask[], undos: readonly Undo[]): Undo[] {
  if (undos.length === 0) throw build.mistake('no step has an undo; use defineWorkflow.');
  const places = [...walk(tasks)];
  const found = undos.map((undo) => ({
    undo,
    at: places.findIndex(({ task }) => task.taskReferenceName === undo.ref),
  }));
  for (const { undo, at } of found) {
    const place = places[at];
    if (!place) throw build.mistake(`"${undo.ref}" has an undo and is no task of this saga.`);
    if (hasNoEffect(place.task.type)) {
      throw build.mistake(`"${undo.ref}" is a ${place.task.type}; give the tasks in it an undo each.`);
    }
    if (place.within.some(({ kind }) => kind === 'loop')) {
      throw build.mistake(
        `"${undo.ref}" is in a loop, where each round has an effect of its own; make the round a sub-workflow that is a saga.`,
      );
    }
  }
  return found.sort((one, other) => one.at - other.at).map(({ undo }) => undo);
}

/** @throws FleetError `config` if the inputs of a compensation could not be told apart, or would be missing */
export function checkWhole(build: Build, saga: z.ZodObject, afterwards: z.ZodObject): void {
  const taken = Object.keys(failureInput.shape);
  const clash = Object.keys(saga.shape).find((key) => taken.includes(key));
  if (clash) throw build.mistake(`the server hands "${clash}" to the compensation; call that input something else.`);
  const twice = Object.keys(afterwards.shape).find((key) => taken.includes(key) || key in saga.shape);
  if (twice) throw build.mistake(`the compensation has an input "${twice}" already; leave it out of \`afterwards\`.`);
  const missing = Object.entries(afterwards.shape).find(([, field]) => !field.safeParse(undefined).success);
  if (missing) throw build.mistake(`"${missing[0]}" of \`afterwards\` needs a default, as nobody hands it over.`);
}

/** @throws FleetError `config` for an undo without a task, or with one that other tasks depend on */
export function checkTasks(build: Build, step: string, tasks: readonly WorkflowTask[]): void {
  if (tasks.length === 0) throw build.mistake(`the undo of "${step}" adds no task.`);
  const control = tasks.find(({ type }) => hasNoEffect(type));
  if (!control) return;
  throw build.mistake(`the undo of "${step}" holds a ${control.type}; put what belongs together into a sub-workflow.`);
}

/** @throws FleetError `config` if a compensation refers to what is there only in the saga, or to what changes with each run */
export function checkReferences(build: Build, tasks: readonly WorkflowTask[], output: unknown): void {
  const own = new Set([...walk(tasks)].map(({ task }) => task.taskReferenceName));
  for (const { path } of expressionsIn(toJson([tasks, output]))) {
    const [root = '', field = ''] = path.split(/[.[]/);
    if (root === 'workflow' && field === 'workflowId') {
      throw build.mistake(
        'a compensation refers to its own id, which is new each time it runs; use that of the failed one.',
      );
    }
    if (root === 'workflow' ? field === 'variables' : !own.has(root)) {
      throw build.mistake(`an undo refers to ${path}; it sees the saga's input and the output of its own step.`);
    }
  }
}

/** @throws FleetError `config` if a task that runs out of time would end the compensation before the other undos ran */
export function checkContracts(build: Build, contracts: readonly (TaskContract | TaskPolicy)[]): void {
  const ending = contracts.find(({ options }) => options.timeoutPolicy === 'TIME_OUT_WF');
  if (ending) throw build.mistake(`"${ending.name}" ends the compensation when it runs out of time (TIME_OUT_WF).`);
}
