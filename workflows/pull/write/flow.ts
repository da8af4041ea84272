import type { WorkflowTask } from '../../../core/conductor/types.ts';
import { isObject } from '../../../core/json.ts';
import { memberAccess } from '../code/literals.ts';
import { branchKey } from '../code/names.ts';
import { type Arrow, literal, object } from '../code/print.ts';
import { present, type Schema } from '../schema/values.ts';
import { type Brought, type Built, inputOf, outputWith } from './leaves.ts';
import { referrer, wired } from './references.ts';
import { type Branch, branch, type Place, tasksOf } from './sequence.ts';

const NOTHING: Arrow = { kind: 'arrow', params: [], body: [] };

/** SWITCH on a value. */
export function switchOn(task: WorkflowTask, place: Place): Built | undefined {
  const { on } = inputOf(task);
  const { decisionCases, defaultCase } = task;
  const [, path] = /^\$\{([^{}]*)\}$/.exec(String(on)) ?? [];
  const value = path === undefined ? undefined : referrer(place.visible, place.context.at)(path);
  const cases = isObject(decisionCases) ? Object.entries(decisionCases) : [];
  const keys = cases.map(([key]) => key);
  const covers = value && coverage(present(value.schema).value, keys);
  if (!value || !covers || keys.includes('__proto__')) return undefined;
  const brings: Brought[] = [];
  const made = (key: string, name: 'branch' | 'otherwise', tasks: unknown) => {
    const one = branch(tasksOf(tasks), place, { name, returns: 'one step' });
    brings.push(...brought(one, memberAccess(key), true));
    return one.arrow;
  };
  const branches = cases.map(([key, tasks]) => [key, made(key, 'branch', tasks)] as const);
  const rest = tasksOf(defaultCase).length > 0 ? [made('otherwise', 'otherwise', defaultCase)] : [];
  const otherwise = rest.length === 0 && covers === 'some' ? [NOTHING] : rest;
  return { method: 'switch', args: [value.code, object(branches), ...otherwise], output: outputWith({}), brings };
}

/** Whether the builder lets a value of this schema choose between these cases, and whether they are all that there are. */
function coverage(schema: Schema, keys: readonly string[]): 'all' | 'some' | undefined {
  if (schema === true) return undefined;
  const { type, enum: listed, const: only } = schema;
  const values = Array.isArray(listed)
    ? listed
    : 'const' in schema
      ? [only]
      : type === 'boolean'
        ? [true, false]
        : undefined;
  if (values) {
    const texts = values.map(String);
    if (!keys.every((key) => texts.includes(key))) return undefined;
    return texts.every((one) => keys.includes(one)) ? 'all' : 'some';
  }
  if (type === 'number' || type === 'integer') {
    return keys.every((key) => String(Number(key)) === key) ? 'some' : undefined;
  }
  return type === 'string' ? 'some' : undefined;
}

/** Whether these two tasks may be what the builder makes of one fork. */
export function forkWithJoin(task: WorkflowTask, join: WorkflowTask | undefined, { context }: Place): boolean {
  const ref = task.taskReferenceName;
  if (task.type !== 'FORK_JOIN' || join?.type !== 'JOIN' || join.taskReferenceName !== `${ref}_join`) return false;
  const { tasks: raw } = context.doubts;
  const branches = Array.isArray(task.forkTasks) ? task.forkTasks.map(tasksOf) : [];
  return !raw.has(ref) && !raw.has(join.taskReferenceName) && branches.every(({ length }) => length > 0);
}

/** FORK_JOIN with the JOIN after it. */
export function fork(task: WorkflowTask, place: Place): Built {
  const branches: [string, Arrow][] = [];
  const brings: Brought[] = [];
  for (const tasks of (task.forkTasks as unknown[]).map(tasksOf)) {
    const end = tasks.at(-1)?.taskReferenceName ?? '';
    const named = namedByEnd(task.taskReferenceName, tasks);
    const key =
      named ??
      branchKey(
        end,
        branches.map(([taken]) => taken),
      );
    const one = branch(named === undefined ? tasks : tasks.slice(0, -1), place, { name: 'branch', returns: 'steps' });
    brings.push(...brought(one, memberAccess(key), false));
    branches.push([key, one.arrow]);
  }
  return { method: 'fork', args: [object(branches)], output: outputWith({}), brings };
}

/** The key of a branch at whose end the builder has put a NOOP: the NOOP's reference holds it. */
function namedByEnd(ref: string, tasks: readonly WorkflowTask[]): string | undefined {
  const last = tasks.at(-1);
  const end = last?.taskReferenceName ?? '';
  const isOurs = last?.type === 'NOOP' && tasks.length > 1 && end.startsWith(`${ref}_`) && end.endsWith('_end');
  const key = end.slice(ref.length + 1, -'_end'.length);
  return isOurs && /^[A-Za-z]\w*$/.test(key) ? key : undefined;
}

/** DO_WHILE with a limit to its rounds. */
export function loop(task: WorkflowTask, place: Place): Built | undefined {
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
  const iteration: Schema = { type: 'number' };
  const second = { path: `${ref}.output.iteration`, name: 'round', schema: iteration } as const;
  const body = branch(tasksOf(task.loopOver), place, { name: 'loop', returns: 'steps', second });
  return {
    method: 'repeat',
    args: [limits, body.arrow],
    output: outputWith({ iteration }),
    brings: brought(body, '.last', false),
  };
}

/** The steps of a branch as seen after it. */
function brought({ brings }: Branch, access: string, mayBeAbsent: boolean): Brought[] {
  return brings.map(({ ref, code, output }) => {
    const value = { schema: output.schema, mayBeAbsent: output.mayBeAbsent === true || mayBeAbsent };
    return { ref, code: `${access}${code}`, output: value };
  });
}
