import type { Execution, Task } from '../../core/conductor/types.ts';
import { isObject } from '../../core/json.ts';
import { expressionsIn } from '../../workflows/model/expressions.ts';

/** A reference in a task's input that found no value. The server writes null in its place and continues. */
export interface UnresolvedReference {
  /** The place in the task's input, e.g. `http_request.uri`. */
  readonly parameter: string;
  /** The text between the braces, e.g. `workflow.input.url`. */
  readonly path: string;
}

/** The references of a task that found no value when the server scheduled it. */
export function unresolvedReferences(task: Task): UnresolvedReference[] {
  const wired = isObject(task.workflowTask) ? task.workflowTask.inputParameters : undefined;
  return unresolvedIn(wired, task.inputData);
}

/** The references in `wired` (a task's input in the definition) that became null in `given` (its input in the execution). */
export function unresolvedIn(wired: unknown, given: unknown): UnresolvedReference[] {
  return expressionsIn(wired).flatMap(({ path, pointer, whole }) => {
    const value = valueAt(given, pointer);
    const isNull = whole ? value === null || value === undefined : isNullWithin(valueAt(wired, pointer), path, value);
    return isNull ? [{ parameter: pointer.slice(1).replaceAll('/', '.'), path }] : [];
  });
}

/** The workflow inputs that a task of the definition refers to, but that the execution was started without. */
export function missingInputs(execution: Execution): string[] {
  const def = execution.workflowDefinition;
  const tasks = isObject(def) ? def.tasks : undefined;
  const paths = expressionsIn(tasks).map(({ path }) => /^workflow\.input\.([\w.]+)$/.exec(path)?.[1]);
  const missing = paths.filter(
    (path) => path !== undefined && isNothing(valueAt(execution.input, `/${path.replaceAll('.', '/')}`)),
  );
  return [...new Set(missing.filter((path) => path !== undefined))];
}

/**
 * Finds the execution at which the missing inputs were lost. `isCaller` is true if the caller of that execution should have given
 * them. It is false if the definition of that execution should have passed them on.
 * @param chain from the outermost execution down to the execution that lacks the inputs
 * @param startingTask the task by which an execution starts the next execution of the chain
 */
export function originOfMissing(
  chain: readonly Execution[],
  missing: readonly string[],
  startingTask: (parent: Execution) => Task | undefined,
): { execution: Execution; inputs: string[]; isCaller: boolean } | undefined {
  const below = chain.at(-1);
  if (!below) return undefined;
  const parent = chain.at(-2);
  if (!parent) return { execution: below, inputs: [...missing], isCaller: true };
  const task = startingTask(parent);
  const wired = task && isObject(task.workflowTask) ? task.workflowTask.inputParameters : undefined;
  const passed = missing.map((name) => inputPassedAs(wired, name));
  if (passed.some((name) => name === undefined)) return { execution: parent, inputs: [...missing], isCaller: false };
  return originOfMissing(chain.slice(0, -1), [...new Set(passed.filter((name) => name !== undefined))], startingTask);
}

/** The workflow input that a parent passes to its sub-workflow as `name`; undefined if the parent passes no input under this name. */
function inputPassedAs(wired: unknown, name: string): string | undefined {
  const [first = '', ...rest] = name.split('.');
  const [found] = expressionsIn(isObject(wired) ? wired[first] : undefined);
  const input = found?.whole ? /^workflow\.input\.(.+)$/.exec(found.path)?.[1] : undefined;
  return input && [input, ...rest].join('.');
}

/** Names of the secrets that a task uses. The task's stored input holds only expressions for secrets, never their values. */
export function secretsOf(task: Task): string[] {
  const names = expressionsIn(task.inputData).map(({ path }) => /^workflow\.secrets\.(.+)$/.exec(path)?.[1]);
  return [...new Set(names.filter((name) => name !== undefined))];
}

/** True if the text has `null` in place of the reference. False if the text cannot show that. */
function isNullWithin(template: unknown, path: string, value: unknown): boolean {
  if (typeof template !== 'string' || typeof value !== 'string') return false;
  const [before = '', after = ''] = template.split(`\${${path}}`);
  if (before.includes('${') || after.includes('${')) return false;
  return value === `${before}null${after}`;
}

function valueAt(value: unknown, pointer: string): unknown {
  const keys = pointer.split('/').slice(1);
  return keys.reduce<unknown>((inner, key) => {
    const name = key.replaceAll('~1', '/').replaceAll('~0', '~');
    return typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>)[name] : undefined;
  }, value);
}

const isNothing = (value: unknown) => value === null || value === undefined;
