import { isControlFlow, roleOf } from '../../core/conductor/task-types.ts';
import type { WorkflowTask } from '../../core/conductor/types.ts';
import { type Place, walk } from './walk.ts';

/*
 * A skipped task, or a rerun of an execution from a task, can make the execution hang, although the server answers 200. The execution
 * then waits forever for a task that the server does not schedule. We saw all of this on the real server.
 *
 * After a skip: A task in a loop still runs, under the name of its round. If the first task of a case or branch is skipped, the server
 * schedules no other task of this case or branch. A JOIN does not count a skipped task as ended. The JOIN of a skipped fork waits for the
 * branches.
 *
 * After a rerun: The server has removed the tasks of the other branches and the JOIN, and never schedules them again. It does not execute a
 * SWITCH or a fork again.
 */

/** The reference of a task in its definition. In an execution, the number of a round may follow it. */
export function nameInDefinition(ref: string): string {
  return ref.replace(/(__\d+)+$/, '');
}

/** The place of a task in a definition; undefined for a task that was made at run time, such as a branch of a dynamic fork. */
export function placeOf(tasks: readonly WorkflowTask[], ref: string): Place | undefined {
  const name = nameInDefinition(ref);
  for (const place of walk(tasks)) {
    if (place.task.taskReferenceName === ref || place.task.taskReferenceName === name) return place;
  }
  return undefined;
}

/** Why an execution would hang after a skip of this task; undefined if it would continue. */
export function whySkippingHangs(tasks: readonly WorkflowTask[], { task, index, within }: Place): string | undefined {
  if (within.some(({ kind }) => kind === 'loop')) return 'it is in a loop, where skipping has no effect';
  if (['fork', 'join'].includes(roleOf(task.type) ?? '')) return 'the JOIN of a fork would wait forever';
  if (within.length > 0 && index === 0)
    return 'it is the first task of its case or branch, and the tasks after it would not be scheduled';
  const joins = [...walk(tasks)].filter(
    (place) => isList(place.task.joinOn) && place.task.joinOn.includes(task.taskReferenceName),
  );
  return joins[0] && `the JOIN ${joins[0].task.taskReferenceName} would wait for it forever`;
}

/** Why an execution would hang after a rerun from this task; undefined if it would continue. */
export function whyRerunHangs({ task, within }: Place): string | undefined {
  if (within.some(({ kind }) => kind === 'branch'))
    return 'it is in a branch of a fork, and the other branches would be lost';
  return isControlFlow(task.type) ? `the server does not execute a ${task.type} again` : undefined;
}

/** The last task before this task from which a rerun works; undefined if the execution can only run again from its start. */
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

/** The tasks that read the output of a task. */
export function readersOf(tasks: readonly WorkflowTask[], ref: string): string[] {
  const mention = new RegExp(`\\$\\{${ref.replace(/[^\w]/g, '\\$&')}\\.`);
  return [...walk(tasks)]
    .filter(({ task }) => mention.test(JSON.stringify(task.inputParameters ?? {})))
    .map(({ task }) => task.taskReferenceName);
}

function isList(value: unknown): value is unknown[] {
  return Array.isArray(value);
}
