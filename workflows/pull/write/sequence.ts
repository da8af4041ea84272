import type { WorkflowTask } from '../../../core/conductor/types.ts';
import { isObject } from '../../../core/json.ts';
import { memberAccess } from '../code/literals.ts';
import { branchKey, Name } from '../code/names.ts';
import { type Arrow, array, type Code, call, literal, object, type Statement } from '../code/print.ts';
import { hasParts } from '../schema/uses.ts';
import { present, type Schema, type Value } from '../schema/values.ts';
import type { Context } from './context.ts';
import { type Built, inputOf, LEAVES, outputWith } from './leaves.ts';
import { referrer, Visible, wired } from './references.ts';

/** The place at which a sequence of tasks is written. */
export interface Place {
  context: Context;
  visible: Visible;
  /** The name of the builder that adds the tasks: `wf`, or the parameter of a branch. */
  param: Name;
}

/** A step of a branch, as later tasks refer to it. `code` follows the name of the step that contains the branch, e.g. `.left`. */
interface Brought {
  ref: string;
  code: string;
  output: Value;
}

/** A task that contains tasks, with the steps of its branches to which later tasks refer. */
type BuiltFlow = Built & { brings: readonly Brought[] };

/**
 * Writes the statements that add these tasks: each with the builder's method for its type, or with `wf.json` if no method makes exactly
 * this task.
 */
export function sequence(tasks: readonly WorkflowTask[], place: Place): Statement[] {
  const statements: Statement[] = [];
  for (let index = 0; index < tasks.length; index++) {
    const task = tasks[index] as WorkflowTask;
    const forked = forkWithJoin(task, tasks[index + 1], place) ? fork(task, place) : undefined;
    if (forked) index++;
    statements.push(statement(task, forked ?? built(task, place) ?? raw(task, place), place));
  }
  return statements;
}

function built(task: WorkflowTask, place: Place): Built | BuiltFlow | undefined {
  const { context, visible } = place;
  if (context.doubts.tasks.has(task.taskReferenceName)) return undefined;
  if (task.type === 'SWITCH') return switchOn(task, place);
  if (task.type === 'DO_WHILE') return loop(task, place);
  const leaf = Object.hasOwn(LEAVES, task.type) ? LEAVES[task.type] : undefined;
  return leaf?.(task, { context, refer: referrer(visible, context.at) });
}

/** Adds a step, and makes it visible to the tasks after it. */
function statement(task: WorkflowTask, made: Built | BuiltFlow, { context, visible, param }: Place): Statement {
  const ref = task.taskReferenceName;
  const name = context.names.make(ref, 'step');
  const mayBeAbsent = task.optional === true || task.permissive === true;
  visible.addStep(ref, { ...made.output, mayBeAbsent, code: () => name.use() });
  for (const { ref: inner, code, output } of 'brings' in made ? made.brings : []) {
    visible.addStep(inner, { ...output, code: () => `${name.use()}${code}` });
  }
  return { head: name, value: call([param.use(), `.${made.method}`], [literal(ref), ...made.args]), adds: ref };
}

/** Writes a task as plain JSON. References in its parameters are typed, and the tasks inside it are written like all other tasks. */
function raw(task: WorkflowTask, place: Place): Built {
  const { context, visible } = place;
  const { taskReferenceName: ref, ...rest } = task;
  context.plainTasks.push(ref);
  const refer = referrer(visible, context.at);
  const fields = Object.entries(rest).map(([key, value]): [string, Code] => {
    if (key === 'inputParameters' || key === 'items') return [key, wired(value, refer)];
    return [key, sequences(key, value, place) ?? literal(value)];
  });
  const output = context.shape(`${ref}.output`);
  if (!hasParts(output.schema)) return { method: 'json', args: [object(fields)], output: { schema: {} } };
  return { method: 'json', args: [object(fields), output.code], output };
}

/** Writes a field that contains tasks. */
function sequences(key: string, value: unknown, place: Place): Code | undefined {
  const inside = (tasks: unknown) => call([place.param.use(), '.sequence'], [branch(tasks, place, 0).arrow]);
  if (key === 'decisionCases' && isObject(value)) {
    return object(Object.entries(value).map(([name, tasks]) => [name, inside(tasks)] as const));
  }
  if (key === 'forkTasks' && Array.isArray(value)) return array(value.map(inside));
  return key === 'defaultCase' || key === 'loopOver' ? inside(value) : undefined;
}

/** SWITCH on a value. */
function switchOn(task: WorkflowTask, place: Place): BuiltFlow | undefined {
  const { on } = inputOf(task);
  const { decisionCases, defaultCase } = task;
  const [, path] = /^\$\{([^{}]*)\}$/.exec(String(on)) ?? [];
  const value = path === undefined ? undefined : referrer(place.visible, place.context.at)(path);
  const cases = isObject(decisionCases) ? Object.entries(decisionCases) : [];
  if (!value) return undefined;
  const brings: Brought[] = [];
  const made = (key: string, tasks: unknown) => {
    const { arrow, returns } = branch(tasks, place, 1);
    brings.push(...brought(returns, memberAccess(key), true));
    return arrow;
  };
  const branches = cases.map(([key, tasks]) => [key, made(key, tasks)] as const);
  const isAll = covers(
    present(value.schema).value,
    cases.map(([key]) => key),
  );
  const otherwise = isAll && tasksOf(defaultCase).length === 0 ? [] : [made('otherwise', defaultCase)];
  return { method: 'switch', args: [value.code, object(branches), ...otherwise], output: outputWith({}), brings };
}

/** True if `keys` contains every value that the schema allows. */
function covers(schema: Schema, keys: readonly string[]): boolean {
  if (schema === true) return false;
  const { type, enum: listed, const: only } = schema;
  const values = Array.isArray(listed)
    ? listed
    : 'const' in schema
      ? [only]
      : type === 'boolean'
        ? [true, false]
        : undefined;
  return values?.every((value) => keys.includes(String(value))) ?? false;
}

/** True if one call of `fork` can make both tasks. */
function forkWithJoin(task: WorkflowTask, join: WorkflowTask | undefined, { context }: Place): boolean {
  const ref = task.taskReferenceName;
  if (task.type !== 'FORK_JOIN' || join?.type !== 'JOIN' || join.taskReferenceName !== `${ref}_join`) return false;
  const branches = Array.isArray(task.forkTasks) ? task.forkTasks.map(tasksOf) : [];
  const isDoubted = [ref, join.taskReferenceName].some((one) => context.doubts.tasks.has(one));
  return !isDoubted && branches.every(({ length }) => length > 0);
}

/** FORK_JOIN with the JOIN after it. */
function fork(task: WorkflowTask, place: Place): BuiltFlow {
  const branches: [string, Arrow][] = [];
  const brings: Brought[] = [];
  for (const tasks of (task.forkTasks as unknown[]).map(tasksOf)) {
    const named = namedByEnd(task.taskReferenceName, tasks);
    const taken = branches.map(([key]) => key);
    const key = named ?? branchKey(tasks.at(-1)?.taskReferenceName ?? '', taken);
    const { arrow, returns } = branch(named === undefined ? tasks : tasks.slice(0, -1), place);
    brings.push(...brought(returns, memberAccess(key), false));
    branches.push([key, arrow]);
  }
  return { method: 'fork', args: [object(branches)], output: outputWith({}), brings };
}

/** The key of a branch, taken from the reference of the NOOP that the builder has put at its end. */
function namedByEnd(ref: string, tasks: readonly WorkflowTask[]): string | undefined {
  const last = tasks.at(-1);
  const end = last?.taskReferenceName ?? '';
  const isOurs = last?.type === 'NOOP' && tasks.length > 1 && end.startsWith(`${ref}_`) && end.endsWith('_end');
  const key = end.slice(ref.length + 1, -'_end'.length);
  return isOurs && /^[A-Za-z]\w*$/.test(key) ? key : undefined;
}

/** DO_WHILE with a limit to its rounds. */
function loop(task: WorkflowTask, place: Place): BuiltFlow | undefined {
  const ref = task.taskReferenceName;
  const [, of, rounds, until] =
    /^if \(\$\.(\w+)\['iteration'\] < (\d+) && !\(([\s\S]*)\)\) \{ true; \} else \{ false; \}$/.exec(
      String(task.loopCondition),
    ) ?? [];
  if (of !== ref || rounds === undefined || until === undefined) return undefined;
  const { keepLastN, ...inputs } = inputOf(task);
  const limits = object([
    ['rounds', String(Number(rounds))],
    ['until', literal(until)],
    ['inputs', wired(inputs, referrer(place.visible, place.context.at))],
    ...(keepLastN === undefined ? [] : [['keepLastN', literal(keepLastN)] as const]),
  ]);
  const round = { name: new Name('round'), path: `${ref}.output.iteration` };
  const { arrow, returns } = branch(task.loopOver, place, Number.POSITIVE_INFINITY, round);
  const output = outputWith({ iteration: { type: 'number' } });
  return { method: 'repeat', args: [limits, arrow], output, brings: brought(returns, '.last', false) };
}

/**
 * Writes the function that adds the tasks of a branch. The function returns the steps to which code outside the branch refers.
 * @param most how many steps the builder allows the function to return
 * @param second a second parameter of the function, and the path that it replaces
 */
function branch(
  given: unknown,
  { context, visible }: Place,
  most = Number.POSITIVE_INFINITY,
  second?: { name: Name; path: string },
): { arrow: Arrow; returns: readonly Brought[] } {
  const tasks = tasksOf(given);
  const inside = new Visible(visible);
  const param = new Name('branch');
  if (second) inside.add(second.path, { code: () => second.name.use(), schema: { type: 'number' } });
  const body = sequence(tasks, { context, visible: inside, param });
  const steps = [...inside.steps()].filter(([ref]) => context.isReadOutside(ref, tasks)).slice(0, most);
  const codes = steps.map(([, step]) => step.code());
  const keys = codes.map((code) => code.replaceAll(/[^\w$]+/g, '_'));
  const [only = '', ...others] = codes;
  if (others.length > 0)
    body.push({ head: 'return', value: object(keys.map((key, index) => [key, codes[index] ?? ''])) });
  else if (only !== '') body.push({ head: 'return', value: only });
  const returns = steps.map(([ref, output], index) => ({
    ref,
    output,
    code: others.length > 0 ? `.${keys[index]}` : '',
  }));
  return { arrow: { kind: 'arrow', params: second ? [param, second.name] : [param], body }, returns };
}

/** The steps that a branch returns, as later tasks refer to them. */
function brought(returns: readonly Brought[], access: string, isUnsure: boolean): Brought[] {
  return returns.map(({ ref, code, output: { schema, mayBeAbsent = false } }) => {
    return { ref, code: `${access}${code}`, output: { schema, mayBeAbsent: mayBeAbsent || isUnsure } };
  });
}

function tasksOf(value: unknown): readonly WorkflowTask[] {
  return Array.isArray(value) ? value : [];
}
