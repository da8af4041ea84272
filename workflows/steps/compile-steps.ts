import type { TaskDef, WorkflowDef } from '../../core/conductor/types.ts';
import { isObject } from '../../core/json.ts';
import { http, llm, mcpTool, worker, workflow } from './call-steps.ts';
import { branch, loop, parallel } from './nesting-steps.ts';
import { answersFor, type SampleAnswers } from './sample-answers.ts';
import { approval, end, jq, script, set, wait } from './simple-steps.ts';
import { type BuiltStep, type Shared, StepContext } from './step-context.ts';
import { type ReadStep, readStep } from './step-forms.ts';
import { Problems, type StepPlace } from './step-problems.ts';
import { type Produced, RESERVED, type ReferenceScope } from './step-references.ts';

/** A workflow as a list of steps. Its author need not know how the server works. */
export interface Design {
  readonly name: string;
  readonly version: number;
  readonly description?: string | undefined;
  readonly steps: readonly unknown[];
  /** The output of the workflow. Default: the result of the last step. */
  readonly output?: Readonly<Record<string, unknown>> | undefined;
  /** Defaults of the input. */
  readonly defaults?: Readonly<Record<string, unknown>> | undefined;
  readonly timeoutSeconds?: number | undefined;
  readonly failureWorkflow?: string | undefined;
}

/** A list of steps, compiled for the server. */
export interface CompiledDesign {
  readonly def: WorkflowDef;
  /** The task definitions that the workflow needs. The task definition of a worker's task is used only if the task has none yet. */
  readonly taskDefs: readonly TaskDef[];
  /** The names of the inputs that the steps read. */
  readonly inputs: readonly string[];
  readonly answers: SampleAnswers;
}

/**
 * Compiles steps to a workflow definition that the server accepts, and to the task definitions that it needs. Pure.
 * @param roundsAtMost a limit for the rounds of every loop; a dry run needs few rounds
 * @throws FleetError `input` with all mistakes, their places and their corrections
 */
export function compileSteps(design: Design, { roundsAtMost = 1000 }: { roundsAtMost?: number } = {}): CompiledDesign {
  const found = survey(design.steps);
  const shared: Shared = {
    problems: new Problems(),
    names: { ids: found.ids, variables: found.variables },
    taskDefs: new Map(),
    answered: [],
    usages: [],
    reads: new Set(),
    items: new Map(),
    taken: new Set(found.ids),
    roundsAtMost,
    sequence: (steps, path, scope) => sequence(steps, path, scope, shared, claimed),
  };
  const claimed = new Set<string>();
  const scope: ReferenceScope = { visible: new Map(), loop: undefined };
  const built = shared.sequence(design.steps, 'steps', scope);
  const output = outputOf(design, built, shared);
  shared.problems.throwIfAny();
  const inputs = inputsIn(shared.reads);
  return {
    def: definition(design, built, inputs, output),
    taskDefs: [...shared.taskDefs.values()],
    inputs,
    answers: answersFor(shared),
  };
}

function definition(
  { name, version, description, defaults, timeoutSeconds, failureWorkflow }: Design,
  { tasks }: BuiltStep,
  inputs: readonly string[],
  outputParameters: Record<string, unknown>,
): WorkflowDef {
  return {
    name,
    version,
    schemaVersion: 2,
    ...(description !== undefined && { description }),
    tasks: [...tasks],
    inputParameters: [...inputs],
    ...(defaults && Object.keys(defaults).length > 0 && { inputTemplate: { ...defaults } }),
    outputParameters,
    ...(failureWorkflow !== undefined && { failureWorkflow }),
    // The policy is needed because a time-out has no effect with the server's default policy.
    ...(timeoutSeconds !== undefined && { timeoutSeconds, timeoutPolicy: 'TIME_OUT_WF' }),
  };
}

function outputOf(design: Design, { produced, last }: BuiltStep, shared: Shared): Record<string, unknown> {
  const { output } = design;
  if (output === undefined)
    return Object.fromEntries(last.flatMap(({ id, whole }) => (whole === undefined ? [] : [[id, `\${${whole}}`]])));
  const at = new StepContext(shared, { path: 'output', id: '' }, { visible: byId(produced), loop: undefined });
  return Object.fromEntries(Object.entries(output).map(([key, value]) => [key, at.value(key, value)]));
}

function inputsIn(reads: ReadonlySet<string>): string[] {
  const names = [...reads].flatMap((path) => /^workflow\.input\.([\w-]+)/.exec(path)?.[1] ?? []);
  return [...new Set(names)];
}

function sequence(
  steps: readonly unknown[],
  path: string,
  scope: ReferenceScope,
  shared: Shared,
  claimed: Set<string>,
): BuiltStep {
  const visible = new Map(scope.visible);
  const tasks: BuiltStep['tasks'][number][] = [];
  const produced: Produced[] = [];
  let last: readonly Produced[] = [];
  for (const [index, raw] of steps.entries()) {
    const place: StepPlace = { path: `${path}[${index}]`, id: writtenId(raw) ?? '' };
    const read = readStep(raw, place, shared.problems);
    // Later references to this step are accepted, so that only its own mistakes are reported.
    if (!read) {
      if (place.id !== '') visible.set(place.id, { id: place.id, fields: {}, whole: place.id, rest: place.id });
      continue;
    }
    const id = place.id === '' ? freeId(read.type, shared.taken) : place.id;
    const at = new StepContext(shared, { path: place.path, id }, { ...scope, visible: new Map(visible) });
    claim(at, claimed);
    const built = build(read, at);
    tasks.push(...built.tasks);
    for (const one of built.produced) {
      visible.set(one.id, one);
      produced.push(one);
    }
    if (built.last.length > 0) last = built.last;
  }
  return { tasks, produced, last };
}

function build(read: ReadStep, at: StepContext): BuiltStep {
  switch (read.type) {
    case 'http':
      return http(read.step, at);
    case 'worker':
      return worker(read.step, at);
    case 'mcp_tool':
      return mcpTool(read.step, at);
    case 'llm':
      return llm(read.step, at);
    case 'workflow':
      return workflow(read.step, at);
    case 'approval':
      return approval(read.step, at);
    case 'wait':
      return wait(read.step, at);
    case 'set':
      return set(read.step, at);
    case 'script':
      return script(read.step, at);
    case 'jq':
      return jq(read.step, at);
    case 'parallel':
      return parallel(read.step, at);
    case 'branch':
      return branch(read.step, at);
    case 'loop':
      return loop(read.step, at);
    case 'end':
      return end(read.step, at);
  }
}

/** Checks the id of a step. In an expression, a reference ends at the first dot, and "__" precedes the number of a round. */
function claim(at: StepContext, claimed: Set<string>): void {
  const { id } = at;
  if (!/^[A-Za-z][\w-]{0,99}$/.test(id) || id.includes('__')) {
    at.problem('id', 'use letters, digits, - and single _. Begin with a letter.');
  } else if (RESERVED.includes(id)) {
    at.problem('id', `"${id}" already has a meaning in references. Use another id.`);
  } else if (claimed.has(id)) {
    at.problem('id', 'another step has this id. Give every step its own.');
  }
  claimed.add(id);
}

function freeId(type: string, taken: Set<string>): string {
  let number = 1;
  while (taken.has(`${type}_${number}`)) number++;
  taken.add(`${type}_${number}`);
  return `${type}_${number}`;
}

function writtenId(raw: unknown): string | undefined {
  return isObject(raw) && typeof raw.id === 'string' && raw.id !== '' ? raw.id : undefined;
}

/** Collects all ids and variables of the design before any step is compiled. */
function survey(steps: unknown): { ids: Set<string>; variables: Set<string> } {
  const ids = new Set<string>();
  const variables = new Set<string>();
  const look = (value: unknown): void => {
    if (Array.isArray(value)) for (const one of value) look(one);
    if (!isObject(value)) return;
    const id = writtenId(value);
    if (id !== undefined) ids.add(id);
    if (value.type === 'set' && isObject(value.values))
      for (const name of Object.keys(value.values)) variables.add(name);
    for (const field of ['branches', 'steps', 'otherwise', 'then', 'else']) look(value[field]);
    if (isObject(value.cases)) for (const one of Object.values(value.cases)) look(one);
  };
  look(steps);
  return { ids, variables };
}

function byId(produced: readonly Produced[]): Map<string, Produced> {
  return new Map(produced.map((one) => [one.id, one]));
}
