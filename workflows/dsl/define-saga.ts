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
 * A saga is a workflow whose steps say how they are undone. When it fails or times out, the server starts its compensation, a workflow
 * that follows from the steps, is registered with the saga and has its version.
 *
 * 1. A step is undone if an attempt of it is COMPLETED; the last one's output is what its undo sees. A step that was not reached, was
 *    skipped, is optional and has failed, or whose worker reported a failure, is not.
 * 2. Undos run one after the other, the last step's first. One that fails after its retries does not hold up the others.
 * 3. A step that was with a worker when the execution ended (another branch failed, time ran out) or that timed out is in doubt: it may
 *    have happened, and it may still happen. Each step says what is done about it; by default it is reported.
 * 4. The compensation is COMPLETED only if nothing is left to undo or in doubt and what comes afterwards was done. Else it is FAILED, and
 *    its reason says what is left; restarting it goes through all of it again.
 * 5. A compensation can run again: restarted, or started anew because the saga's execution was retried and failed again. Each time, a
 *    worker's task in it has the same `idempotencyKey` and a request of an undo the same `Idempotency-Key`. Whatever else an undo does,
 *    such as a sub-workflow, has to bear a repetition by itself.
 * 6. An execution that was undone does not go on: where it is retried, its workers' tasks are refused. What the server executes, the tasks
 *    of a dynamic fork, and the one task that a rerun begins with are not, and a restart cannot be held back, as the server then forgets all
 *    it knew of the execution; its steps meet their old keys. Start a new execution instead.
 * 7. Nothing is undone when somebody terminates the execution, as the server starts no failure workflow then.
 */
export function defineSaga<I extends z.ZodObject, O extends z.ZodObject, V extends z.ZodObject | undefined = undefined>(
  spec: Omit<WorkflowSpec<I, O, V>, 'failureWorkflow' | 'verbatim'>,
): {
  /** @throws FleetError `config` if a step cannot be undone soundly where it stands */
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

/** What becomes of a step of which nobody knows whether it happened: told in the compensation's failure, or undone on suspicion. */
export type WhenInDoubt = 'report' | 'undo';

/** The output an undo sees; a step in doubt has left none. */
type Done<O, D extends WhenInDoubt> = [D] extends ['report'] ? Exclude<O, undefined> : O | undefined;

/** What a compensation knows of the failed execution. */
export type FailedExecution = Pick<z.output<typeof failureInput>, 'workflowId' | 'reason' | 'failureStatus'>;

/**
 * Adds the tasks that undo a step to the compensation. They see the saga's input, the step's own output and the failed execution, and
 * nothing else of the saga. Each is tried whatever became of those before; what branches or loops belongs into a sub-workflow.
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

/** The scope of a saga: every builder method of a workflow, and how what they add is undone. */
export class Saga<V = unknown> extends Scope<V> {
  readonly #notes: SagaNotes;

  constructor(build: Build, notes: SagaNotes) {
    super(build);
    this.#notes = notes;
  }

  /** A worker's task together with how it is undone. */
  step<I extends z.ZodType, O extends z.ZodType, F extends boolean = false, D extends WhenInDoubt = 'report'>(
    ref: string,
    contract: TaskContract<I, O>,
    input: Wired<z.input<I>>,
    { undo, whenInDoubt, ...placement }: QueuedPlacement<F> & UndoOptions<D> & { undo: UndoBranch<z.output<O>, D> },
  ): Step<Placed<z.output<O>, F>> {
    const step = this.task(ref, contract, input, placement as QueuedPlacement<F>); // what is left is exactly that
    this.#note(ref, undo, whenInDoubt);
    return step;
  }

  /**
   * How a step is undone that stands in a branch or is of another type: a request, a sub-workflow, a person's task.
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
   * What the compensation does when all undos have run, also if some have failed, and what its output is. Nobody starts a compensation by
   * hand: every field of `input` needs a default. `undone` tells whether a step was undone.
   */
  afterwards<A extends z.ZodObject, R extends z.ZodObject>(
    { input, output }: { input: A; output: R },
    build: (
      after: Scope,
      input: Refs<z.output<A> & FailedExecution>,
      undone: (step: { readonly ref: string }) => Ref<boolean>,
    ) => Wired<z.input<R>>,
  ): void {
    if (this.#notes.afterwards) throw this.build.mistake('`afterwards` is given twice.');
    const branch = (after: Scope, undone: (ref: string) => Ref<boolean>) =>
      build(after, refs('workflow.input'), ({ ref }) => {
        if (this.#notes.undos.has(ref)) return undone(ref);
        throw this.build.mistake(`"${ref}" has no undo, so nothing tells whether it was undone.`);
      });
    this.#notes.afterwards = { input, output, build: branch };
  }

  #note<O, D extends WhenInDoubt>(ref: string, undo: UndoBranch<O, D>, whenInDoubt: D | undefined): void {
    if (this.#notes.undos.has(ref)) throw this.build.mistake(`"${ref}" has two undos.`);
    this.#notes.undos.set(ref, {
      ref,
      inDoubt: whenInDoubt === 'undo',
      build: (scope) => undo(scope, refs(outputOf(ref)), refs('workflow.input')),
    });
  }
}

/** The server evaluates inputs anew for a retry, and this output is there once the failure workflow was started. */
function holdBackUndone(tasks: readonly WorkflowTask[]): void {
  for (const { task } of walk(tasks)) {
    if (task.type !== 'SIMPLE') continue;
    task.inputParameters = { ...task.inputParameters, [workerInputs.undoneBy]: UNDONE_BY };
  }
}

const UNDONE_BY = "${workflow.output['conductor.failure_workflow']}";
