import type { z } from 'zod';
import type { WorkflowTask } from '../../core/conductor/types.ts';
import type { TaskContract, TaskPolicy, Workflow } from '../../core/contract.ts';
import type { Build } from './build.ts';
import { dynamicFork, forkedTasks, forkResults, itemNames } from './fork-each.ts';
import { type Ref, type Refs, refs, type Spelled, toJson, toParameters, type Wired } from './refs.ts';
import { type Callable, type MaybeStep, type Placed, type Step, step, type TaskPlacement } from './step.ts';
import * as system from './system-tasks.ts';

export type { MaybeStep, Step, TaskPlacement } from './step.ts';

/** Adds the tasks of one branch. What it returns can be referred to after the branch. */
export type Branch<V = unknown, R = unknown> = (scope: Scope<V>) => R;

/** The values a script sees as `$`. References belong here and never into the script's text. */
export type ScriptInputs = Readonly<Record<string, unknown>> & Spelled;

/** Some of the variables; without declared ones there is nothing to set. */
type Values<V> = [keyof V] extends [never] ? Record<string, never> : { [K in keyof V]?: Wired<V[K]> } & Spelled;

/** Refuses the cases in `C` that are no value of `T`: a misspelt one stands beside the right ones and would never be chosen. */
type CasesOf<T extends string | number | boolean, C> = {
  [N in keyof C]: `${Exclude<N, symbol>}` extends `${T}` ? unknown : never;
};

/** Those members of a union of texts that stand for endlessly many: `string`, `${number}`. */
type Endless<K extends string> = K extends string ? (Record<never, never> extends Record<K, true> ? K : never) : never;

/** Refuses a value with endlessly many cases, because one that has none would fall through unseen. */
type Countable<T extends string | number | boolean> = [Endless<`${T}`>] extends [never]
  ? unknown
  : 'a value of any text or number needs an `otherwise`';

/** A sequence of tasks under construction. One method per task type of Conductor. */
export class Scope<V = unknown> {
  /** The workflow's variables, as set by the latest `set` before the reader runs. */
  readonly variables: Refs<V> = refs('workflow.variables');
  /** The id of the execution itself. */
  readonly workflowId: Ref<string> = refs('workflow.workflowId');
  readonly tasks: WorkflowTask[] = [];
  readonly #build: Build;

  constructor(build: Build) {
    this.#build = build;
  }

  /** SIMPLE: executed by a worker. */
  task<I extends z.ZodType, O extends z.ZodType, F extends boolean = false>(
    ref: string,
    contract: TaskContract<I, O>,
    input: Wired<z.input<I>>,
    placement: TaskPlacement<F> = {},
  ): Step<Placed<z.output<O>, F>> {
    return this.#add(ref, this.#build.use(contract), 'SIMPLE', toParameters(input, contract.input), placement);
  }

  /** SUB_WORKFLOW: runs another workflow, in the version it has here, and goes on when it has ended. It fails when that fails. */
  subWorkflow<I extends z.ZodType, O extends z.ZodType, F extends boolean = false>(
    ref: string,
    workflow: Workflow<I, O>,
    input: Wired<z.input<I>>,
    placement: TaskPlacement<F> = {},
  ): Step<Placed<z.output<O> & { subWorkflowId: string }, F>> {
    const { name, version } = workflow;
    this.#push({
      ...system.plain(ref, 'SUB_WORKFLOW'),
      name,
      inputParameters: toParameters(input, workflow.input),
      subWorkflowParam: { name, version },
      ...placement,
    });
    return step(ref);
  }

  /** START_WORKFLOW: starts another workflow, in the version it has here, and does not wait for it. */
  startWorkflow<I extends z.ZodType>(
    ref: string,
    workflow: Workflow<I>,
    input: Wired<z.input<I>>,
    { correlationId }: { correlationId?: Wired<string> } = {},
  ): Step<{ workflowId: string }> {
    const { name, version } = workflow;
    const start = {
      name,
      version,
      input: toParameters(input, workflow.input),
      ...(correlationId && { correlationId }),
    };
    return this.#add(ref, name, 'START_WORKFLOW', { startWorkflow: start });
  }

  /**
   * HTTP: executed by the server. It fails on every answer of 400 and above and then holds no status code, so it serves where
   * only success goes on; to branch on the status, use the `http_request` worker.
   */
  http<B extends z.ZodType, F extends boolean = false>(
    ref: string,
    policy: TaskPolicy,
    request: system.HttpRequest & { response: B },
    placement: TaskPlacement<F> = {},
  ): Step<Placed<{ response: { statusCode: number; headers: Record<string, string[]>; body: z.output<B> } }, F>> {
    return this.#add(ref, this.#build.use(policy), 'HTTP', { http_request: system.httpRequest(request) }, placement);
  }

  /** INLINE: a JavaScript expression that the server evaluates over `$`, its inputs. 4 s at most; no I/O. */
  inline<O extends z.ZodType>(
    ref: string,
    { inputs, output: _, script }: { inputs: ScriptInputs; output: O; script: string },
  ): Step<{ result: z.output<O> }> {
    const own = { evaluatorType: 'graaljs', expression: this.#script(script) };
    return this.#add(ref, ref, 'INLINE', this.#beside(ref, inputs, own));
  }

  /** JSON_JQ_TRANSFORM: a jq query over its inputs. `result` is the first value it yields. */
  jq<O extends z.ZodType>(
    ref: string,
    { inputs, output: _, query }: { inputs: ScriptInputs; output: O; query: string },
  ): Step<{ result: z.output<O> }> {
    const own = { queryExpression: this.#script(query) };
    return this.#add(ref, ref, 'JSON_JQ_TRANSFORM', this.#beside(ref, inputs, own));
  }

  /** SET_VARIABLE: sets some of the workflow's variables; all of them together may hold 256 KB. */
  set(ref: string, values: Values<V>): void {
    this.#add(ref, ref, 'SET_VARIABLE', values);
  }

  /**
   * SWITCH on a value: one branch per value it can have, or some and an `otherwise`. The compiler asks for every value of a
   * union, and for an `otherwise` where there is no end of values; what the branches return comes back as steps whose output
   * may be missing.
   */
  switch<T extends string | number | boolean, C extends { [K in `${T}`]: Branch<V> }>(
    ref: string,
    on: Ref<T> & Countable<T>,
    cases: C & { [K in `${T}`]: Branch<V> } & CasesOf<T, C>,
  ): { [K in keyof C]: MaybeStep<ReturnType<C[K]>> };
  switch<T extends string | number | boolean, C extends { [K in `${T}`]?: Branch<V> }, R>(
    ref: string,
    on: Ref<T>,
    cases: C & { [K in `${T}`]?: Branch<V> } & CasesOf<T, C>,
    otherwise: Branch<V, R>,
  ): { [K in keyof C]: C[K] extends Branch<V> ? MaybeStep<ReturnType<C[K]>> : undefined } & { otherwise: MaybeStep<R> };
  switch(
    ref: string,
    on: Ref<unknown>,
    cases: Record<string, Branch<V>>,
    otherwise?: Branch<V>,
  ): Record<string, unknown> {
    const task = system.switchTask(ref, on);
    this.#push(task);
    const results: Record<string, unknown> = {};
    const collect = (key: string, branch: Branch<V>) => {
      const scope = new Scope<V>(this.#build);
      results[key] = branch(scope);
      return scope.tasks;
    };
    task.decisionCases = Object.fromEntries(Object.entries(cases).map(([key, branch]) => [key, collect(key, branch)]));
    if (otherwise) task.defaultCase = collect('otherwise', otherwise);
    return results;
  }

  /** FORK_JOIN and its JOIN: branches at the same time; goes on when all have ended, fails as soon as one fails. */
  fork<B extends Record<string, Branch<V>>>(ref: string, branches: B): { [K in keyof B]: ReturnType<B[K]> } {
    const built = Object.entries(branches).map(([key, branch]) => {
      const scope = new Scope<V>(this.#build);
      const result = branch(scope);
      return { key, result, tasks: scope.#endedFor(`${ref}_${key}`) };
    });
    this.#push({ ...system.plain(ref, 'FORK_JOIN'), forkTasks: built.map(({ tasks }) => tasks) });
    const joinOn = built.map(({ tasks }) => tasks.at(-1)?.taskReferenceName);
    this.#push({ ...system.plain(`${ref}_join`, 'JOIN'), joinOn });
    return Object.fromEntries(built.map(({ key, result }) => [key, result])) as { [K in keyof B]: ReturnType<B[K]> };
  }

  /**
   * FORK_JOIN_DYNAMIC: a task for each item of a list, all at the same time, and what they answered in the order of the list. The
   * list may be empty. Fails as soon as one fails; with `optional` null stands for the answer of a task that has failed.
   *
   * `input` is called once, with references to any item and to its index from 0: it describes the input, it does not compute it.
   */
  forkEach<E, I extends z.ZodType, O extends z.ZodType, F extends boolean = false>(
    ref: string,
    list: Ref<readonly E[]>,
    contract: Callable<I, O>,
    input: (item: Refs<E>, index: Ref<number>) => Wired<z.input<I>>,
    placement: TaskPlacement<F> = {},
  ): Step<{ results: Placed<z.output<O>, F>[] }> {
    const { item, index } = itemNames(ref);
    const wired = toParameters(input(refs(item), refs(index)), contract.input);
    const { name } = contract;
    const task =
      contract.kind === 'workflow'
        ? { name, type: 'SUB_WORKFLOW', subWorkflowParam: { name, version: contract.version }, ...placement }
        : { name: this.#build.use(contract), type: 'SIMPLE', ...placement };
    this.#build.reserve(ref);
    this.#push(forkedTasks(ref, list, wired, task));
    this.#push(dynamicFork(ref));
    this.#push(system.plain(`${ref}_join`, 'JOIN'));
    this.#push(forkResults(ref, contract.output, placement.optional === true));
    return { ref, output: refs(`${ref}_results.output.result`), status: refs(`${ref}_join.status`) };
  }

  /**
   * DO_WHILE: repeats its branch until `until` is true after a round, at most `rounds` times. `until` is a JavaScript
   * expression over `$`, its inputs, which are read anew after each round.
   */
  repeat<R>(
    ref: string,
    { rounds, until, inputs }: { rounds: number; until: string; inputs: ScriptInputs },
    branch: (scope: Scope<V>, round: Ref<number>) => R,
  ): Step<{ iteration: number }> & { last: R } {
    const scope = new Scope<V>(this.#build);
    const loop = system.loopTask(ref, this.#build.count(ref, 'rounds', rounds), this.#script(until), inputs);
    const outside = this.#build.claimed().length;
    this.#push(loop);
    const last = branch(scope, refs<number>(`${ref}.output.iteration`));
    loop.loopOver = scope.tasks;
    // `$` also holds the outputs of the loop and of every task in it, over inputs of the same name.
    this.#build.refuseNames(ref, inputs, ['items', 'keepLastN', ...this.#build.claimed().slice(outside)]);
    return { ...step<{ iteration: number }>(ref), last };
  }

  /** LLM_CHAT_COMPLETE whose answer is JSON. The shape is the model's promise: check it before you rely on it. */
  llmChat(ref: string, policy: TaskPolicy, chat: system.Chat): Step<{ result: unknown; finishReason: string }> {
    return this.#add(ref, this.#build.use(policy), 'LLM_CHAT_COMPLETE', system.chatInput(chat));
  }

  /** CALL_MCP_TOOL on a stateless MCP server. A tool that fails leaves the task completed: look at `isError`. */
  callMcpTool(
    ref: string,
    policy: TaskPolicy,
    call: { server: Wired<string>; tool: Wired<string>; arguments: Wired<Record<string, unknown>> },
  ): Step<{ content: { type: string; text?: string; parsed?: unknown }[]; isError?: boolean }> {
    const input = { mcpServer: call.server, method: call.tool, arguments: call.arguments };
    return this.#add(ref, this.#build.use(policy), 'CALL_MCP_TOOL', input);
  }

  /** TERMINATE: ends the workflow here. `FAILED` starts the failure workflow. */
  terminate(
    ref: string,
    status: 'COMPLETED' | 'FAILED',
    reason: Wired<string>,
    output: Record<string, unknown> = {},
  ): void {
    this.#add(ref, ref, 'TERMINATE', { terminationStatus: status, terminationReason: reason, workflowOutput: output });
  }

  /** WAIT for a time, or, without one, for a signal; what the signal carries is the output. */
  wait<O extends z.ZodType>(ref: string, wait: { seconds: number } | { signal: O }): Step<z.output<O>> {
    if (!('seconds' in wait)) return this.#add(ref, ref, 'WAIT', {});
    return this.#add(ref, ref, 'WAIT', { duration: `${this.#build.count(ref, 'seconds', wait.seconds)} seconds` });
  }

  /** HUMAN: waits until a person completes it; what they enter is the output. `about` is what they are shown. */
  human<O extends z.ZodType>(
    ref: string,
    { about }: { about: Readonly<Record<string, unknown>> & Spelled; output: O },
  ): Step<z.output<O>> {
    return this.#add(ref, ref, 'HUMAN', about);
  }

  #add<O>(ref: string, name: string, type: string, input: object, placement: TaskPlacement = {}): Step<O> {
    this.#push({ name, taskReferenceName: ref, type, inputParameters: { ...input }, ...placement });
    return step<O>(ref);
  }

  #push(task: WorkflowTask): void {
    this.#build.claim(task.taskReferenceName);
    this.tasks.push(task);
  }

  /** A JOIN on a SWITCH would go on before the chosen branch has ended; a NOOP behind it starts only when it has. */
  #endedFor(ref: string): WorkflowTask[] {
    if (this.tasks.length === 0) throw this.#build.mistake(`the branch "${ref}" has no task.`);
    if (this.tasks.at(-1)?.type === 'SWITCH') this.#push(system.plain(`${ref}_end`, 'NOOP'));
    return this.tasks;
  }

  /** The script goes last, so that no input can take its place. */
  #beside(ref: string, inputs: ScriptInputs, own: object): object {
    this.#build.refuseNames(ref, inputs, Object.keys(own));
    return { ...inputs, ...own };
  }

  #script(text: string): string {
    if (text.includes('${')) {
      throw this.#build.mistake('a script holds "${", which the server takes for a reference; pass values as inputs.');
    }
    return text;
  }
}

/** The scope's tasks as plain JSON. */
export function plainTasks<V>(scope: Scope<V>): WorkflowTask[] {
  return toJson(scope.tasks) as WorkflowTask[];
}
