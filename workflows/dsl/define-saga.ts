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
 * A saga is a workflow whose steps say how to undo them. If the saga fails or times out, the server starts its compensation. This workflow
 * is generated from the steps and registered with the saga, in the same version.
 *
 * 1. A step is undone if one of its attempts is COMPLETED; the undo sees the output of the last completed attempt. A step is not undone if
 *    it was not reached, was skipped, is optional and failed, or if its worker reported a failure.
 * 2. Undos run one after the other, the last step first. If an undo fails after its retries, the next one still runs.
 * 3. A step is in doubt if a worker had it when the execution ended (another branch failed, time ran out), or if it timed out. Its effect
 *    may have happened, and may still happen. Each step says what is done then; by default the compensation reports it.
 * 4. The compensation is COMPLETED only if no step is left to undo or in doubt, and `afterwards` has run. Otherwise it is FAILED, and its
 *    reason says what is left. A restart runs all of it again.
 * 5. A compensation can run several times: after a restart, or if the saga's execution is retried and fails again. Each time, a worker's
 *    task in it has the same `idempotencyKey`, and an HTTP request the same `Idempotency-Key`. Any other undo, such as a sub-workflow,
 *    must tolerate the repetition itself.
 * 6. After a compensation, a retry of the execution does not continue: its workers' tasks are refused. This does not cover tasks that the
 *    server executes, tasks of a dynamic fork, and the first task of a rerun. A restart is not stopped either, because the server forgets
 *    the execution's past; its steps then find their old keys. Start a new execution instead.
 * 7. If someone terminates the execution, nothing is undone: the server then starts no failure workflow.
 */
export function defineSaga<I extends z.ZodObject, O extends z.ZodObject, V extends z.ZodObject | undefined = undefined>(
  spec: Omit<WorkflowSpec<I, O, V>, 'failureWorkflow' | 'verbatim'>,
): {
  /** @throws FleetError `config` if a step cannot be undone reliably in its place */
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

/** What the compensation does with a step in doubt: `report` fails and names it, `undo` undoes it in case it happened. */
export type WhenInDoubt = 'report' | 'undo';

/** The output that an undo sees. A step in doubt has none. */
type Done<O, D extends WhenInDoubt> = [D] extends ['report'] ? Exclude<O, undefined> : O | undefined;

/** What a compensation knows about the failed execution. */
export type FailedExecution = Pick<z.output<typeof failureInput>, 'workflowId' | 'reason' | 'failureStatus'>;

/**
 * Adds the tasks that undo a step to the compensation. They can read only the saga's input, the step's output and the failed execution.
 * Each task runs even if an earlier one failed. Put branches and loops into a sub-workflow.
 */
export type UndoBranch<O, D extends WhenInDoubt = 'report'> = (
  undo: Scope,
  done: Refs<Done<O, D>>,
  failed: Refs<FailedExecution>,
) => unknown;

export interface UndoOptions<D extends WhenInDoubt> {
  /** Default: `report`. */
  whenInDoubt?: D;
}

/** The scope of a saga: the builder methods of a workflow, with undos for the tasks they add. */
export class Saga<V = unknown> extends Scope<V> {
  readonly #notes: SagaNotes;

  constructor(build: Build, notes: SagaNotes) {
    super(build);
    this.#notes = notes;
  }

  /** A worker's task, with its undo. */
  step<I extends z.ZodType, O extends z.ZodType, F extends boolean = false, D extends WhenInDoubt = 'report'>(
    ref: string,
    contract: TaskContract<I, O>,
    input: Wired<z.input<I>>,
    { undo, whenInDoubt, ...placement }: QueuedPlacement<F> & UndoOptions<D> & { undo: UndoBranch<z.output<O>, D> },
  ): Step<Placed<z.output<O>, F>> {
    const step = this.task(ref, contract, input, placement as QueuedPlacement<F>); // the rest is exactly the placement
    this.#note(ref, undo, whenInDoubt);
    return step;
  }

  /**
   * Adds an undo to a step in a branch, or to a step of another type: a request, a sub-workflow, a person's task.
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
   * Says what the compensation does when all undos have run, even if some failed, and what its output is. The server starts the
   * compensation, so every field of `input` needs a default. `undone` tells whether a step was undone.
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
        throw this.build.mistake(`"${ref}" has no undo, so it cannot be known whether it was undone. Add one.`);
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

/** The server evaluates inputs again for a retry. This output exists once the failure workflow was started. */
function holdBackUndone(tasks: readonly WorkflowTask[]): void {
  for (const { task } of walk(tasks)) {
    if (task.type !== 'SIMPLE') continue;
    task.inputParameters = { ...task.inputParameters, [workerInputs.undoneBy]: UNDONE_BY };
  }
}

const UNDONE_BY = "${workflow.output['conductor.failure_workflow']}";
