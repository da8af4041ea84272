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

/** Adds the tasks of one branch. What it returns can be referred to after the branch. */
export type Branch<V = unknown, R = unknown> = (scope: Scope<V>) => R;

/** What a loop knows of itself: the number of its last round, and what the tasks of each round answered, by round and reference. */
export type LoopOutput = { iteration: number } & { [round: `${number}`]: Record<string, unknown> | undefined };

/** How many rounds a loop keeps on the server. */
interface Kept {
  /** Only the tasks and outputs of so many rounds; absent: of all, which a loop of hundreds should not. */
  keepLastN?: number;
}

/** A sequence of tasks under construction. One method per task type of Conductor. */
export class Scope<V = unknown> extends ModelTasks<V> {
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
   * FORK_JOIN and its JOIN: branches at the same time; goes on when all have ended, fails as soon as one fails. A branch ends in a
   * NOOP where its last task may be retried, or is a SWITCH: a JOIN can look at a task in the moment between a failed attempt and
   * its retry, and then fails the workflow; and it does not wait for what a SWITCH has chosen.
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
   * FORK_JOIN_DYNAMIC: a task for each item of a list, all at the same time, and what they answered in the order of the list. The
   * list may be empty. Fails as soon as one fails, or with `permissive` when the others have ended; with `optional` null stands for
   * the answer of a task that has failed.
   *
   * `input` is called once, with references to any item and to its index from 0: it describes the input, it does not compute it.
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
   * DO_WHILE: repeats its branch until `until` is true after a round, at most `rounds` times. `until` is a JavaScript
   * expression over `$`, its inputs, which are read anew after each round.
   */
  repeat<R>(
    ref: string,
    { rounds, until, inputs, ...kept }: { rounds: number; until: string; inputs: ScriptInputs } & Kept,
    branch: (scope: Scope<V>, round: Ref<number>) => R,
  ): Step<LoopOutput> & { last: R } {
    const most = this.build.count(ref, 'rounds', rounds);
    // The condition counts the rounds itself, so that no script can make a loop without end.
    const condition = `if ($.${ref}['iteration'] < ${most} && !(${this.script(until)})) { true; } else { false; }`;
    const outside = this.build.claimed().length;
    const { keepLastN, tasks, last } = this.#body(ref, kept, (scope) => branch(scope, refs(`${ref}.output.iteration`)));
    this.push(plain.loop(ref, condition, { ...inputs, ...keepLastN }, tasks));
    // `$` also holds the outputs of the loop and of every task in it, over inputs of the same name.
    const taken = ['items', '_items', 'keepLastN', 'loopItem', 'loopIndex', ...this.build.claimed().slice(outside)];
    this.build.refuseNames(ref, inputs, taken);
    return { ...step<LoopOutput>(ref), last };
  }

  /**
   * DO_WHILE over a list: repeats its branch for each item, one after the other, with references to the item and to its index from
   * 0. The list may be empty; then nothing of the branch has run. It must not change meanwhile: it is read anew in each round.
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
    return { ...step<LoopOutput>(ref), last: last as MaybeStep<R> }; // the same step, which may have been left out
  }

  /** The tasks of a branch as they are, for a task that holds other tasks and that only `json` can say. */
  sequence(branch: Branch<V>): readonly WorkflowTask[] {
    const scope = new Scope<V>(this.build, this.loop);
    branch(scope);
    this.build.sequences.add(scope.tasks);
    return scope.tasks;
  }

  /** The tasks of a loop. */
  #body<R>(ref: string, { keepLastN }: Kept, branch: (scope: Scope<V>) => R) {
    if (this.loop !== undefined) {
      throw this.build.mistake(
        `the loop "${ref}" is inside the loop "${this.loop}": ${NESTED_LOOP}. Put the inner loop into a workflow of its own and call that with subWorkflow.`,
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
