import type { Execution, Task } from '../../core/conductor/types.ts';
import { isObject } from '../../core/json.ts';
import { expressionsIn } from '../../workflows/model/expressions.ts';

/** A reference in the input of a task that found nothing: the server writes null for it and goes on. */
export interface UnresolvedReference {
  /** The place in the task's input, e.g. `http_request.uri`. */
  readonly parameter: string;
  /** What stands between the braces, e.g. `workflow.input.url`. */
  readonly path: string;
}

/** The references of a task that found nothing when it was scheduled. */
export function unresolvedReferences(task: Task): UnresolvedReference[] {
  const wired = isObject(task.workflowTask) ? task.workflowTask.inputParameters : undefined;
  return nullsOf(wired, task.inputData);
}

/** References of a value that was wired as `wired` and came out as `given`. */
export function nullsOf(wired: unknown, given: unknown): UnresolvedReference[] {
  return expressionsIn(wired).flatMap(({ path, pointer, whole }) => {
    const value = at(given, pointer);
    const isNull = whole ? value === null || value === undefined : isNullWithin(at(wired, pointer), path, value);
    return isNull ? [{ parameter: pointer.slice(1).replaceAll('/', '.'), path }] : [];
  });
}

/** References to the input of the workflow that find nothing in an input, wherever in a definition they stand. */
export function missingInputs(execution: Execution): string[] {
  const def = execution.workflowDefinition;
  const tasks = isObject(def) ? def.tasks : undefined;
  const paths = expressionsIn(tasks).map(({ path }) => /^workflow\.input\.([\w.]+)$/.exec(path)?.[1]);
  const missing = paths.filter(
    (path) => path !== undefined && isNothing(at(execution.input, `/${path.replaceAll('.', '/')}`)),
  );
  return [...new Set(missing.filter((path) => path !== undefined))];
}

/**
 * Follows inputs that a sub-workflow was not given up to whoever should have given them. `chain` leads from the outermost execution
 * down to the one that lacks them, `via` names the task by which each starts the next.
 */
export function originOfMissing(
  chain: readonly Execution[],
  missing: readonly string[],
  via: (parent: Execution) => Task | undefined,
): { execution: Execution; inputs: string[]; isCaller: boolean } | undefined {
  const below = chain.at(-1);
  if (!below) return undefined;
  const parent = chain.at(-2);
  if (!parent) return { execution: below, inputs: [...missing], isCaller: true };
  const task = via(parent);
  const wired = task && isObject(task.workflowTask) ? task.workflowTask.inputParameters : undefined;
  const handed = missing.map((name) => passedOn(wired, name));
  if (handed.some((name) => name === undefined)) return { execution: parent, inputs: [...missing], isCaller: false };
  return originOfMissing(chain.slice(0, -1), [...new Set(handed.filter((name) => name !== undefined))], via);
}

/** The input of a workflow that it hands on as `name`, if it does. */
function passedOn(wired: unknown, name: string): string | undefined {
  const [first = '', ...rest] = name.split('.');
  const [found] = expressionsIn(isObject(wired) ? wired[first] : undefined);
  const input = found?.whole ? /^workflow\.input\.(.+)$/.exec(found.path)?.[1] : undefined;
  return input && [input, ...rest].join('.');
}

/** Names of the secrets that a task is handed when it runs; its stored input keeps the expressions. */
export function secretsOf(task: Task): string[] {
  const names = expressionsIn(task.inputData).map(({ path }) => /^workflow\.secrets\.(.+)$/.exec(path)?.[1]);
  return [...new Set(names.filter((name) => name !== undefined))];
}

/** Whether the text came out with `null` where the reference stood. Undecided cases count as found. */
function isNullWithin(template: unknown, path: string, value: unknown): boolean {
  if (typeof template !== 'string' || typeof value !== 'string') return false;
  const [before = '', after = ''] = template.split(`\${${path}}`);
  if (before.includes('${') || after.includes('${')) return false;
  return value === `${before}null${after}`;
}

function at(value: unknown, pointer: string): unknown {
  const keys = pointer.split('/').slice(1);
  return keys.reduce<unknown>((inner, key) => {
    const name = key.replaceAll('~1', '/').replaceAll('~0', '~');
    return typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>)[name] : undefined;
  }, value);
}

const isNothing = (value: unknown) => value === null || value === undefined;
