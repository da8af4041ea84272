import type { z } from 'zod';
import type { TaskContract, Workflow } from '../../core/contract.ts';
import { type Ref, type Refs, refs } from './refs.ts';

/** A task that was added to the workflow, to refer to its result. */
export interface Step<O> {
  readonly ref: string;
  readonly output: Refs<O>;
  readonly status: Ref<string>;
}

/** A step of a branch that may not be taken: its whole output may be missing. */
export type MaybeStep<R> = R extends Step<infer O> ? Step<O | undefined> : undefined;

/** What the workflow does when a task fails after its retries. */
export interface TaskPlacement<F extends boolean = boolean> {
  /** The workflow goes on as if it had not failed; its output may then be missing. */
  optional?: F;
  /** What can still run without it does; then the workflow fails. Its output may be missing for what still runs. */
  permissive?: F;
}

/** The same for tasks that wait in a queue. */
export interface QueuedPlacement<F extends boolean = boolean> extends TaskPlacement<F> {
  /** In the place of the retries of its task definition; their delays stay. */
  retryCount?: number;
  /** Seconds before its first attempt. */
  startDelay?: number;
}

/** The output of a task of which `F` says whether it may fail without ending the workflow. */
export type Placed<O, F extends boolean> = true extends F ? O | undefined : O;

/** What can be started once per item of a list: a worker's task, or a workflow as a sub-workflow. */
export type Callable<I extends z.ZodType, O extends z.ZodType> = TaskContract<I, O> | Workflow<I, O>;

/** The step that stands for the task reference `ref`. */
export function step<O>(ref: string): Step<O> {
  return { ref, output: refs<O>(`${ref}.output`), status: refs<string>(`${ref}.status`) };
}

/** Refuses the cases in `C` that are no value of `T`: a misspelt one stands beside the right ones and would never be chosen. */
export type CasesOf<T extends string | number | boolean, C> = {
  [N in keyof C]: `${Exclude<N, symbol>}` extends `${T}` ? unknown : never;
};

/** Those members of a union of texts that stand for endlessly many: `string`, `${number}`. */
type Endless<K extends string> = K extends string ? (Record<never, never> extends Record<K, true> ? K : never) : never;

/** Refuses a value with endlessly many cases, because one that has none would fall through unseen. */
export type Countable<T extends string | number | boolean> = [Endless<`${T}`>] extends [never]
  ? unknown
  : 'a value of any text or number needs an `otherwise`';
