import { NESTED_LOOP } from '../../core/conductor/task-types.ts';
import type { WorkflowTask } from '../../core/conductor/types.ts';
import * as plain from '../dsl/system/plain-tasks.ts';
import type { BuiltStep, StepContext } from './step-context.ts';
import type { StepOf } from './step-forms.ts';
import type { Produced, ReferenceScope } from './step-references.ts';

/** Compiles the steps that contain other steps. */

export function parallel({ branches }: StepOf<'parallel'>, at: StepContext): BuiltStep {
  const built = branches.map((branch, index) => {
    const { tasks, ...rest } = inner(at, `branches[${index}]`, branch);
    return { ...rest, tasks: plain.joinable(tasks, () => at.beside(`end_${index + 1}`)) };
  });
  const branchTasks = built.map(({ tasks }) => tasks);
  return {
    tasks: plain.fork(at.id, at.beside('join'), branchTasks),
    produced: [{ id: at.id, fields: {} }, ...built.flatMap(({ produced }) => produced)],
    last: built.flatMap(({ last }) => last),
  };
}

export function branch(step: StepOf<'branch'>, at: StepContext): BuiltStep {
  const isIf = step.if !== undefined || step.then !== undefined || step.else !== undefined;
  const isOn = step.on !== undefined || step.cases !== undefined || step.otherwise !== undefined;
  if (isIf === isOn || (isIf ? !(step.if && step.then) : !(step.on && step.cases))) {
    at.problem(
      '',
      'a branch needs either on and cases (and optionally otherwise), or if and then (and optionally else).',
    );
    return { tasks: [], produced: [], last: [] };
  }
  return isIf ? byCondition(step, at) : byValue(step, at);
}

function byCondition(step: StepOf<'branch'>, at: StepContext): BuiltStep {
  const { expression, inputs } = at.condition('if', step.if ?? '');
  const cases = { true: inner(at, 'then', step.then ?? []) };
  const otherwise = step.else && inner(at, 'else', step.else);
  return switching(at, { expression: `${expression} ? 'true' : 'false'`, inputs }, cases, otherwise);
}

/** Compares the value as JavaScript writes it, because the server would turn the number 5 of a JSON value into "5.0". */
function byValue({ on = '', cases = {}, otherwise }: StepOf<'branch'>, at: StepContext): BuiltStep {
  if (Object.keys(cases).length === 0) at.problem('cases', 'it has no case.');
  for (const key of Object.keys(cases)) {
    if (/^\s*(?:[<>]=?|[!=]==?)\s*\S/.test(key))
      at.problem(
        `cases.${key}`,
        `a case must be a value. To compare, write "if": "${on} ${key.trim()}" with then and else.`,
      );
  }
  const path = at.only('on', on);
  const choice = path === undefined ? at.condition('on', on) : { expression: '$.on', inputs: { on: `\${${path}}` } };
  const built = Object.fromEntries(
    Object.entries(cases).map(([key, steps]) => [key, inner(at, `cases.${key}`, steps)]),
  );
  const rest = otherwise && inner(at, 'otherwise', otherwise);
  return switching(at, { ...choice, expression: `String(${choice.expression})` }, built, rest);
}

function switching(
  at: StepContext,
  { expression, inputs }: { expression: string; inputs: Record<string, unknown> },
  cases: Readonly<Record<string, BuiltStep>>,
  otherwise: BuiltStep | undefined,
): BuiltStep {
  const tasksByCase = Object.fromEntries(Object.entries(cases).map(([key, { tasks }]) => [key, tasks]));
  const choice = { evaluatorType: 'graaljs', expression, inputs } as const;
  const ways = [...Object.values(cases), ...(otherwise ? [otherwise] : [])];
  const own: Produced = { id: at.id, fields: { case: `${at.id}.output.selectedCase` } };
  return {
    tasks: [plain.switchOn(at.id, choice, tasksByCase, otherwise?.tasks)],
    produced: [own, ...ways.flatMap(({ produced }) => produced)],
    last: ways.flatMap(({ last }) => last),
  };
}

export function loop(step: StepOf<'loop'>, at: StepContext): BuiltStep {
  if (at.scope.loop) {
    at.problem(
      '',
      `it is a loop inside the loop "${at.scope.loop.id}": ${NESTED_LOOP}. Make the inner loop a workflow of its own, and call this workflow with a workflow step.`,
    );
    return { tasks: [], produced: [], last: [] };
  }
  const { over, rounds } = step;
  const isOver = over !== undefined;
  if (step.while !== undefined && step.until !== undefined)
    at.problem('', 'a loop can have while or until, but not both.');
  if (isOver ? rounds !== undefined || step.while !== undefined || step.until !== undefined : rounds === undefined) {
    at.problem(
      '',
      'a loop needs either over (a list), or rounds (the highest number of rounds), optionally with while or until.',
    );
  }
  const before: WorkflowTask[] = [];
  const items = isOver ? listOf(over, at, before) : undefined;
  const scope: ReferenceScope = { ...at.scope, loop: { id: at.id, isOverItems: isOver } };
  const body = inner(at, 'steps', step.steps, scope);
  const inside: ReferenceScope = {
    ...scope,
    visible: new Map([...scope.visible, ...body.produced.map((one) => [one.id, one] as const)]),
  };
  const going = isOver ? undefined : goesOn(step, at, inside);
  const collected = collect(step, at, inside);
  const tasks = [...body.tasks, ...collected.inside];
  const task = going
    ? plain.loop(at.id, going.condition, going.inputs, tasks)
    : plain.listLoop(at.id, items, {}, tasks);
  const own: Produced = {
    id: at.id,
    fields: { rounds: `${at.id}.output.iteration`, ...collected.fields },
    ...(collected.fields.results !== undefined && { whole: collected.fields.results }),
  };
  return {
    tasks: [...before, task, ...collected.behind],
    produced: [own, ...body.produced],
    last: collected.fields.results === undefined ? body.last : [own],
  };
}

/**
 * The expression for the list. The server accepts only an expression there, so a task before the loop sets a literal list as a variable.
 */
function listOf(over: string | readonly unknown[], at: StepContext, before: WorkflowTask[]): string {
  if (typeof over === 'string') {
    const path = at.only('over', over);
    if (path === undefined) at.problem('over', 'it must be a list or a single reference to a list.');
    else at.shared.items.set(`${at.id}.output.loopItem`, `${path}[0]`);
    return `\${${path}}`;
  }
  const ref = at.beside('items');
  before.push(plain.task(ref, 'SET_VARIABLE', { [ref]: at.value('over', over) }));
  return `\${workflow.variables.${ref}}`;
}

/** The condition counts the rounds, so no script can make an endless loop. */
function goesOn(
  step: StepOf<'loop'>,
  at: StepContext,
  scope: ReferenceScope,
): { condition: string; inputs: Record<string, unknown> } {
  const rounds = Math.min(step.rounds ?? 1, at.shared.roundsAtMost);
  const counted = `$['${at.id}']['iteration'] < ${rounds}`;
  const condition = step.until ?? step.while;
  if (condition === undefined) return { condition: counted, inputs: {} };
  const { expression, inputs } = at.condition(step.until === undefined ? 'while' : 'until', condition, scope);
  return { condition: `${counted} && ${step.until === undefined ? '' : '!'}${expression}`, inputs };
}

interface Collected {
  /** The tasks that run at the end of each round. */
  inside: WorkflowTask[];
  behind: WorkflowTask[];
  fields: { results?: string };
}

/** Makes the tasks that collect a value of each round into a list, in the order of the rounds. */
function collect({ collect: what }: StepOf<'loop'>, at: StepContext, scope: ReferenceScope): Collected {
  if (what === undefined) return { inside: [], behind: [], fields: {} };
  const each = at.beside('collected');
  const all = at.beside('results');
  const value = at.value('collect', what, scope);
  const query = `(.rounds // {}) | to_entries | map(select(.key | test("^[0-9]+$"))) | sort_by(.key | tonumber) | map(.value[${JSON.stringify(each)}].result)`;
  return {
    inside: [plain.jq(each, { value }, '.value')],
    behind: [plain.jq(all, { rounds: `\${${at.id}.output}` }, query)],
    fields: { results: `${all}.output.result` },
  };
}

/** Compiles the steps in a field of a step. A single step may be written without a list. */
function inner(at: StepContext, field: string, steps: unknown, scope: ReferenceScope = at.scope): BuiltStep {
  const list = Array.isArray(steps) ? steps : [steps];
  const isEmptyAllowed = field !== 'steps' && !field.startsWith('branches');
  if (list.length === 0 && !isEmptyAllowed) at.problem(field, 'it has no step. Add one.');
  return at.shared.sequence(list, `${at.place.path}.${field}`, scope);
}
