import { z } from 'zod';
import type { WorkflowTask } from '../../../core/conductor/types.ts';
import { isObject } from '../../../core/json.ts';
import { type Arrow, object, text } from '../code/code.ts';
import { literal, memberAccess } from '../code/literals.ts';
import { wired } from '../expressions/wire.ts';
import { present } from '../schema/walk-zod.ts';
import { branch } from './branch.ts';
import { type Brought, type Built, hasOnly, inputOf } from './built.ts';
import type { Place } from './sequence.ts';

const NOTHING: Arrow = { kind: 'arrow', params: () => '()', body: [] };

/** SWITCH on a value, as the builder makes it. */
export function switchOn(task: WorkflowTask, place: Place): Built | undefined {
  const { on, ...rest } = inputOf(task);
  const cases = isObject(task.decisionCases) ? Object.entries(task.decisionCases) : [];
  const isOurs =
    task.evaluatorType === 'value-param' && task.expression === 'on' && task.name === task.taskReferenceName;
  if (!isOurs || !hasOnly(task, 'evaluatorType', 'expression', 'decisionCases', 'defaultCase')) return undefined;
  if (Object.keys(rest).length > 0 || typeof on !== 'string' || cases.some(([key]) => key === '__proto__'))
    return undefined;
  const [, path] = /^\$\{([^{}]*)\}$/.exec(on) ?? [];
  const keys = cases.map(([key]) => key);
  const value = path === undefined ? undefined : place.writer.refer(place.visible)(path, switched(keys));
  const chosen = value && choice(present(value.schema), keys);
  if (!value || !chosen) return undefined;
  const brings: Brought[] = [];
  const written = (key: string, name: 'branch' | 'otherwise', tasks: unknown) => {
    const made = branch(tasksOf(tasks), place, { name, returns: 'step' });
    brings.push(...made.brings.map((one) => ({ ...one, code: `${memberAccess(key)}${one.code}` })));
    return made.arrow;
  };
  const branches = cases.map(([key, tasks]) => [key, written(key, 'branch', tasks)] as const);
  const hasDefault = tasksOf(task.defaultCase).length > 0;
  const otherwise = hasDefault
    ? [written('otherwise', 'otherwise', task.defaultCase)]
    : chosen === 'all'
      ? []
      : [NOTHING];
  return {
    method: 'switch',
    args: [text(value.code), object(branches, true), ...otherwise],
    output: z.object({}),
    brings,
  };
}

/** What the value of a SWITCH must be for these cases. */
function switched(keys: readonly string[]): z.ZodType {
  if (keys.every((key) => key === 'true' || key === 'false')) return z.boolean();
  return keys.every((key) => String(Number(key)) === key) ? z.number() : z.string();
}

/** Whether a value of this schema can be switched on with these cases, and whether they are all there are. */
function choice(schema: z.ZodType, keys: readonly string[]): 'all' | 'some' | undefined {
  const values =
    schema instanceof z.ZodEnum || schema instanceof z.ZodLiteral
      ? (schema instanceof z.ZodEnum ? schema.options : [...schema.values]).map(String)
      : schema instanceof z.ZodBoolean
        ? ['true', 'false']
        : undefined;
  if (values) {
    if (!keys.every((key) => values.includes(key))) return undefined;
    return values.every((one) => keys.includes(one)) ? 'all' : 'some';
  }
  if (schema instanceof z.ZodNumber) return keys.every((key) => String(Number(key)) === key) ? 'some' : undefined;
  return schema.def.type === 'string' ? 'some' : undefined;
}

/** Whether these two are what the builder makes of one fork. */
export function isFork(task: WorkflowTask, join: WorkflowTask | undefined, { writer }: Place): join is WorkflowTask {
  const ref = task.taskReferenceName;
  if (task.type !== 'FORK_JOIN' || join?.type !== 'JOIN' || join.taskReferenceName !== `${ref}_join`) return false;
  if (writer.grade(ref) !== 'built' || writer.grade(join.taskReferenceName) !== 'built') return false;
  const plain = task.name === ref && join.name === join.taskReferenceName;
  const bare = Object.keys(inputOf(task)).length === 0 && Object.keys(inputOf(join)).length === 0;
  if (!plain || !bare || !hasOnly(task, 'forkTasks') || !hasOnly(join, 'joinOn')) return false;
  const branches = Array.isArray(task.forkTasks) ? task.forkTasks.map(tasksOf) : [];
  const last = branches.map((tasks) => tasks.at(-1)?.taskReferenceName);
  return last.every((one) => one !== undefined) && JSON.stringify(last) === JSON.stringify(join.joinOn);
}

/** FORK_JOIN with the JOIN behind it. */
export function fork(task: WorkflowTask, place: Place): Built | undefined {
  const branches: [string, Arrow][] = [];
  const brings: Brought[] = [];
  for (const tasks of (task.forkTasks as unknown[]).map(tasksOf)) {
    const named = forkBranch(task.taskReferenceName, tasks);
    if (!named) return undefined;
    const taken = branches.map(([key]) => key);
    const key = named.fixed ?? free(place.writer.names.keyFor(named.from), taken);
    if (taken.includes(key)) return undefined;
    const made = branch(named.tasks, place, { name: 'branch', returns: 'steps' });
    brings.push(...made.brings.map((one) => ({ ...one, code: `${memberAccess(key)}${one.code}` })));
    branches.push([key, made.arrow]);
  }
  return { method: 'fork', args: [object(branches, true)], output: z.object({}), brings };
}

/** What a branch is called. Behind many a branch the builder adds a NOOP, which holds the name. */
function forkBranch(ref: string, tasks: readonly WorkflowTask[]) {
  const last = tasks.at(-1);
  const before = tasks.at(-2);
  const end = last?.taskReferenceName ?? '';
  if (last?.type === 'NOOP' && before && end.startsWith(`${ref}_`) && end.endsWith('_end')) {
    const fixed = end.slice(ref.length + 1, -'_end'.length);
    return /^[A-Za-z]\w*$/.test(fixed) ? { tasks: tasks.slice(0, -1), from: fixed, fixed } : undefined;
  }
  return { tasks, from: end };
}

function free(key: string, taken: readonly string[]): string {
  for (let number = 1; ; number++) {
    const candidate = number === 1 ? key : `${key}${number}`;
    if (!taken.includes(candidate)) return candidate;
  }
}

/** DO_WHILE with a limit to its rounds. */
export function loop(task: WorkflowTask, place: Place): Built | undefined {
  const ref = task.taskReferenceName;
  if (task.name !== ref || !hasOnly(task, 'loopCondition', 'loopOver')) return undefined;
  const [, of, rounds, until] =
    /^if \(\$\.(\w+)\['iteration'\] < (\d+) && !\(([\s\S]*)\)\) \{ true; \} else \{ false; \}$/.exec(
      String(task.loopCondition),
    ) ?? [];
  if (of !== ref || rounds === undefined || until === undefined) return undefined;
  const { keepLastN, ...inputs } = inputOf(task);
  if (keepLastN !== undefined && typeof keepLastN !== 'number') return undefined;
  const limits = object([
    ['rounds', text(String(Number(rounds)))],
    ['until', literal(until)],
    ['inputs', wired(inputs, place.writer.refer(place.visible))],
    ...(keepLastN === undefined ? [] : [['keepLastN', literal(keepLastN)] as const]),
  ]);
  const made = branch(tasksOf(task.loopOver), place, {
    name: 'loop',
    returns: 'steps',
    second: { path: `${ref}.output.iteration`, name: 'round', schema: z.number() },
  });
  const brings = made.brings.map((one) => ({ ...one, code: `.last${one.code}` }));
  return { method: 'repeat', args: [limits, made.arrow], output: z.object({ iteration: z.number() }), brings };
}

export function tasksOf(value: unknown): readonly WorkflowTask[] {
  return Array.isArray(value) ? value : [];
}
