import { latestAttempts, runtimeOf } from '../../core/conductor/execution-facts.ts';
import { isContainer, isForWorkers } from '../../core/conductor/task-types.ts';
import { type Execution, isOpenTask, type Task } from '../../core/conductor/types.ts';
import { workerInputs } from '../../core/content/worker-inputs.ts';
import { isObject } from '../../core/json.ts';
import { count, duration } from '../../core/text.ts';
import { quote, quoteIfUnusual } from '../shared/quote.ts';
import { explainFailure } from './explain-failure.ts';
import { type Facts, failedTaskOf, hasFailed } from './facts.ts';
import { type FailedCase, failedCaseOf } from './failed-case.ts';
import { innermostReason } from './failure-reason.ts';
import { retry, showDefinition, showTask, startAgain } from './recovery-calls.ts';
import type { Advice, RootCause } from './root-cause.ts';

const SHOWN_REASON = 300;
const SHOWN_ATTEMPTS = 3;

/** Why an execution ended as it did. */
export function judgeEnded({ chain }: Facts, asked: Execution): RootCause {
  const execution = chain.at(-1) ?? asked;
  const found = causeOf(execution, chain);
  return chain.some(isUndone) ? { ...found, advice: withoutRetry(found.advice, chain[0] ?? execution) } : found;
}

function causeOf(execution: Execution, chain: readonly Execution[]): RootCause {
  if (execution.status === 'COMPLETED') return completed(execution);
  const ending = execution.tasks.find(({ taskType, status }) => taskType === 'TERMINATE' && status === 'COMPLETED');
  const outermost = chain[0] ?? execution;
  if (ending) return endedByItself(execution, ending, outermost);
  const task = failedTaskOf(execution);
  const retried = task && retriedBehind(task, execution);
  if (retried) return endedByEarlierAttempt(execution, task, retried, outermost);
  const early = joinBeforeRetry(execution);
  if (early) return endedBeforeRetry(execution, early);
  if (task?.status === 'CANCELED') return cancelled(execution, task, outermost);
  if (execution.status === 'TERMINATED') return terminated(execution, outermost);
  return failed(execution, chain);
}

function completed(execution: Execution): RootCause {
  const tolerated = latestAttempts(execution.tasks).filter(({ status }) => status === 'COMPLETED_WITH_ERRORS');
  const evidence = tolerated
    .slice(0, SHOWN_ATTEMPTS)
    .map((task) => `${name(task)} failed: ${shown(task.reasonForIncompletion)}`);
  const despite = tolerated.length > 0 ? `, although ${count(tolerated.length, 'optional task')} failed` : '';
  return { cause: 'none', sentence: `The execution completed${despite}.`, evidence, advice: [], execution };
}

function endedByItself(execution: Execution, task: Task, outermost: Execution): RootCause {
  const why = execution.reasonForIncompletion;
  return {
    cause: 'terminated',
    sentence: `Its own TERMINATE task ${name(task)} ended the execution as ${execution.status}${why ? `: ${shown(why)}` : ''}.`,
    evidence: tasksBefore(execution, task).map(lineOf),
    advice: [
      showTask(
        'The definition intends this end, so a retry would end in the same way. See what led to it',
        execution,
        task.referenceTaskName,
      ),
      startAgain('Start the workflow again with an input that takes another path', outermost),
    ],
    execution,
    task,
  };
}

function terminated(execution: Execution, outermost: Execution): RootCause {
  const canceled = latestAttempts(execution.tasks).filter(({ status }) => status === 'CANCELED');
  const { reasonForIncompletion: why, parentWorkflowId: parent } = execution;
  return {
    cause: 'terminated',
    sentence: `A call terminated the execution${why ? ` with the reason ${shown(why)}` : ' without a reason'}.`,
    evidence: [
      ...canceled.slice(0, SHOWN_ATTEMPTS).map((task) => `${name(task)} was cancelled.`),
      ...(parent ? [`Its parent is the execution ${quoteIfUnusual(parent)}.`] : []),
    ],
    advice: undoOfTermination(execution, outermost),
    execution,
  };
}

/** The execution ended because one of its tasks was cancelled. The server ends it as FAILED if other tasks follow the cancelled task. */
function cancelled(execution: Execution, task: Task, outermost: Execution): RootCause {
  const why = task.reasonForIncompletion;
  return {
    cause: 'terminated',
    sentence: `A worker or a call cancelled task ${name(task)}${why ? ` with the reason ${shown(why)}` : ''}, so the execution ended as ${execution.status}.`,
    evidence: [...attemptLines(execution, task), ...compensationLines(execution)],
    advice: undoOfTermination(execution, outermost),
    execution,
    task,
  };
}

/**
 * The task that the server was retrying when it ended the execution because of a JOIN or loop. It had seen the earlier attempt, and then
 * cancelled the new one.
 */
function retriedBehind(ended: Task, { tasks }: Execution): Task | undefined {
  const { taskType } = ended;
  if (!isContainer(taskType) || (hasFailed(ended) && taskType !== 'JOIN')) return undefined;
  const isNew = (task: Task) => task.retryCount > 0 && (task.status === 'CANCELED' || isOpenTask(task));
  return latestAttempts(tasks).find((task) => isNew(task) && !isContainer(task.taskType));
}

function endedByEarlierAttempt(execution: Execution, ended: Task, retried: Task, outermost: Execution): RootCause {
  const { joinOn } = ended.inputData;
  const isJoined = Array.isArray(joinOn) && joinOn.includes(retried.referenceTaskName);
  return {
    cause: isJoined ? 'bad-definition' : 'terminated',
    sentence: `While the server retried task ${name(retried)}, it still saw the earlier attempt and ended the execution as ${execution.status}.`,
    evidence: [...attemptLines(execution, retried), ...compensationLines(execution)],
    advice: [
      retry('The new attempts did not run, so retry the execution once more', execution),
      isJoined
        ? showDefinition('To prevent this, end each branch with a NOOP and let the JOIN wait for the NOOPs', execution)
        : startAgain('Or start the workflow again', outermost),
    ],
    execution,
    task: ended,
  };
}

/** A failed JOIN, and the failed attempt that it saw before the server could schedule the retry. */
interface EarlyJoin {
  join: Task;
  attempt: Task;
  retriesLeft: number;
}

/** If the retries of a task are used up, the task itself ends the execution, and the server cancels the JOIN. */
function joinBeforeRetry({ tasks }: Execution): EarlyJoin | undefined {
  const latest = latestAttempts(tasks);
  for (const join of latest.filter(({ taskType, status }) => taskType === 'JOIN' && status === 'FAILED')) {
    const { joinOn } = join.inputData;
    for (const attempt of latest) {
      const isSeen = Array.isArray(joinOn) && joinOn.includes(attempt.referenceTaskName);
      const retriesLeft = retriesOf(attempt) - attempt.retryCount;
      const isRetried = attempt.status === 'FAILED' || attempt.status === 'TIMED_OUT';
      if (isSeen && isRetried && retriesLeft > 0) return { join, attempt, retriesLeft };
    }
  }
  return undefined;
}

function endedBeforeRetry(execution: Execution, { join, attempt, retriesLeft }: EarlyJoin): RootCause {
  return {
    cause: 'bad-definition',
    sentence: `The JOIN ${name(join)} looked at task ${name(attempt)} between a failed attempt and its retry, and ended the execution as ${execution.status} although the task had ${retriesLeft} more of its retries.`,
    evidence: [...attemptLines(execution, attempt), ...compensationLines(execution)],
    advice: adviceAgainstEarlyJoin(execution),
    execution,
    task: attempt,
  };
}

function adviceAgainstEarlyJoin(execution: Execution): Advice[] {
  return [
    retry('The task was not tried again, so retry the execution', execution),
    showDefinition('To prevent this, end each branch with a NOOP and let the JOIN wait for the NOOPs', execution),
  ];
}

/** How many retries the task may have. */
function retriesOf({ workflowTask, taskDefinition }: Task): number {
  const own = isObject(workflowTask) ? workflowTask.retryCount : undefined;
  const retries = typeof own === 'number' && own >= 0 ? own : taskDefinition?.retryCount;
  return typeof retries === 'number' ? retries : 0;
}

function undoOfTermination(execution: Execution, outermost: Execution): Advice[] {
  return [
    retry('If that was a mistake, retry the cancelled tasks', execution),
    startAgain('Or start the workflow again', outermost),
  ];
}

function failed(execution: Execution, chain: readonly Execution[]): RootCause {
  const found = failedCaseOf(execution, chain);
  const { failure, task } = found;
  const { sentence, advice } = explainFailure(found);
  return {
    cause: failure.cause,
    sentence,
    advice,
    evidence: evidenceOf(found),
    execution,
    ...(task && { task }),
  };
}

/** True if compensation has undone the work of the execution. The workers of its tasks then refuse a retry. */
function isUndone({ tasks, output }: Execution): boolean {
  const isSaga = tasks.some(({ inputData }) => workerInputs.undoneBy in inputData);
  return isSaga && failureWorkflowOf(output) !== undefined;
}

/** Replaces a retry, and an advice to start again, by one advice to start again. */
function withoutRetry(advice: readonly Advice[], outermost: Execution): Advice[] {
  const instead = startAgain(
    'Compensation undid the work, so workers refuse a retry. When the cause is fixed, start the workflow again',
    outermost,
  );
  if (!advice.some(({ call }) => call?.tool === 'retry_workflow')) return [...advice];
  const replaced = ['retry_workflow', instead.call?.tool];
  return [...advice.filter(({ call }) => !replaced.includes(call?.tool)), instead];
}

/** The id of the failure workflow. If the server could not start it, the execution's output holds a sentence instead of the id. */
function failureWorkflowOf(output: Execution['output']): string | undefined {
  const id = output['conductor.failure_workflow'];
  return typeof id === 'string' && /^[0-9a-f-]{36}$/.test(id) ? id : undefined;
}

function evidenceOf({ execution, task, reason, unresolved, secrets }: FailedCase): string[] {
  return [
    ...(task ? attemptLines(execution, task) : [`${execution.status}: ${shown(reason)}`]),
    ...(task && !task.reasonForIncompletion && reason ? [shown(reason)] : []),
    ...unresolved
      .slice(0, SHOWN_ATTEMPTS)
      .map(({ parameter, path }) => `${quoteIfUnusual(parameter)} was null: ${quote(`\${${path}}`)} found nothing.`),
    ...secrets.map((secret) => `The task uses the secret ${quoteIfUnusual(secret)}.`),
    ...compensationLines(execution),
  ];
}

function compensationLines(execution: Execution): string[] {
  const id = failureWorkflowOf(execution.output);
  if (id !== undefined) {
    const known = isUndone(execution)
      ? ' It undid the work.'
      : ' If it undid the work, start the workflow again instead of retrying.';
    return [`The failure workflow ran as execution ${id}.${known}`];
  }
  const why = execution.output['conductor.failure_workflow'];
  return typeof why === 'string' ? [`The failure workflow did not start: ${shown(why)}`] : [];
}

/** The attempts of a task. Attempts that failed with the same reason share a line. */
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
    const which = numbers.length > 1 ? `attempts ${rangeOf(numbers)}` : `attempt ${numbers[0]}`;
    const took = duration(Math.max(...all.map((task) => runtimeOf(task, task.endTime))));
    const by = isForWorkers(first) && first.workerId ? ` by worker ${quoteIfUnusual(first.workerId)}` : '';
    return `${which}${by}: ${first.status} after ${took}${first.reasonForIncompletion ? `: ${shown(first.reasonForIncompletion)}` : ''}`;
  });
  return lines.slice(-SHOWN_ATTEMPTS);
}

/** `1 to 3`, or `1, 3` if an attempt between them ended in another way. */
function rangeOf(numbers: readonly number[]): string {
  const [first = 0] = numbers;
  const isWhole = numbers.every((number, index) => number === first + index);
  return isWhole ? `${first} to ${numbers.at(-1)}` : numbers.join(', ');
}

/** The last tasks that ran before `task`. */
function tasksBefore({ tasks }: Execution, { seq }: Task): Task[] {
  return latestAttempts(tasks)
    .filter((task) => task.seq < seq)
    .slice(-SHOWN_ATTEMPTS);
}

function lineOf(task: Task): string {
  const selected = task.outputData.selectedCase ?? task.outputData.evaluationResult;
  return `before it: ${name(task)} (${quoteIfUnusual(task.taskType)}) ${task.status}${selected === undefined ? '' : `, chose ${quote(JSON.stringify(selected), 100)}`}`;
}

const name = (task: Task) => quoteIfUnusual(task.referenceTaskName);
const shown = (text: string | null | undefined) =>
  text ? quote(innermostReason(text), SHOWN_REASON) : 'without a reason';
