import type { z } from 'zod';
import type { TaskContract, Workflow } from '../../core/contract.ts';
import { type Ref, type Refs, refs } from './refs.ts';

/** A task of the workflow, to refer to its result. */
export interface Step<O> {
  readonly ref: string;
  readonly output: Refs<O>;
  readonly status: Ref<string>;
}

/** A step in a branch that may not run, so its output may be missing. */
export type MaybeStep<R> = R extends Step<infer O> ? Step<O | undefined> : undefined;

/** What the workflow does if a task fails after its retries. */
export interface TaskPlacement<F extends boolean = boolean> {
  /** The workflow continues. The output of the task may be missing. */
  optional?: F;
  /** The tasks that can still run finish first, then the workflow fails. The output of the task may be missing for them. */
  permissive?: F;
}

/** The same, for tasks that wait in a queue. */
export interface QueuedPlacement<F extends boolean = boolean> extends TaskPlacement<F> {
  /** Replaces the retries of its task definition; the delays stay. */
  retryCount?: number;
  /** Seconds before its first attempt. */
  startDelay?: number;
}

/** The output of a task; `F` says whether it may fail without ending the workflow. */
export type Placed<O, F extends boolean> = true extends F ? O | undefined : O;

/** What can be started once per item of a list: a worker's task, or a workflow as a sub-workflow. */
export type Callable<I extends z.ZodType, O extends z.ZodType> = TaskContract<I, O> | Workflow<I, O>;

/** The step with the task reference `ref`. */
export function step<O>(ref: string): Step<O> {
  return { ref, output: refs<O>(`${ref}.output`), status: refs<string>(`${ref}.status`) };
}

/** Rejects cases in `C` that are not a value of `T`, such as a misspelt one: the server would never choose it. */
export type CasesOf<T extends string | number | boolean, C> = {
  [N in keyof C]: `${Exclude<N, symbol>}` extends `${T}` ? unknown : never;
};

/** The members of a union of strings that have no finite number of values: `string`, `${number}`. */
type Endless<K extends string> = K extends string ? (Record<never, never> extends Record<K, true> ? K : never) : never;

/** Rejects a value without a finite number of cases: a value without a case would fall through silently. */
export type Countable<T extends string | number | boolean> = [Endless<`${T}`>] extends [never]
  ? unknown
  : 'a value that can be any string or number needs an `otherwise`';
