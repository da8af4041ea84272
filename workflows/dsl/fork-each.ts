import { z } from 'zod';
import type { WorkflowTask } from '../../core/conductor/types.ts';
import { compileMapping, type ItemNames } from './item-mapping.ts';
import { plain } from './system-tasks.ts';

/**
 * A fork over the items of a list, in four tasks: `REF_tasks` makes one task per item, `REF` forks them, `REF_join` waits for them
 * all, and `REF_results` puts what they answered into the order of the list. The tasks themselves are `REF_0`, `REF_1`, …
 */

/** One task per item, without its reference and its input. */
export type ItemTask = Pick<WorkflowTask, 'name' | 'type'> & Record<string, unknown>;

/** What the names of one such fork are. */
export function itemNames(ref: string): ItemNames {
  return { item: `${ref}_item`, index: `${ref}_index` };
}

/**
 * The server resolves the input of a forked task again, and so would whatever stands in the items between `\${` and `}`, secrets
 * too. `$\${` is its way to write a plain `\${`, which no text of a definition can hold either: hence the code of `$`.
 */
const AS_DATA = 'walk(if type == "string" then split("\\u0024{") | join("$\\u0024{") else . end)';

/** Computes the tasks to fork and their inputs from the list. */
export function forkedTasks(ref: string, list: unknown, input: unknown, task: ItemTask): WorkflowTask {
  const { query, given } = compileMapping(input, itemNames(ref), ['items', 'queryExpression']);
  return {
    ...plain(`${ref}_tasks`, 'JSON_JQ_TRANSFORM'),
    inputParameters: {
      items: list,
      ...given,
      queryExpression: [
        '. as $given | .items as $items',
        '| [range($items | length) as $index | $items[$index] as $item',
        `  | {ref: "${ref}_\\($index)", input: (${query} | ${AS_DATA})}]`,
        `| {tasks: map(${JSON.stringify(task)} + {taskReferenceName: .ref}), inputs: (map({(.ref): .input}) | add // {})}`,
      ].join('\n'),
    },
  };
}

/** The fork over what `forkedTasks` has computed. */
export function dynamicFork(ref: string): WorkflowTask {
  return {
    ...plain(ref, 'FORK_JOIN_DYNAMIC'),
    dynamicForkTasksParam: 'tasks',
    dynamicForkTasksInputParamName: 'inputs',
    inputParameters: {
      tasks: `\${${ref}_tasks.output.result.tasks}`,
      inputs: `\${${ref}_tasks.output.result.inputs}`,
    },
  };
}

/**
 * Collects what the forked tasks answered. A JOIN leaves out empty outputs; of a task that was allowed to fail, null stands for an
 * output in which something is missing that `output` promises.
 */
export function forkResults(ref: string, output: z.ZodType, optional: boolean): WorkflowTask {
  const complete = `($answer | ${JSON.stringify(promised(output))} | all(. as $key | $answer[$key] != null))`;
  const result = optional ? `if ${complete} then $answer else null end` : '$answer';
  return {
    ...plain(`${ref}_results`, 'JSON_JQ_TRANSFORM'),
    inputParameters: {
      tasks: `\${${ref}_tasks.output.result.tasks}`,
      joined: `\${${ref}_join.output}`,
      queryExpression: [
        '(.joined // {} | with_entries(.key |= sub("__[0-9]+$"; ""))) as $joined',
        `| {results: [.tasks[] | $joined[.taskReferenceName] // {} | . as $answer | ${result}]}`,
      ].join('\n'),
    },
  };
}

/** The keys that an output of this schema cannot be without. */
function promised(schema: z.ZodType): string[] {
  if (!(schema instanceof z.ZodObject)) return [];
  return Object.entries(schema.shape)
    .filter(([, field]) => !field.safeParse(null).success && !field.safeParse(undefined).success)
    .map(([key]) => key);
}
