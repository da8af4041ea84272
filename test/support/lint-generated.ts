import fc from 'fast-check';
import { type Json, task } from './lint-traps/trap.ts';

/** The structure of a task. Its reference and inputs are added later. `seed` chooses which outputs it reads. */
type Shape =
  | { kind: 'leaf'; type: (typeof LEAVES)[number]; seed: number }
  | { kind: 'switch'; cases: Shape[][]; otherwise: Shape[] | undefined; script: boolean; seed: number }
  | { kind: 'fork'; branches: Shape[][]; subset: boolean }
  | { kind: 'loop'; body: Shape[]; rounds: number; over: 'rounds' | 'items' }
  | { kind: 'dynamic'; width: number; seed: number };

const LEAVES = [
  'SIMPLE',
  'HTTP',
  'INLINE',
  'JSON_JQ_TRANSFORM',
  'SET_VARIABLE',
  'NOOP',
  'WAIT',
  'HUMAN',
  'LLM_CHAT_COMPLETE',
  'CALL_MCP_TOOL',
  'START_WORKFLOW',
  'EVENT',
  'KAFKA_PUBLISH',
  'DYNAMIC',
  'SUB_WORKFLOW',
] as const;

/** Task types for which the server calls no service. Their tasks end by themselves, or the test completes them. */
const SELF_CONTAINED = [
  'SIMPLE',
  'INLINE',
  'JSON_JQ_TRANSFORM',
  'SET_VARIABLE',
  'NOOP',
  'WAIT',
  'HUMAN',
  'EVENT',
  'DYNAMIC',
  'SUB_WORKFLOW',
] as const;

const shapesOf = (leaves: readonly (typeof LEAVES)[number][]) =>
  fc.letrec<{ shape: Shape; sequence: Shape[] }>((tie) => ({
    sequence: fc.array(tie('shape'), { minLength: 1, maxLength: 4 }),
    shape: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      {
        weight: 6,
        arbitrary: fc.record({ kind: fc.constant('leaf' as const), type: fc.constantFrom(...leaves), seed: fc.nat() }),
      },
      {
        weight: 2,
        arbitrary: fc.record({
          kind: fc.constant('switch' as const),
          cases: fc.array(tie('sequence'), { minLength: 1, maxLength: 3 }),
          otherwise: fc.option(tie('sequence'), { nil: undefined }),
          script: fc.boolean(),
          seed: fc.nat(),
        }),
      },
      {
        weight: 2,
        arbitrary: fc.record({
          kind: fc.constant('fork' as const),
          branches: fc.array(tie('sequence'), { minLength: 1, maxLength: 3 }),
          subset: fc.boolean(),
        }),
      },
      {
        weight: 1,
        arbitrary: fc.record({
          kind: fc.constant('loop' as const),
          body: tie('sequence'),
          rounds: fc.integer({ min: 1, max: 3 }),
          over: fc.constantFrom('rounds' as const, 'items' as const),
        }),
      },
      {
        weight: 1,
        arbitrary: fc.record({
          kind: fc.constant('dynamic' as const),
          width: fc.integer({ min: 0, max: 3 }),
          seed: fc.nat(),
        }),
      },
    ),
  }));

/** Generates correct definitions with all task types. */
export function rightDefinitions(prefix: string): fc.Arbitrary<Json> {
  return shapesOf(LEAVES).sequence.map((shapes) => new Making(prefix).definition(shapes));
}

/** Generates definitions of at most `most` tasks that can run to their end without services outside of the server. */
export function runnableDefinitions(prefix: string, most: number): fc.Arbitrary<Json> {
  const made = shapesOf(SELF_CONTAINED).sequence.map((shapes) => new Making(prefix).definition(shapes));
  return made.filter((def) => {
    const tasks = JSON.stringify(def).split('"taskReferenceName"').length - 1;
    return tasks > most / 4 && tasks <= most;
  });
}

/** For each task type, the output that an expression can read. */
const READABLE: Record<string, string> = {
  INLINE: 'output.result',
  JSON_JQ_TRANSFORM: 'output.result',
  HTTP: 'output.response.statusCode',
  SWITCH: 'output.selectedCase',
  START_WORKFLOW: 'output.workflowId',
  SIMPLE: 'output.x',
  HUMAN: 'input',
};

class Making {
  readonly #prefix: string;
  #count = 0;
  #isInLoop = false;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  definition(shapes: readonly Shape[]): Json {
    const { tasks, ended } = this.#sequence(shapes, ['workflow.input.n']);
    const outputParameters = Object.fromEntries(ended.slice(-3).map((path, index) => [`o${index}`, `\${${path}}`]));
    return {
      name: `${this.#prefix}_generated`,
      version: 1,
      schemaVersion: 2,
      tasks,
      outputParameters,
      timeoutSeconds: 0,
    };
  }

  #ref(): string {
    this.#count += 1;
    return `t${this.#count}`;
  }

  /** Makes the tasks of a sequence, and returns them with the paths that later tasks can read. */
  #sequence(shapes: readonly Shape[], readable: readonly string[]): { tasks: Json[]; ended: string[] } {
    const ended = [...readable];
    const tasks = shapes.flatMap((shape) => {
      const made = this.#make(shape, ended);
      ended.push(...made.ended);
      return made.tasks;
    });
    return { tasks, ended: ended.slice(readable.length) };
  }

  #make(shape: Shape, readable: readonly string[]): { tasks: Json[]; ended: string[] } {
    if (shape.kind === 'leaf') return this.#leaf(shape, readable);
    if (shape.kind === 'switch') return this.#switch(shape, readable);
    if (shape.kind === 'fork') return this.#fork(shape, readable);
    if (shape.kind === 'dynamic') return this.#dynamic(shape);
    return this.#loop(shape, readable);
  }

  #leaf({ type, seed }: Shape & { kind: 'leaf' }, readable: readonly string[]) {
    const ref = this.#ref();
    const value = `\${${readable[seed % readable.length]}}`;
    const made = task(type, ref, { name: `${this.#prefix}_${ref}`, ...ownFields(type, value) });
    return { tasks: [made], ended: [`${ref}.${READABLE[type] ?? 'status'}`] };
  }

  #switch({ cases, otherwise, script, seed }: Shape & { kind: 'switch' }, readable: readonly string[]) {
    const ref = this.#ref();
    const inside = [...readable, `${ref}.output.selectedCase`];
    const decisionCases = Object.fromEntries(
      cases.map((shapes, index) => [`c${index}`, this.#sequence(shapes, inside).tasks]),
    );
    const choice = `c${seed % (cases.length + 1)}`;
    const made = task('SWITCH', ref, {
      evaluatorType: script ? 'graaljs' : 'value-param',
      expression: script ? `$.v === null ? 'none' : '${choice}'` : 'v',
      inputParameters: { v: script ? `\${${readable[seed % readable.length]}}` : choice },
      decisionCases,
      ...(otherwise && { defaultCase: this.#sequence(otherwise, inside).tasks }),
    });
    return { tasks: [made], ended: [`${ref}.output.selectedCase`] };
  }

  #fork({ branches, subset }: Shape & { kind: 'fork' }, readable: readonly string[]) {
    const ref = this.#ref();
    const built = branches.map((shapes) => {
      const made = this.#sequence(shapes, readable);
      const end = task('NOOP', this.#ref());
      return { ...made, tasks: [...made.tasks, end], last: String(end.taskReferenceName) };
    });
    const joined = subset ? built.slice(0, 1) : built;
    const join = task('JOIN', this.#ref(), { joinOn: joined.map(({ last }) => last) });
    const fork = task('FORK_JOIN', ref, { forkTasks: built.map(({ tasks }) => tasks) });
    return { tasks: [fork, join], ended: joined.flatMap(({ ended }) => ended) };
  }

  #dynamic({ width, seed }: Shape & { kind: 'dynamic' }) {
    const ref = this.#ref();
    const refs = Array.from({ length: width }, () => this.#ref());
    const tasks = refs.map((inner) => task('SIMPLE', inner, { name: `${this.#prefix}_${inner}` }));
    const ins = Object.fromEntries(refs.map((inner) => [inner, { seed }]));
    const fork = task('FORK_JOIN_DYNAMIC', ref, {
      dynamicForkTasksParam: 'ts',
      dynamicForkTasksInputParamName: 'ins',
      inputParameters: { ts: tasks, ins },
    });
    return { tasks: [fork, task('JOIN', this.#ref(), { joinOn: [] })], ended: [] };
  }

  #loop({ body, rounds, over }: Shape & { kind: 'loop' }, readable: readonly string[]) {
    if (this.#isInLoop) return this.#sequence(body, readable); // see NESTED_LOOP
    const ref = this.#ref();
    this.#isInLoop = true;
    const { tasks, ended } = this.#sequence(body, [...readable, `${ref}.output.iteration`]);
    this.#isInLoop = false;
    const made = task('DO_WHILE', ref, {
      loopOver: tasks,
      ...(over === 'items'
        ? { loopCondition: 'true', items: '${workflow.input.xs}' }
        : { loopCondition: `$.${ref}['iteration'] < ${rounds}` }),
    });
    return { tasks: [made], ended: over === 'items' ? [] : ended };
  }
}

/** The input of every generated definition. */
export const GENERATED_INPUT = { n: 1, xs: [1, 2] };

function ownFields(type: string, value: string): Json {
  const inputs: Record<string, Json> = {
    HTTP: { http_request: { uri: 'http://127.0.0.1:1/x', method: 'GET', body: { value } } },
    INLINE: { evaluatorType: 'graaljs', expression: '({ v: $.v })', v: value },
    JSON_JQ_TRANSFORM: { queryExpression: '{v: .v}', v: value },
    SET_VARIABLE: { seen: value },
    WAIT: { duration: '1 seconds' },
    LLM_CHAT_COMPLETE: { llmProvider: 'litellm', model: 'm', messages: [{ role: 'user', message: value }] },
    CALL_MCP_TOOL: { mcpServer: 'http://127.0.0.1:1/mcp', method: 'x', arguments: { value } },
    START_WORKFLOW: { startWorkflow: { name: 'lint_nobody', input: { value } } },
    KAFKA_PUBLISH: { kafka_request: { topic: 't', value, bootStrapServers: '127.0.0.1:1' } },
    DYNAMIC: { which: 'lint_dynamic', value },
  };
  const fields: Record<string, Json> = {
    EVENT: { sink: 'conductor:lint_sink' },
    DYNAMIC: { dynamicTaskNameParam: 'which' },
    SUB_WORKFLOW: { subWorkflowParam: { name: 'lint_child', version: 1, workflowDefinition: CHILD } },
  };
  return { inputParameters: inputs[type] ?? { value }, ...fields[type] };
}

const CHILD = { name: 'lint_child', version: 1, schemaVersion: 2, tasks: [task('NOOP', 'c')], timeoutSeconds: 0 };
