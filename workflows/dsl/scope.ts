import type { z } from 'zod';
import { NESTED_LOOP } from '../../core/conductor/task-types.ts';
import type { WorkflowTask } from '../../core/conductor/types.ts';
import type { CasesOf, Countable } from './builder-types.ts';
import { type Callable, type MaybeStep, type Placed, type QueuedPlacement, type Step, step } from './builder-types.ts';
import { ModelTasks } from './model-tasks.ts';
import { type Ref, type Refs, refs, toJson, toParameters, type Wired } from './refs.ts';
import { dynamicFork, forkedTasks, forkResults, itemNames } from './system/fork-each.ts';
import * as plain from './system/plain-tasks.ts';
import type { ScriptInputs } from './task-sequence.ts';

export type { MaybeStep, QueuedPlacement, Step, TaskPlacement } from './builder-types.ts';
export type { ScriptInputs } from './task-sequence.ts';

/** A function that adds the tasks of one branch. Later tasks can refer to its result. */
export type Branch<V = unknown, R = unknown> = (scope: Scope<V>) => R;

/** The output of a loop: the number of its last round, and the outputs of its tasks by round and task reference. */
export type LoopOutput = { iteration: number } & { [round: `${number}`]: Record<string, unknown> | undefined };

/** How many rounds of a loop the server keeps. */
interface Kept {
  /**
   * How many of the last rounds keep their tasks and outputs on the server. Default: all rounds. Set it for a loop with hundreds of rounds.
   */
  keepLastN?: number;
}

/** Builds a sequence of tasks. It has one method for each task type of Conductor. */
export class Scope<V = unknown> extends ModelTasks<V> {
  /**
   * SWITCH: runs the branch for a value. The compiler requires a branch for every member of a union, or an `otherwise`. The outputs of
   * the steps that a branch returns may be missing.
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
    const results: Record<string, unknown> = {};
    const collect = (key: string, branch: Branch<V>) => {
      const scope = new Scope<V>(this.build, this.loop);
      results[key] = branch(scope);
      return scope.tasks;
    };
    const decisionCases = Object.fromEntries(
      Object.entries(cases).map(([key, branch]) => [key, collect(key, branch)] as const),
    );
    const defaultCase = otherwise && collect('otherwise', otherwise);
    this.push(
      plain.switchOn(
        ref,
        { evaluatorType: 'value-param', expression: 'on', inputs: { on } },
        decisionCases,
        defaultCase,
      ),
    );
    return results;
  }

  /**
   * FORK_JOIN and its JOIN: runs the branches at the same time. The workflow continues when all branches have ended, and fails as soon as
   * one branch fails. Some branches get a NOOP at their end (`joinable` in `system/plain-tasks.ts` says why).
   */
  fork<B extends Record<string, Branch<V>>>(ref: string, branches: B): { [K in keyof B]: ReturnType<B[K]> } {
    const built = Object.entries(branches).map(([key, branch]) => {
      const scope = new Scope<V>(this.build, this.loop);
      const result = branch(scope);
      if (scope.tasks.length === 0) throw this.build.mistake(`the branch "${ref}_${key}" has no task.`);
      return { key, result, tasks: plain.joinable(scope.tasks, () => this.build.claim(`${ref}_${key}_end`)) };
    });
    const tasks = built.map((branch) => branch.tasks);
    for (const task of plain.fork(ref, `${ref}_join`, tasks)) this.push(task);
    return Object.fromEntries(built.map(({ key, result }) => [key, result])) as { [K in keyof B]: ReturnType<B[K]> };
  }

  /**
   * FORK_JOIN_DYNAMIC: runs a task for each item of a list, all at the same time. The results are in the order of the list, which may
   * be empty. If a task fails, the workflow fails at once; with `permissive`, it fails when the other tasks have ended. With `optional`,
   * the result of a failed task is null.
   *
   * `input` is called once, with references to an item and to its index from 0. It wires these references into the input of the task, and
   * cannot compute with their values.
   */
  forkEach<E, I extends z.ZodType, O extends z.ZodType, F extends boolean = false>(
    ref: string,
    list: Ref<readonly E[]>,
    contract: Callable<I, O>,
    input: (item: Refs<E>, index: Ref<number>) => Wired<z.input<I>>,
    placement: Omit<QueuedPlacement<F>, 'permissive'> & { permissive?: boolean } = {},
  ): Step<{ results: Placed<z.output<O>, F>[] }> {
    const { item, index } = itemNames(ref);
    const wired = toParameters(input(refs(item), refs(index)), contract.input);
    const { name } = contract;
    const task =
      contract.kind === 'workflow'
        ? { name, type: 'SUB_WORKFLOW', subWorkflowParam: { name, version: contract.version }, ...placement }
        : { name: this.build.use(contract), type: 'SIMPLE', ...placement };
    this.build.reserve(ref);
    this.push(
      forkedTasks({ ref, list, input: wired, task, permissive: placement.permissive === true, loop: this.loop }),
    );
    this.push(dynamicFork(ref));
    this.push(plain.task(`${ref}_join`, 'JOIN'));
    this.push(forkResults(ref, contract.output, placement.optional === true));
    return { ref, output: refs(`${ref}_results.output.result`), status: refs(`${ref}_join.status`) };
  }

  /**
   * DO_WHILE: repeats its branch until `until` is true after a round, at most `rounds` times. `until` is a JavaScript expression that
   * reads `inputs` as `$`. The server resolves these inputs again after each round.
   */
  repeat<R>(
    ref: string,
    { rounds, until, inputs, ...kept }: { rounds: number; until: string; inputs: ScriptInputs } & Kept,
    branch: (scope: Scope<V>, round: Ref<number>) => R,
  ): Step<LoopOutput> & { last: R } {
    const most = this.build.count(ref, 'rounds', rounds);
    // The condition counts the rounds, so no script can make an endless loop.
    const condition = `if ($.${ref}['iteration'] < ${most} && !(${this.script(until)})) { true; } else { false; }`;
    const outside = this.build.claimed().length;
    const { keepLastN, tasks, last } = this.#body(ref, kept, (scope) => branch(scope, refs(`${ref}.output.iteration`)));
    this.push(plain.loop(ref, condition, { ...inputs, ...keepLastN }, tasks));
    // `$` also contains the outputs of the loop and of every task in it. They replace inputs with the same name.
    const taken = ['items', '_items', 'keepLastN', 'loopItem', 'loopIndex', ...this.build.claimed().slice(outside)];
    this.build.refuseNames(ref, inputs, taken);
    return { ...step<LoopOutput>(ref), last };
  }

  /**
   * DO_WHILE over a list: repeats its branch for each item, one after the other, with references to the item and to its index from 0. If
   * the list is empty, no task of the branch runs. The list must not change, because the server reads it again in each round.
   */
  forEach<E, R>(
    ref: string,
    { items, ...kept }: { items: Ref<readonly E[]> } & Kept,
    branch: (scope: Scope<V>, item: Refs<E>, index: Ref<number>) => R,
  ): Step<LoopOutput> & { last: MaybeStep<R> } {
    const item = refs<E>(`${ref}.output.loopItem`);
    const index = refs<number>(`${ref}.output.loopIndex`);
    const { keepLastN, tasks, last } = this.#body(ref, kept, (scope) => branch(scope, item, index));
    this.push(plain.listLoop(ref, items, keepLastN, tasks));
    return { ...step<LoopOutput>(ref), last: last as MaybeStep<R> }; // the step that the branch returns, but it may not have run
  }

  /** Returns the plain tasks of a branch, for a task that only `json` can write. */
  sequence(branch: Branch<V>): readonly WorkflowTask[] {
    const scope = new Scope<V>(this.build, this.loop);
    branch(scope);
    this.build.sequences.add(scope.tasks);
    return scope.tasks;
  }

  /** Builds the tasks of a loop. */
  #body<R>(ref: string, { keepLastN }: Kept, branch: (scope: Scope<V>) => R) {
    if (this.loop !== undefined) {
      throw this.build.mistake(
        `the loop "${ref}" is inside the loop "${this.loop}": ${NESTED_LOOP}. Put the inner loop into a workflow of its own and call it with subWorkflow.`,
      );
    }
    const kept = keepLastN === undefined ? {} : { keepLastN: this.build.count(ref, 'rounds to keep', keepLastN) };
    const scope = new Scope<V>(this.build, ref);
    const last = branch(scope);
    if (scope.tasks.length === 0) throw this.build.mistake(`the loop "${ref}" has no task.`);
    return { keepLastN: kept, tasks: scope.tasks, last };
  }
}

/** The scope's tasks as plain JSON. */
export function plainTasks<V>(scope: Scope<V>): WorkflowTask[] {
  return toJson(scope.tasks) as WorkflowTask[];
}
