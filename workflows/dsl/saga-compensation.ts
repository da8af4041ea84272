import { z } from 'zod';
import type { WorkflowTask } from '../../core/conductor/types.ts';
import { workerInputs } from '../../core/content/worker-inputs.ts';
import type { Workflow } from '../../core/contract.ts';
import { type Place, walk } from '../model/walk.ts';
import type { Build } from './build.ts';
import { defineWorkflow, failureInput } from './define-workflow.ts';
import { type Ref, type Refs, refs, type Wired } from './refs.ts';
import { checkContracts, checkReferences, checkSteps, checkTasks, checkWhole } from './saga-checks.ts';
import type { Scope } from './scope.ts';

/** How one step is undone. */
export interface Undo {
  /** The reference of the step. */
  readonly ref: string;
  /** True if the step is also undone when it is in doubt. */
  readonly inDoubt: boolean;
  build(scope: Scope): unknown;
}

/** What a compensation does after all undos. */
export interface Afterwards {
  readonly input: z.ZodObject;
  readonly output: z.ZodObject;
  build(scope: Scope, undone: (ref: string) => Ref<boolean>): unknown;
}

/** The undos of a saga, collected while it is built. */
export interface SagaNotes {
  /** The undos, by the references of their steps. */
  readonly undos: Map<string, Undo>;
  afterwards: Afterwards | undefined;
}

interface SagaHead {
  readonly name: string;
  readonly version: number;
  readonly input: z.ZodObject;
}

/** The path at which the compensation finds the output of a step that had succeeded. */
export function outputOf(step: string): string {
  return `what_succeeded.output.result.${step}.output`;
}

/** The default for `afterwards`. The output names the failed execution and the undone steps, the last step first. */
const plainly: Afterwards = {
  input: z.object({}),
  output: z.object({ failedWorkflowId: z.string(), undone: z.array(z.string()) }),
  build: () => ({ failedWorkflowId: failed.workflowId, undone: refs('what_was_undone.output.result.undone') }),
};

const failed = refs<z.output<typeof failureInput>>('workflow.input');

/**
 * Generates the workflow that undoes the steps of a failed saga. It finds which steps had succeeded and runs one SWITCH per step, the
 * last step first. Then it lists the undone steps and runs `afterwards`. It ends as FAILED if a step could not be undone.
 */
export function compensationOf(
  saga: SagaHead,
  build: Build,
  tasks: readonly WorkflowTask[],
  { undos, afterwards = plainly }: SagaNotes,
): Workflow {
  const steps = checkSteps(build, tasks, [...undos.values()]).reverse();
  checkWhole(build, saga.input, afterwards.input);
  const spec = {
    name: `${saga.name}Compensation`,
    version: saga.version,
    description: `Undoes the succeeded steps of a failed ${saga.name}, the last step first.`,
    input: z.object({ ...failureInput.shape, ...saga.input.shape, ...afterwards.input.shape }) as z.ZodObject,
    output: afterwards.output,
  };
  const workflow = defineWorkflow(spec).build((wf) => {
    const known = whatSucceeded(wf, steps);
    const undoing = steps.map((step) => ({ step, tasks: undo(wf, known, step) }));
    for (const { step, tasks } of undoing) checkTasks(build, step.ref, tasks);
    const undone = whatWasUndone(wf, known, undoing);
    const output = afterwards.build(wf, (ref) => undone.by[ref] as Ref<boolean>); // `by` has an entry for each step
    wf.switch('all_undone', undone.complete, {
      true: () => {},
      false: (no) => no.terminate('not_all_undone', 'FAILED', undone.left, output as Record<string, unknown>),
    });
    checkReferences(build, wf.tasks, output);
    for (const place of walk(wf.tasks)) keepKey(place);
    return output as Wired<Record<string, unknown>>; // the types of `afterwards` check it
  });
  checkContracts(build, workflow.tasks);
  return workflow;
}

type SucceededSteps = Refs<Record<string, { undo: boolean; inDoubt: boolean }>>;

/** Finds which steps had succeeded or are in doubt. Each attempt is one row in `failed.tasks`. */
function whatSucceeded(wf: Scope, steps: readonly Undo[]): SucceededSteps {
  const known = wf.jq('what_succeeded', {
    inputs: { failed: failed.failedWorkflow, steps: steps.map(({ ref, inDoubt }) => ({ ref, inDoubt })) },
    query: `
      .failed.tasks as $tasks
      | reduce .steps[] as $step ({};
          [$tasks[] | select(.referenceTaskName == $step.ref)] as $rows
          | [$rows[] | select(.status == "COMPLETED")] as $done
          | any($rows[]; .startTime > 0 and (.status == "CANCELED" or .status == "TIMED_OUT")) as $may
          | (($done | length) == 0 and $may) as $doubt
          | . + { ($step.ref): {
              undo: (($done | length) > 0 or ($doubt and $step.inDoubt)),
              inDoubt: ($doubt and ($step.inDoubt | not)),
              output: ($done[-1] | .outputData) } })`,
    output: z.record(z.string(), z.object({ undo: z.boolean(), inDoubt: z.boolean() })),
  });
  return known.output.result;
}

function ofStep(known: SucceededSteps, ref: string): SucceededSteps[string] {
  return known[ref] as SucceededSteps[string]; // the query makes an entry for each step
}

/** Adds the undo of a step and returns its tasks. The tasks are optional, so the next undo runs even if one of them fails. */
function undo(wf: Scope, known: SucceededSteps, step: Undo): WorkflowTask[] {
  let tasks: WorkflowTask[] = [];
  wf.switch(`undo_${step.ref}`, ofStep(known, step.ref).undo, {
    true: (scope) => {
      step.build(scope);
      tasks = scope.tasks;
    },
    false: () => {},
  });
  for (const task of tasks) task.optional = true;
  return tasks;
}

interface Undone {
  /** Whether each step was undone, by its reference. */
  by: Record<string, boolean>;
  undone: string[];
  complete: boolean;
  /** The steps that need a restart or work by hand, as sentences. */
  left: string;
}

function whatWasUndone(
  wf: Scope,
  known: SucceededSteps,
  undoing: readonly { step: Undo; tasks: readonly WorkflowTask[] }[],
): Refs<Undone> {
  const steps = undoing.map(({ step: { ref }, tasks }) => ({
    ref,
    undo: ofStep(known, ref).undo,
    inDoubt: ofStep(known, ref).inDoubt,
    tasks: tasks.map(({ taskReferenceName: task }) => ({
      ref: task,
      status: refs(`${task}.status`),
      reason: refs(`${task}.reasonForIncompletion`),
    })),
  }));
  const undone = wf.jq('what_was_undone', {
    inputs: { steps },
    query: `
      [ .steps[] | . as $step
        | [.tasks[] | select($step.undo and .status != "COMPLETED")] as $failed
        | { ref, inDoubt, undone: (.undo and ($failed | length) == 0),
            failed: [$failed[] | "\\(.ref) failed: \\(.reason // .status)"] } ] as $steps
      | { by: (reduce $steps[] as $step ({}; . + { ($step.ref): $step.undone })),
          undone: [$steps[] | select(.undone) | .ref],
          left: ([ $steps[]
              | if .inDoubt then "\\(.ref) may have happened, as it was under way when the execution ended: look, and undo it by hand"
                elif (.failed | length) > 0 then "\\(.ref) is not undone, \\(.failed | join(", ")); restart this when it can succeed, or undo it by hand"
                else empty end ] | join(". ")) }
      | . + { complete: (.left == "") }`,
    output: z.custom<Undone>(),
  });
  return undone.output.result;
}

/** Makes the idempotency key of a task the same in every run of this compensation, so that a second run repeats no effect. */
function keepKey({ task, within }: Place): void {
  const scope = `${failed.workflowId}:undo`;
  if (task.type === 'SIMPLE') {
    task.inputParameters = { ...task.inputParameters, [workerInputs.idempotencyScope]: scope };
  }
  // In a loop, each round has its own effect, but a key that is written here would be the same for all rounds.
  const isOnce = task.type === 'HTTP' && within.every(({ kind }) => kind !== 'loop');
  const request = isOnce ? task.inputParameters?.http_request : undefined;
  if (typeof request !== 'object' || request === null) return;
  const headers: Record<string, unknown> = 'headers' in request ? { ...(request.headers as object) } : {};
  if (Object.keys(headers).some((name) => name.toLowerCase() === 'idempotency-key')) return;
  headers['Idempotency-Key'] = `${scope}:${task.taskReferenceName}`;
  task.inputParameters = { ...task.inputParameters, http_request: { ...request, headers } };
}
