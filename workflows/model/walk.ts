import type { WorkflowTask } from '../../core/conductor/types.ts';
import { isObject } from '../../core/json.ts';

/** The place of a task sequence inside another task. */
export interface Enclosure {
  /** The SWITCH, FORK_JOIN or DO_WHILE around the sequence. */
  task: WorkflowTask;
  kind: 'case' | 'default' | 'branch' | 'loop';
  /** The value of a case, or the number of a branch (from 0); else empty. */
  key: string;
}

/** A task of a definition, with its place. */
export interface Place {
  task: WorkflowTask;
  /** JSON pointer into the definition, e.g. `/tasks/2/decisionCases/200/0`. */
  pointer: string;
  /** The sequence that contains the task, and the index of the task in it. */
  sequence: readonly WorkflowTask[];
  index: number;
  /** The tasks around this task, the outermost first. */
  within: readonly Enclosure[];
}

/** A sequence of tasks inside a task. */
export interface Nested extends Enclosure {
  tasks: readonly WorkflowTask[];
  /** JSON pointer to the sequence, relative to the task, e.g. `/forkTasks/0`. */
  pointer: string;
}

/**
 * Every task of a definition, including tasks inside other tasks, in the order of the definition. Tasks of sub-workflows are not included.
 */
export function* walk(
  tasks: readonly WorkflowTask[],
  pointer = '/tasks',
  within: readonly Enclosure[] = [],
): Generator<Place> {
  for (const [index, task] of tasks.entries()) {
    const here = `${pointer}/${index}`;
    yield { task, pointer: here, sequence: tasks, index, within };
    for (const { tasks: inner, pointer: below, ...enclosure } of nested(task)) {
      yield* walk(inner, `${here}${below}`, [...within, enclosure]);
    }
  }
}

/** The sequences directly inside a task. A malformed list counts as empty: a definition that was not made here may have one. */
export function nested(task: WorkflowTask): Nested[] {
  const cases = isObject(task.decisionCases) ? Object.entries(task.decisionCases) : [];
  const branches = Array.isArray(task.forkTasks) ? [...task.forkTasks.entries()] : [];
  return [
    ...cases.map(
      ([key, inner]): Nested => ({
        task,
        kind: 'case',
        key,
        tasks: tasksIn(inner),
        pointer: `/decisionCases/${escaped(key)}`,
      }),
    ),
    ...only(task, 'default', 'defaultCase'),
    ...branches.map(
      ([index, inner]): Nested => ({
        task,
        kind: 'branch',
        key: String(index),
        tasks: tasksIn(inner),
        pointer: `/forkTasks/${index}`,
      }),
    ),
    ...only(task, 'loop', 'loopOver'),
  ];
}

/** A key, escaped as a part of a JSON pointer (RFC 6901). */
export function escaped(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}

function only(task: WorkflowTask, kind: 'default' | 'loop', field: 'defaultCase' | 'loopOver'): Nested[] {
  const tasks = tasksIn(task[field]);
  return tasks.length === 0 ? [] : [{ task, kind, key: '', tasks, pointer: `/${field}` }];
}

function tasksIn(value: unknown): readonly WorkflowTask[] {
  return Array.isArray(value) ? value.filter((task): task is WorkflowTask => isObject(task)) : [];
}
