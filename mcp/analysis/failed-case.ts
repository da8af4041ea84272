import { latestAttempts } from '../../core/conductor/execution-facts.ts';
import { isForWorkers, roleOf, type TaskRole } from '../../core/conductor/task-types.ts';
import type { Execution, Task } from '../../core/conductor/types.ts';
import { failedTaskOf } from './facts.ts';
import { classifyReason, type FailureClass, innermostReason } from './failure-reason.ts';
import {
  missingInputs,
  originOfMissing,
  secretsOf,
  type UnresolvedReference,
  unresolvedReferences,
} from './unresolved-references.ts';

/** A failed execution with all known facts about its cause. */
export interface FailedCase {
  /** The execution whose own task failed. */
  readonly execution: Execution;
  /** The outermost execution. A recovery starts this execution again. */
  readonly outermost: Execution;
  readonly task?: Task;
  readonly failure: FailureClass;
  readonly reason: string;
  readonly unresolved: readonly UnresolvedReference[];
  /** Workflow inputs that the caller did not give. */
  readonly missing: readonly string[];
  /** Inputs that a parent fails to pass to its sub-workflow. */
  readonly unpassed?: { readonly by: Execution; readonly inputs: readonly string[] };
  /** Names of the secrets that the task uses. */
  readonly secrets: readonly string[];
}

/** Tasks that the server evaluates without a worker. If they fail, the definition is the cause. */
const EVALUATED: readonly (TaskRole | undefined)[] = ['computation', 'choice', 'loop', 'event'];

/** Collects the known facts about the cause. `chain` leads from the outermost execution to `execution`. */
export function failedCaseOf(execution: Execution, chain: readonly Execution[]): FailedCase {
  const wholeReason = innermostReason(execution.reasonForIncompletion ?? '');
  const hasTimedOut = /^Workflow timed out/.test(wholeReason);
  const task = failedTaskOf(execution) ?? (hasTimedOut ? cancelledTask(execution) : undefined);
  const reason = task?.reasonForIncompletion ?? wholeReason;
  const unresolved = task ? unresolvedReferences(task) : [];
  const failure = refined(classifyReason(hasTimedOut ? wholeReason : reason), execution, task, unresolved);
  const known = {
    execution,
    outermost: chain[0] ?? execution,
    reason,
    unresolved,
    secrets: task ? secretsOf(task) : [],
    ...(task && { task }),
  };
  const lacking = failure.cause === 'bad-input' ? inputsMissing(execution, unresolved) : [];
  const origin = lacking.length > 0 ? originOfMissing(chain, lacking, failedTaskOf) : undefined;
  if (!origin) return { ...known, failure, missing: [] };
  const { inputs, execution: by, isCaller } = origin;
  if (isCaller) return { ...known, failure, missing: inputs };
  return { ...known, failure: { ...failure, cause: 'bad-definition' }, missing: [], unpassed: { by, inputs } };
}

/** Refines the class with facts that are not in the reason: unresolved references, secrets, a task that no worker polled. */
function refined(
  failure: FailureClass,
  execution: Execution,
  task: Task | undefined,
  unresolved: UnresolvedReference[],
): FailureClass {
  const { kind } = failure;
  if (kind === 'workflow-timeout' && task && isForWorkers(task) && task.pollCount === 0) {
    return { cause: 'no-worker', kind };
  }
  if (kind === 'denied' && task && secretsOf(task).length > 0) return { ...failure, cause: 'missing-configuration' };
  if (kind === 'said-so' && !(task && isForWorkers(task))) {
    if (!task || !EVALUATED.includes(roleOf(task.taskType))) return { cause: 'unknown', kind };
    return refined({ cause: 'bad-definition', kind: 'script' }, execution, task, unresolved);
  }
  const isAboutInput = ['nothing-given', 'script', 'input-refused'].includes(kind);
  if (!isAboutInput) return failure;
  const nothing = unresolved.length > 0 || (!task && kind === 'nothing-given');
  if (!nothing) return failure;
  const fromCaller = inputsMissing(execution, unresolved).length > 0;
  return { cause: fromCaller ? 'bad-input' : 'bad-definition', kind: 'nothing-given' };
}

/** The missing workflow inputs that the failed task refers to. Without an unresolved reference: all that any task refers to. */
function inputsMissing(execution: Execution, unresolved: readonly UnresolvedReference[]): string[] {
  if (unresolved.length === 0) return missingInputs(execution);
  const named = unresolved.flatMap(({ path }) => /^workflow\.input\.(.+)$/.exec(path)?.[1] ?? []);
  return [...new Set(named)];
}

/** The task that was open when the execution timed out. */
function cancelledTask({ tasks }: Execution): Task | undefined {
  const cancelled = latestAttempts(tasks).filter(({ status }) => status === 'CANCELED');
  return (
    cancelled.find((task) => isForWorkers(task)) ??
    cancelled.find(({ taskType }) => taskType !== 'JOIN') ??
    cancelled[0]
  );
}
