import { isDeepStrictEqual } from 'node:util';
import type { WorkflowTask } from '../../../core/conductor/types.ts';
import { isObject } from '../../../core/json.ts';
import { nested, walk } from '../../model/walk.ts';

/** A field that differs. `before` or `after` is absent if the definition does not have the field. */
export interface Difference {
  /**
   * The path of the field, for example `tasks.charge.inputParameters.amount`. It names a task by its reference, however deep the task is.
   */
  path: string;
  before?: unknown;
  after?: unknown;
}

type Json = Record<string, unknown>;

const SEQUENCES = ['decisionCases', 'defaultCase', 'forkTasks', 'loopOver'];

/** The differences between two canonical definitions. The list is empty if and only if the definitions are equal. */
export function differences(before: Json, after: Json): Difference[] {
  const workflows = [before, after].every(({ tasks }) => Array.isArray(tasks));
  const found = workflows
    ? [...between(without(before, ['tasks']), without(after, ['tasks'])), ...taskDifferences(before, after)]
    : between(before, after);
  const nothing = found.length === 0 && !isDeepStrictEqual(before, after);
  return nothing ? [{ path: 'tasks', before: before.tasks, after: after.tasks }] : found;
}

/** Every difference below `path`. Objects are compared by key, lists of the same length item by item, and other values as a whole. */
function between(before: unknown, after: unknown, path = ''): Difference[] {
  if (isDeepStrictEqual(before, after)) return [];
  if (isObject(before) && isObject(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...keys].sort().flatMap((key) => between(before[key], after[key], path ? `${path}.${key}` : key));
  }
  if (Array.isArray(before) && Array.isArray(after) && before.length === after.length && before.some(isObject)) {
    return before.flatMap((item, index) => between(item, after[index], `${path}[${index}]`));
  }
  return [difference(path, before, after)];
}

function taskDifferences(before: Json, after: Json): Difference[] {
  const was = byReference(before);
  const is = byReference(after);
  const removed = [...was].filter(([ref]) => !is.has(ref)).map(([ref, { own }]) => difference(at(ref), own, undefined));
  const added = [...is].filter(([ref]) => !was.has(ref)).map(([ref, { own }]) => difference(at(ref), undefined, own));
  const changed = [...is].flatMap(([ref, { own, where }]) => {
    const old = was.get(ref);
    if (!old) return [];
    return [...between(old.own, own, at(ref)), ...between(old.where, where, `${at(ref)} (place)`)];
  });
  return [...removed, ...added, ...changed, ...between(orders(before, is), orders(after, was), 'order')];
}

interface TaskPlace {
  /** The task without the tasks inside it. */
  own: Json;
  /** `tasks`, or the sequence around the task, for example `case of check[200]`. */
  where: string;
}

function byReference(def: Json): Map<string, TaskPlace> {
  return new Map(
    [...walk(def.tasks as WorkflowTask[])].map(({ task, within }) => {
      const around = within.at(-1);
      const where = around ? `${around.kind} of ${sequenceName(around.task, around.kind, around.key)}` : 'tasks';
      return [task.taskReferenceName, { own: without(task, SEQUENCES), where }];
    }),
  );
}

/**
 * The task references of each sequence, in order. A reference that only one of the definitions has is left out. So an added or removed task
 * does not count as a move of the other tasks.
 */
function orders(def: Json, others: ReadonlyMap<string, TaskPlace>): Record<string, string[]> {
  const common = (tasks: readonly WorkflowTask[]) =>
    tasks.map(({ taskReferenceName }) => taskReferenceName).filter((ref) => others.has(ref));
  const top = def.tasks as WorkflowTask[];
  const inner = [...walk(top)].flatMap(({ task }) => nested(task));
  return Object.fromEntries([
    ['tasks', common(top)],
    ...inner
      .map(({ task, kind, key, tasks }) => [sequenceName(task, kind, key), common(tasks)] as const)
      .filter(([, refs]) => refs.length > 1),
  ]);
}

function sequenceName({ taskReferenceName }: WorkflowTask, kind: string, key: string): string {
  return key === '' ? `${taskReferenceName}.${kind}` : `${taskReferenceName}[${key}]`;
}

function at(ref: string): string {
  return `tasks.${ref}`;
}

function difference(path: string, before: unknown, after: unknown): Difference {
  return { path, ...(before !== undefined && { before }), ...(after !== undefined && { after }) };
}

function without(value: Json, keys: readonly string[]): Json {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key)));
}
