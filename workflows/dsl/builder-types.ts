import type { z } from 'zod';
import type { TaskContract, Workflow } from '../../core/contract.ts';
import { type Ref, type Refs, refs } from './refs.ts';

/** A task of the workflow. Later tasks refer to its result. */
export interface Step<O> {
  readonly ref: string;
  readonly output: Refs<O>;
  readonly status: Ref<string>;
}

/** A step of a branch. It is not certain that the branch runs, so the output of the step may be missing. */
export type MaybeStep<R> = R extends Step<infer O> ? Step<O | undefined> : undefined;

/** What the workflow does if a task fails after its retries. */
export interface TaskPlacement<F extends boolean = boolean> {
  /** The workflow continues without the output of the task. */
  optional?: F;
  /** The workflow fails, but first the tasks that can still run finish. They may lack the output of the failed task. */
  permissive?: F;
}

/** The placement of a task that waits in a queue. */
export interface QueuedPlacement<F extends boolean = boolean> extends TaskPlacement<F> {
  /** Replaces the number of retries in the task definition, but not their delays. */
  retryCount?: number;
  /** Seconds before the first attempt. */
  startDelay?: number;
}

/** The output of a task. `F` is true if later tasks may run although the task has failed. */
export type Placed<O, F extends boolean> = true extends F ? O | undefined : O;

/** What `forkEach` can start once for each item of a list: a worker's task, or a workflow as a sub-workflow. */
export type Callable<I extends z.ZodType, O extends z.ZodType> = TaskContract<I, O> | Workflow<I, O>;

/** The step with the task reference `ref`. */
export function step<O>(ref: string): Step<O> {
  return { ref, output: refs<O>(`${ref}.output`), status: refs<string>(`${ref}.status`) };
}

/** Rejects cases in `C` that are not a value of `T`, for example a misspelt case. The server would never choose this case. */
export type CasesOf<T extends string | number | boolean, C> = {
  [N in keyof C]: `${Exclude<N, symbol>}` extends `${T}` ? unknown : never;
};

/** The members of a union of strings that stand for infinitely many values, such as `string` or `${number}`. */
type Endless<K extends string> = K extends string ? (Record<never, never> extends Record<K, true> ? K : never) : never;

/** Rejects a type with infinitely many values: for a value without a case, the SWITCH would silently run no branch. */
export type Countable<T extends string | number | boolean> = [Endless<`${T}`>] extends [never]
  ? unknown
  : 'a value that can be any string or number needs an `otherwise`';
