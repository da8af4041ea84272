import type { WorkflowTask } from '../../../core/conductor/types.ts';
import { isObject } from '../../../core/json.ts';
import { Name } from '../code/names.ts';
import { type Arrow, array, type Code, call, literal, object, type Statement } from '../code/print.ts';
import type { Schema } from '../schema/values.ts';
import type { Context } from './context.ts';
import { fork, forkWithJoin, loop, switchOn } from './flow.ts';
import { type Brought, type Built, LEAVES } from './leaves.ts';
import { referrer, Visible, wired } from './references.ts';

/** Where a sequence of tasks is written. */
export interface Place {
  context: Context;
  visible: Visible;
  /** The builder to which the tasks are added: `wf`, or the parameter of a branch. */
  param: Name;
}

/** The statements that add these tasks: each by its builder's method, or by `wf.json` if no method makes exactly this task. */
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

function built(task: WorkflowTask, place: Place): Built | undefined {
  const { context, visible } = place;
  if (context.doubts.tasks.has(task.taskReferenceName)) return undefined;
  if (task.type === 'SWITCH') return switchOn(task, place);
  if (task.type === 'DO_WHILE') return loop(task, place);
  const leaf = Object.hasOwn(LEAVES, task.type) ? LEAVES[task.type] : undefined;
  return leaf?.(task, { context, refer: referrer(visible, context.at) });
}

/** A task as plain JSON. References in its parameters are typed, and the tasks inside it are written like all others. */
function raw(task: WorkflowTask, place: Place): Built {
  const { context, visible } = place;
  const { taskReferenceName: ref, ...rest } = task;
  context.plainTasks.push(ref);
  const refer = referrer(visible, context.at);
  const fields = Object.entries(rest).map(([key, value]): [string, Code] => {
    if (key === 'inputParameters' || key === 'items') return [key, wired(value, refer)];
    return [key, sequences(key, value, place) ?? literal(value)];
  });
  const output = context.inferred(`${ref}.output`);
  const isRead = hasParts(output.schema);
  return {
    method: 'json',
    args: [object(fields), ...(isRead ? [output.code] : [])],
    output: isRead ? output : { schema: {} },
  };
}

/** A field that holds tasks. */
function sequences(key: string, value: unknown, place: Place): Code | undefined {
  const inside = (tasks: unknown, name: BranchOptions['name']): Code => {
    const { arrow } = branch(tasksOf(tasks), place, { name, returns: 'nothing' });
    return call([place.param.use(), '.sequence'], [arrow]);
  };
  if (key === 'decisionCases' && isObject(value)) {
    return object(Object.entries(value).map(([name, tasks]) => [name, inside(tasks, 'branch')] as const));
  }
  if (key === 'forkTasks' && Array.isArray(value)) return array(value.map((tasks) => inside(tasks, 'branch')));
  if (key === 'defaultCase') return inside(value, 'otherwise');
  if (key === 'loopOver') return inside(value, 'loop');
  return undefined;
}

/** Adds a step, and makes it visible to the tasks after it. */
function statement(task: WorkflowTask, { method, args, output, brings }: Built, place: Place): Statement {
  const { context, visible, param } = place;
  const ref = task.taskReferenceName;
  const name = context.names.make(ref, 'step');
  const mayBeAbsent = task.optional === true || task.permissive === true;
  visible.addStep(ref, { ...output, mayBeAbsent, code: () => name.use() });
  for (const one of brings ?? []) visible.addStep(one.ref, { ...one.output, code: () => `${name.use()}${one.code}` });
  return { head: name, value: call([param.use(), `.${method}`], [literal(ref), ...args]), adds: ref };
}

export interface Branch {
  arrow: Arrow;
  /** What later tasks can refer to, as seen from the branch's result. */
  brings: readonly Brought[];
}

export interface BranchOptions {
  /** What its parameter is called. */
  name: 'branch' | 'loop' | 'otherwise';
  /** What the builder lets it return. */
  returns: 'one step' | 'steps' | 'nothing';
  /** A path that a second parameter stands for. */
  second?: { path: string; name: 'round'; schema: Schema };
}

const MOST = { nothing: 0, 'one step': 1, steps: Number.POSITIVE_INFINITY };

/** The function that adds the tasks of a branch. It returns the steps that something outside the branch refers to. */
export function branch(tasks: readonly WorkflowTask[], { context, visible }: Place, options: BranchOptions): Branch {
  const inside = new Visible(visible);
  const param = new Name(inside.parameter(options.name));
  const { second } = options;
  const round = second && new Name(inside.parameter(second.name));
  if (second && round) inside.add(second.path, { code: () => round.use(), schema: second.schema });
  const body = sequence(tasks, { context, visible: inside, param });
  const returned = [...inside.steps()]
    .filter(([ref]) => context.isReadOutside(ref, tasks))
    .slice(0, MOST[options.returns])
    .map(([ref, step]) => ({ ref, code: step.code(), output: step }));
  const [only, ...others] = returned;
  if (only && others.length === 0) body.push({ head: 'return', value: only.code });
  else if (only) body.push({ head: 'return', value: object(returned.map(({ code }) => [keyOf(code), code] as const)) });
  const brings = returned.map((one) => ({ ...one, code: others.length === 0 ? '' : `.${keyOf(one.code)}` }));
  return { arrow: { kind: 'arrow', params: round ? [param, round] : [param], body }, brings };
}

/** The key of a step among those that a branch returns. */
function keyOf(code: string): string {
  return code.replaceAll(/[^\w$]+/g, '_');
}

function hasParts(schema: Schema): boolean {
  return schema !== true && ('properties' in schema || 'items' in schema);
}

export function tasksOf(value: unknown): readonly WorkflowTask[] {
  return Array.isArray(value) ? value : [];
}
