import { isControlFlow, roleOf } from '../../core/conductor/task-types.ts';
import type { WorkflowTask } from '../../core/conductor/types.ts';
import { type Place, walk } from './walk.ts';

/*
 * What must not be done to single tasks of an execution, though the server answers 200: it then waits for ever for something that it
 * no longer schedules. Each was seen on 3.32.1.
 *
 * Skipped: a task in a loop is scheduled all the same under the name of its round; behind the first task of a case or branch nothing
 * is scheduled; a JOIN does not count a skipped task as done, and the JOIN of a skipped fork waits for its branches.
 * Run again: the tasks of the other branches and the JOIN are removed and never come back; a SWITCH or a fork is not carried out anew.
 */

/** The name of a task in its definition: without the round of a loop that it has in an execution. */
export function nameInDefinition(ref: string): string {
  return ref.replace(/(__\d+)+$/, '');
}

/** Where a task stands in a definition; undefined for what was made while it ran, such as a dynamic branch. */
export function placeOf(tasks: readonly WorkflowTask[], ref: string): Place | undefined {
  const name = nameInDefinition(ref);
  for (const place of walk(tasks)) {
    if (place.task.taskReferenceName === ref || place.task.taskReferenceName === name) return place;
  }
  return undefined;
}

/** Why an execution would hang after this task was skipped; undefined where it goes on. */
export function whySkippingHangs(tasks: readonly WorkflowTask[], { task, index, within }: Place): string | undefined {
  if (within.some(({ kind }) => kind === 'loop')) return 'it is in a loop, where skipping has no effect';
  if (['fork', 'join'].includes(roleOf(task.type) ?? '')) return 'the JOIN of a fork would wait for ever';
  if (within.length > 0 && index === 0)
    return 'it is the first of its case or branch, behind which nothing would be scheduled';
  const joins = [...walk(tasks)].filter(
    (place) => isList(place.task.joinOn) && place.task.joinOn.includes(task.taskReferenceName),
  );
  return joins[0] && `the JOIN ${joins[0].task.taskReferenceName} would wait for it for ever`;
}

/** Why an execution would hang if it were run again from this task; undefined where it goes on. */
export function whyRerunHangs({ task, within }: Place): string | undefined {
  if (within.some(({ kind }) => kind === 'branch'))
    return 'it is in a branch of a fork, whose other branches would be lost';
  return isControlFlow(task.type) ? `a ${task.type} is not carried out anew` : undefined;
}

/** The last task before this one from which an execution can be run again; undefined where only its start is. */
export function rerunnableBefore(
  tasks: readonly WorkflowTask[],
  { sequence, index, within }: Place,
): string | undefined {
  const before = sequence.slice(0, index).reverse();
  const inBranch = within.some(({ kind }) => kind === 'branch');
  const found = inBranch ? undefined : before.find(({ type }) => !isControlFlow(type));
  if (found) return found.taskReferenceName;
  const around = within.at(-1)?.task;
  const outer = around && [...walk(tasks)].find(({ task }) => task === around);
  return outer && rerunnableBefore(tasks, outer);
}

/** The tasks that read something of what a task returns. */
export function readersOf(tasks: readonly WorkflowTask[], ref: string): string[] {
  const mention = new RegExp(`\\$\\{${ref.replace(/[^\w]/g, '\\$&')}\\.`);
  return [...walk(tasks)]
    .filter(({ task }) => mention.test(JSON.stringify(task.inputParameters ?? {})))
    .map(({ task }) => task.taskReferenceName);
}

function isList(value: unknown): value is unknown[] {
  return Array.isArray(value);
}
