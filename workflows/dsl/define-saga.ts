import type { z } from 'zod';
import type { WorkflowTask } from '../../core/conductor/types.ts';
import { workerInputs } from '../../core/content/worker-inputs.ts';
import type { TaskContract, Workflow } from '../../core/contract.ts';
import { walk } from '../model/walk.ts';
import { Build } from './build.ts';
import type { Placed, QueuedPlacement, Step } from './builder-types.ts';
import { assemble, type failureInput, type Variables, type WorkflowSpec } from './define-workflow.ts';
import { type Ref, type Refs, refs, type Wired } from './refs.ts';
import { compensationOf, outputOf, type SagaNotes } from './saga-compensation.ts';
import { Scope } from './scope.ts';

/**
 * Declares a saga: a workflow whose steps say how to undo them. If an execution of the saga fails or times out, the server starts its
 * compensation. The compensation is a workflow that is generated from the steps and registered with the saga, in the same version.
 *
 * 1. A step is undone if one of its attempts is COMPLETED. The undo reads the output of the last completed attempt. A step is not undone if
 *    the execution did not reach it, if it was skipped, if it is optional and failed, or if its worker reported a failure.
 * 2. Undos run one after the other, the last step first. If an undo fails after its retries, the next undo still runs.
 * 3. A step is in doubt if it timed out, or if a worker was still running it when the execution ended. An execution may end early because
 *    another branch fails or the time runs out. Its effect may have happened, or may still happen. Each step chooses what the compensation
 *    does then (`whenInDoubt`); by default, it reports the step.
 * 4. The compensation is COMPLETED only if no step is left to undo, no step is reported as in doubt, and `afterwards` has run. Otherwise it
 *    is FAILED, and its reason names the remaining steps. A restart runs the whole compensation again.
 * 5. A compensation can run several times: after a restart, or if the saga's execution is retried and fails again. Every run gives a
 *    worker's task the same `idempotencyKey` as before, and an HTTP request the same `Idempotency-Key`. Any other undo, such as a
 *    sub-workflow, must itself be safe to repeat.
 * 6. After a compensation, a retry of the saga's execution does not continue, because the workers refuse its tasks. This does not cover
 *    tasks that the server executes, tasks of a dynamic fork, and the first task of a rerun. A restart is not stopped either, because the
 *    server forgets what the execution did before. Its steps then have their old idempotency keys. Start a new execution instead.
 * 7. If a person or program terminates the execution, nothing is undone: the server then starts no failure workflow. If it terminates only
 *    a sub-workflow, or cancels a task, the compensation runs.
 */
export function defineSaga<I extends z.ZodObject, O extends z.ZodObject, V extends z.ZodObject | undefined = undefined>(
  spec: Omit<WorkflowSpec<I, O, V>, 'failureWorkflow' | 'verbatim'>,
): {
  /** @throws FleetError `config` if a step cannot be undone reliably, for example a step in a loop */
  build(build: (saga: Saga<Variables<V>>, input: Refs<z.output<I>>) => Wired<z.input<O>>): Workflow<I, O>;
} {
  return {
    build(build) {
      const shared = new Build(spec.name);
      const notes: SagaNotes = { undos: new Map(), afterwards: undefined };
      const saga = new Saga<Variables<V>>(shared, notes);
      const output = build(saga, refs('workflow.input'));
      const compensation = compensationOf(spec, shared, saga.tasks, notes);
      holdBackUndone(saga.tasks);
      const verbatim = { failureWorkflow: compensation.name, failureWorkflowVersion: compensation.version };
      return { ...assemble({ ...spec, verbatim }, shared, saga, output), companions: [compensation] };
    },
  };
}

/**
 * What the compensation does with a step in doubt. `report`: it fails and names the step. `undo`: it undoes the step in case its effect
 * happened.
 */
export type WhenInDoubt = 'report' | 'undo';

/** The output of the step, as its undo reads it. A step in doubt has no output. */
type Done<O, D extends WhenInDoubt> = [D] extends ['report'] ? Exclude<O, undefined> : O | undefined;

/** The facts about the failed execution that a compensation can read. */
export type FailedExecution = Pick<z.output<typeof failureInput>, 'workflowId' | 'reason' | 'failureStatus'>;

/**
 * Adds the tasks that undo a step to the compensation. These tasks can read only the saga's input, the step's output and the failed
 * execution. Each task runs even if an earlier task failed. Put branches and loops into a sub-workflow.
 */
export type UndoBranch<O, D extends WhenInDoubt = 'report'> = (
  undo: Scope,
  done: Refs<Done<O, D>>,
  failed: Refs<FailedExecution>,
) => unknown;

/** How a compensation treats a step. */
export interface UndoOptions<D extends WhenInDoubt> {
  /** Default: `report`. */
  whenInDoubt?: D;
}

/** The scope of a saga: the builder methods of a workflow, and methods that add undos. */
export class Saga<V = unknown> extends Scope<V> {
  readonly #notes: SagaNotes;

  constructor(build: Build, notes: SagaNotes) {
    super(build);
    this.#notes = notes;
  }

  /** Adds a worker's task and its undo. */
  step<I extends z.ZodType, O extends z.ZodType, F extends boolean = false, D extends WhenInDoubt = 'report'>(
    ref: string,
    contract: TaskContract<I, O>,
    input: Wired<z.input<I>>,
    { undo, whenInDoubt, ...placement }: QueuedPlacement<F> & UndoOptions<D> & { undo: UndoBranch<z.output<O>, D> },
  ): Step<Placed<z.output<O>, F>> {
    const step = this.task(ref, contract, input, placement as QueuedPlacement<F>); // without `whenInDoubt`, the options are the placement
    this.#note(ref, undo, whenInDoubt);
    return step;
  }

  /**
   * Adds an undo to a step in a branch, or to a step of another type, for example an HTTP request, a sub-workflow or a task for a person.
   * @returns the step
   * @example { true: (yes) => saga.undo(yes.task('wrap', wrapGift, { … }), (undo) => undo.task('unwrap', unwrapGift, { … })) }
   */
  undo<O, D extends WhenInDoubt = 'report'>(
    step: Step<O>,
    undo: UndoBranch<O, D>,
    { whenInDoubt }: UndoOptions<D> = {},
  ): Step<O> {
    this.#note(step.ref, undo, whenInDoubt);
    return step;
  }

  /**
   * Says what the compensation does after all undos have run, even if some failed, and defines its output. The server starts the
   * compensation without these fields of `input`, so each field needs a default. `undone` refers to whether a step was undone.
   */
  afterwards<A extends z.ZodObject, R extends z.ZodObject>(
    { input, output }: { input: A; output: R },
    build: (
      after: Scope,
      input: Refs<z.output<A> & FailedExecution>,
      undone: (step: { readonly ref: string }) => Ref<boolean>,
    ) => Wired<z.input<R>>,
  ): void {
    if (this.#notes.afterwards) throw this.build.mistake('`afterwards` is called twice. Call it once.');
    const branch = (after: Scope, undone: (ref: string) => Ref<boolean>) =>
      build(after, refs('workflow.input'), ({ ref }) => {
        if (this.#notes.undos.has(ref)) return undone(ref);
        throw this.build.mistake(
          `"${ref}" has no undo, so "undone" cannot tell whether it was undone. Add an undo to this step.`,
        );
      });
    this.#notes.afterwards = { input, output, build: branch };
  }

  #note<O, D extends WhenInDoubt>(ref: string, undo: UndoBranch<O, D>, whenInDoubt: D | undefined): void {
    if (this.#notes.undos.has(ref)) throw this.build.mistake(`"${ref}" has two undos. Remove one.`);
    this.#notes.undos.set(ref, {
      ref,
      inDoubt: whenInDoubt === 'undo',
      build: (scope) => undo(scope, refs(outputOf(ref)), refs('workflow.input')),
    });
  }
}

/**
 * Makes workers refuse a retry after a compensation. The server evaluates the inputs again for a retry, and this output exists once the
 * failure workflow has started.
 */
function holdBackUndone(tasks: readonly WorkflowTask[]): void {
  for (const { task } of walk(tasks)) {
    if (task.type !== 'SIMPLE') continue;
    task.inputParameters = { ...task.inputParameters, [workerInputs.undoneBy]: UNDONE_BY };
  }
}

const UNDONE_BY = "${workflow.output['conductor.failure_workflow']}";
