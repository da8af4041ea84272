import { z } from 'zod';
import type { WorkflowTask } from '../../../core/conductor/types.ts';
import { compileMapping, type ItemNames } from './item-mapping.ts';
import * as plain from './plain-tasks.ts';

/**
 * A fork over the items of a list, in four tasks: `REF_tasks` makes one task for each item, `REF` forks them, `REF_join` waits for all of
 * them, and `REF_results` puts their outputs into the order of the list. The tasks are `REF_0`, `REF_1`, …, or `REF_ROUND_0`, … in a loop.
 * Each task is in its own DO_WHILE of one round, for example `REF_0_settled`.
 *
 * The DO_WHILE is needed because of the JOIN: if it looks at a task between a failed attempt and its retry, it fails the whole workflow. A
 * DO_WHILE fails only when the server gives up on the task in it. The name contains the round, because a loop would otherwise reuse the
 * tasks of an earlier round.
 */

/** The task for each item, without its reference and input. */
export type ItemTask = Pick<WorkflowTask, 'name' | 'type'> & Record<string, unknown>;

/** The names that the mapping of a fork uses for an item and its index. */
export function itemNames(ref: string): ItemNames {
  return { item: `${ref}_item`, index: `${ref}_index` };
}

/**
 * The server resolves the input of a forked task a second time, including any `\${…}` inside the items. So this query replaces `\${` by
 * `$\${`, which the server reads as a literal `\${`. The query itself must not contain `\${` either, so it writes `$` by its character
 * code. It cannot protect the expression of a secret in the data: the server resolves secrets when it hands out a task.
 */
const AS_DATA = 'walk(if type == "string" then split("\\u0024{") | join("$\\u0024{") else . end)';

/** The task for each item, and what happens if this task fails. */
export interface ForkEach {
  ref: string;
  /** A reference to the list. */
  list: unknown;
  /** The task's input, wired to the item and its index. */
  input: unknown;
  task: ItemTask;
  /** True: if a task fails, the workflow fails only when the other tasks have ended. */
  permissive: boolean;
  /** The reference of the loop around the fork. */
  loop?: string | undefined;
}

/** The task that turns the list into the tasks to fork. */
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

/** The fork over the tasks that `forkedTasks` computes. */
export function dynamicFork(ref: string): WorkflowTask {
  return {
    ...plain.task(ref, 'FORK_JOIN_DYNAMIC', { tasks: `\${${ref}_tasks.output.result}`, inputs: {} }),
    dynamicForkTasksParam: 'tasks',
    dynamicForkTasksInputParamName: 'inputs',
  };
}

/**
 * The task that collects the outputs of the forked tasks. The JOIN omits empty outputs. If the tasks are optional, the result of a task
 * is null when a required field of `output` is missing.
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

/** The required keys of an output with this schema. */
function promised(schema: z.ZodType): string[] {
  if (!(schema instanceof z.ZodObject)) return [];
  return Object.entries(schema.shape)
    .filter(([, field]) => !field.safeParse(null).success && !field.safeParse(undefined).success)
    .map(([key]) => key);
}
