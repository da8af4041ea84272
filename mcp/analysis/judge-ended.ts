import { latestAttempts, runtimeOf } from '../../core/conductor/execution-facts.ts';
import { isForWorkers, roleOf, type TaskRole } from '../../core/conductor/task-types.ts';
import type { Execution, Task } from '../../core/conductor/types.ts';
import { workerInputs } from '../../core/content/worker-inputs.ts';
import { count, duration } from '../../core/text.ts';
import { quote, word } from '../shared/quote.ts';
import { explainFailure, type FailedCase } from './explain-failure.ts';
import { type Facts, failedTaskOf } from './facts.ts';
import { classifyReason, type FailureClass, innermostReason } from './failure-reason.ts';
import { retry, runAgain, showTask } from './recovery-calls.ts';
import type { Advice, RootCause } from './root-cause.ts';
import {
  missingInputs,
  originOfMissing,
  secretsOf,
  type UnresolvedReference,
  unresolvedReferences,
} from './unresolved-references.ts';

const SHOWN_REASON = 300;
const SHOWN_ATTEMPTS = 3;

/** Tasks that fail because of what the definition says: the server evaluates it, and no worker is involved. */
const EVALUATED: readonly (TaskRole | undefined)[] = ['computation', 'choice', 'loop', 'event'];

/** Why an ended execution ended as it did. */
export function judgeEnded({ chain }: Facts, asked: Execution): RootCause {
  const execution = chain.at(-1) ?? asked;
  if (execution.status === 'COMPLETED') return completed(execution);
  const ending = execution.tasks.find(({ taskType, status }) => taskType === 'TERMINATE' && status === 'COMPLETED');
  const top = chain[0] ?? execution;
  if (ending) return endedByItself(execution, ending, top);
  if (execution.status === 'TERMINATED') return terminated(execution, top);
  return failed(execution, chain);
}

function completed(execution: Execution): RootCause {
  const tolerated = latestAttempts(execution.tasks).filter(({ status }) => status === 'COMPLETED_WITH_ERRORS');
  const evidence = tolerated
    .slice(0, SHOWN_ATTEMPTS)
    .map((task) => `${name(task)} failed: ${shown(task.reasonForIncompletion)}`);
  const despite = tolerated.length > 0 ? `, although ${count(tolerated.length, 'optional task')} of it failed` : '';
  return { cause: 'none', sentence: `It completed${despite}.`, evidence, advice: [], execution };
}

function endedByItself(execution: Execution, task: Task, top: Execution): RootCause {
  const why = execution.reasonForIncompletion;
  return {
    cause: 'terminated',
    sentence: `Its own TERMINATE task ${name(task)} ended it as ${execution.status}${why ? `: ${shown(why)}` : ''}.`,
    evidence: before(execution, task).map(lineOf),
    advice: [
      showTask(
        'This end is meant by its definition, so a retry ends the same; see what led there',
        execution,
        task.referenceTaskName,
      ),
      runAgain('Run it with an input that leads elsewhere', top),
    ],
    execution,
    task,
  };
}

function terminated(execution: Execution, top: Execution): RootCause {
  const canceled = latestAttempts(execution.tasks).filter(({ status }) => status === 'CANCELED');
  const { reasonForIncompletion: why, parentWorkflowId: parent } = execution;
  const advice: Advice[] = [
    retry('If it was ended by mistake, go on with what was cancelled', execution),
    runAgain('Or run it anew', top),
  ];
  return {
    cause: 'terminated',
    sentence: `Somebody terminated it${why ? ` with the reason ${shown(why)}` : ' without a reason'}.`,
    evidence: [
      ...canceled.slice(0, SHOWN_ATTEMPTS).map((task) => `${name(task)} was cancelled.`),
      ...(parent ? [`It is a sub-workflow of ${word(parent)}.`] : []),
    ],
    advice,
    execution,
  };
}

function failed(execution: Execution, chain: readonly Execution[]): RootCause {
  const reasonOfAll = innermostReason(execution.reasonForIncompletion ?? '');
  const task =
    failedTaskOf(execution) ?? (/^Workflow timed out/.test(reasonOfAll) ? cancelledBy(execution) : undefined);
  const reason = task?.reasonForIncompletion ?? reasonOfAll;
  const unresolved = task ? unresolvedReferences(task) : [];
  const failure = refined(
    classifyReason(task && /^Workflow timed out/.test(reasonOfAll) ? reasonOfAll : reason),
    execution,
    task,
    unresolved,
  );
  const lacking = failure.cause === 'bad-input' ? inputsMissing(execution, unresolved) : [];
  const from = lacking.length > 0 ? originOfMissing(chain, lacking, failedTaskOf) : undefined;
  const isCaller = from?.isCaller !== false;
  const found: FailedCase = {
    execution,
    asked: chain[0] ?? execution,
    failure: isCaller ? failure : { ...failure, cause: 'bad-definition' },
    reason,
    unresolved,
    missing: isCaller ? (from?.inputs ?? []) : [],
    ...(from && !isCaller && { unpassed: { by: from.execution, inputs: from.inputs } }),
    secrets: task ? secretsOf(task) : [],
    ...(task && { task }),
  };
  const { sentence, advice } = explainFailure(found);
  return {
    cause: found.failure.cause,
    sentence,
    advice: chain.some(isUndone) ? advice.map((step) => withoutRetry(step, found.asked)) : advice,
    evidence: evidenceOf(found),
    execution,
    ...(task && { task }),
  };
}

/** Its compensation has undone what it did; workers refuse what a retry would hand them. */
function isUndone({ tasks, output }: Execution): boolean {
  const isSaga = tasks.some(({ inputData }) => workerInputs.undoneBy in inputData);
  return isSaga && failureWorkflowOf(output) !== undefined;
}

function withoutRetry(step: Advice, asked: Execution): Advice {
  if (step.call?.tool !== 'retry_workflow') return step;
  return runAgain('Its work was undone, so a retry is refused; when the cause is mended, run it anew', asked);
}

/** The id of the failure workflow; the server writes a sentence in its place where it could not start one. */
function failureWorkflowOf(output: Execution['output']): string | undefined {
  const id = output['conductor.failure_workflow'];
  return typeof id === 'string' && /^[0-9a-f-]{36}$/.test(id) ? id : undefined;
}

/** What the reason alone does not tell: references that found nothing, credentials, a worker that never came. */
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
    const byType: FailureClass = { cause: 'bad-definition', kind: 'script' };
    if (!task || !EVALUATED.includes(roleOf(task.taskType))) return { cause: 'unknown', kind };
    return refined(byType, execution, task, unresolved);
  }
  const isAboutInput = ['nothing-given', 'script', 'input-refused'].includes(kind);
  if (!isAboutInput) return failure;
  const nothing = unresolved.length > 0 || (!task && kind === 'nothing-given');
  if (!nothing) return failure;
  const fromCaller = inputsMissing(execution, unresolved).length > 0;
  return { cause: fromCaller ? 'bad-input' : 'bad-definition', kind: 'nothing-given' };
}

/** Inputs of the workflow that were not given and that the failed task, or where it is unknown any task, refers to. */
function inputsMissing(execution: Execution, unresolved: readonly UnresolvedReference[]): string[] {
  if (unresolved.length === 0) return missingInputs(execution);
  const named = unresolved.flatMap(({ path }) => /^workflow\.input\.(.+)$/.exec(path)?.[1] ?? []);
  return [...new Set(named)];
}

/** The task that was open when the whole execution timed out. */
function cancelledBy({ tasks }: Execution): Task | undefined {
  const cancelled = latestAttempts(tasks).filter(({ status }) => status === 'CANCELED');
  return (
    cancelled.find((task) => isForWorkers(task)) ??
    cancelled.find(({ taskType }) => taskType !== 'JOIN') ??
    cancelled[0]
  );
}

function evidenceOf({ execution, task, reason, unresolved, secrets }: FailedCase): string[] {
  return [
    ...(task ? attemptLines(execution, task) : [`${execution.status}: ${shown(reason)}`]),
    ...(task && !task.reasonForIncompletion && reason ? [shown(reason)] : []),
    ...unresolved
      .slice(0, SHOWN_ATTEMPTS)
      .map(({ parameter, path }) => `${word(parameter)} was null: ${quote(`\${${path}}`)} found nothing.`),
    ...secrets.map((secret) => `It uses the secret ${word(secret)}.`),
    ...compensationLines(execution),
  ];
}

function compensationLines(execution: Execution): string[] {
  const id = failureWorkflowOf(execution.output);
  if (id !== undefined) {
    const known = isUndone(execution)
      ? ' It undid the work.'
      : ' If that undid its work, run it anew instead of a retry.';
    return [`Its failure workflow ran as ${id}.${known}`];
  }
  const why = execution.output['conductor.failure_workflow'];
  return typeof why === 'string' ? [`Its failure workflow did not start: ${shown(why)}`] : [];
}

/** The attempts of a task; those that failed alike in one line. */
function attemptLines({ tasks }: Execution, { referenceTaskName: ref }: Task): string[] {
  const attempts = tasks.filter((task) => task.referenceTaskName === ref).sort((a, b) => a.seq - b.seq);
  const alike = new Map<string, Task[]>();
  for (const task of attempts) {
    const key = `${task.status} ${task.reasonForIncompletion}`;
    alike.set(key, [...(alike.get(key) ?? []), task]);
  }
  const lines = [...alike.values()].map(([first, ...more]) => {
    if (!first) return '';
    const all = [first, ...more];
    const numbers = all.map(({ retryCount }) => retryCount + 1);
    const which = numbers.length > 1 ? `attempts ${numbers[0]} to ${numbers.at(-1)}` : `attempt ${numbers[0]}`;
    const took = duration(Math.max(...all.map((task) => runtimeOf(task, task.endTime))));
    const by = isForWorkers(first) && first.workerId ? ` by worker ${word(first.workerId)}` : '';
    return `${which}${by}: ${first.status} after ${took}${first.reasonForIncompletion ? `: ${shown(first.reasonForIncompletion)}` : ''}`;
  });
  return lines.slice(-SHOWN_ATTEMPTS);
}

/** The tasks just before one, which led to it. */
function before({ tasks }: Execution, { seq }: Task): Task[] {
  return latestAttempts(tasks)
    .filter((task) => task.seq < seq)
    .slice(-SHOWN_ATTEMPTS);
}

function lineOf(task: Task): string {
  const selected = task.outputData.selectedCase ?? task.outputData.evaluationResult;
  return `before it: ${name(task)} (${word(task.taskType)}) ${task.status}${selected === undefined ? '' : `, chose ${quote(JSON.stringify(selected), 100)}`}`;
}

const name = (task: Task) => word(task.referenceTaskName);
const shown = (text: string | null | undefined) =>
  text ? quote(innermostReason(text), SHOWN_REASON) : 'without a reason';
