import { z } from 'zod';
import type { WorkflowTask } from '../../../core/conductor/types.ts';
import { compileMapping, type ItemNames } from './item-mapping.ts';
import * as plain from './plain-tasks.ts';

/**
 * A fork over the items of a list, in four tasks: `REF_tasks` makes one task per item, `REF` forks them, `REF_join` waits for them
 * all, and `REF_results` puts what they answered into the order of the list. The tasks themselves are `REF_0`, `REF_1`, … (in a loop
 * `REF_ROUND_0`, …), each in a DO_WHILE of one round of its own, `REF_0_settled`.
 *
 * That loop is there because a JOIN can look at a task in the moment between a failed attempt and its retry, and then fails the
 * whole workflow. A loop is failed by the same decision that gives up on its task. The name has the round in it because a loop
 * takes tasks of an earlier round for its own.
 */

/** One task per item, without its reference and its input. */
export type ItemTask = Pick<WorkflowTask, 'name' | 'type'> & Record<string, unknown>;

/** What the names of one such fork are. */
export function itemNames(ref: string): ItemNames {
  return { item: `${ref}_item`, index: `${ref}_index` };
}

/**
 * The server resolves the input of a forked task again, and with it whatever stands in the items between `\${` and `}`. `$\${` is its
 * way to write a plain `\${`, which no text of a definition can hold either: hence the code of `$`. What it cannot prevent: the
 * expression of a secret inside data is resolved when any task is handed out.
 */
const AS_DATA = 'walk(if type == "string" then split("\\u0024{") | join("$\\u0024{") else . end)';

/** The task for each item, and how to go on if it fails. */
export interface ForkEach {
  ref: string;
  /** A reference to the list. */
  list: unknown;
  /** The task's input, wired to the item and its index. */
  input: unknown;
  task: ItemTask;
  /** The others may end before the workflow fails. */
  permissive: boolean;
  /** The reference of the loop around it. */
  loop?: string | undefined;
}

/** Computes the tasks to fork from the list. */
export function forkedTasks({ ref, list, input, task, permissive, loop }: ForkEach): WorkflowTask {
  const { query, given } = compileMapping(input, itemNames(ref), ['items', 'round', 'queryExpression']);
  const name = loop ? `${ref}_\\($given.round)_\\($index)` : `${ref}_\\($index)`;
  const settled = { name: 'settled', type: 'DO_WHILE', loopCondition: 'false', ...(permissive && { permissive }) };
  return plain.jq(
    `${ref}_tasks`,
    { items: list, ...(loop && { round: `\${${loop}.output.iteration}` }), ...given },
    [
      '. as $given | .items as $items',
      '| [range($items | length) as $index | $items[$index] as $item',
      `  | "${name}" as $ref`,
      `  | (${query} | ${AS_DATA}) as $input`,
      `  | ${JSON.stringify(settled)} + {taskReferenceName: "\\($ref)_settled", loopOver: [`,
      `      ${JSON.stringify(task)} + {taskReferenceName: $ref, inputParameters: $input}]}]`,
    ].join('\n'),
  );
}

/** The fork over what `forkedTasks` has computed. */
export function dynamicFork(ref: string): WorkflowTask {
  return {
    ...plain.task(ref, 'FORK_JOIN_DYNAMIC', { tasks: `\${${ref}_tasks.output.result}`, inputs: {} }),
    dynamicForkTasksParam: 'tasks',
    dynamicForkTasksInputParamName: 'inputs',
  };
}

/**
 * Collects what the forked tasks answered. A JOIN leaves out empty outputs; of a task that was allowed to fail, null stands for an
 * output in which something is missing that `output` promises.
 */
export function forkResults(ref: string, output: z.ZodType, optional: boolean): WorkflowTask {
  const complete = `($answer | ${JSON.stringify(promised(output))} | all(. as $key | $answer[$key] != null))`;
  const result = optional ? `if ${complete} then $answer else null end` : '$answer';
  return plain.jq(
    `${ref}_results`,
    { tasks: `\${${ref}_tasks.output.result}`, joined: `\${${ref}_join.output}` },
    [
      '(.joined // {} | with_entries(.key |= sub("__[0-9]+$"; ""))) as $joined',
      '| {results: [.tasks[] | $joined[.taskReferenceName]["1"][.loopOver[0].taskReferenceName] // {}',
      `  | . as $answer | ${result}]}`,
    ].join('\n'),
  );
}

/** The keys that an output of this schema cannot be without. */
function promised(schema: z.ZodType): string[] {
  if (!(schema instanceof z.ZodObject)) return [];
  return Object.entries(schema.shape)
    .filter(([, field]) => !field.safeParse(null).success && !field.safeParse(undefined).success)
    .map(([key]) => key);
}
