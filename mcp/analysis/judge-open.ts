import { isForWorkers, roleOf } from '../../core/conductor/task-types.ts';
import type { Execution, Task } from '../../core/conductor/types.ts';
import { isObject } from '../../core/json.ts';
import { clip, count, duration, instant } from '../../core/text.ts';
import { type Standstill, standstillOf } from '../../workflows/model/standstill.ts';
import { quote, quoteIfUnusual } from '../shared/quote.ts';
import { type Facts, type OpenPoint, queueOf } from './facts.ts';
import { judgeQueued, judgeTaken, taskLabel as name } from './judge-worker-task.ts';
import * as recovery from './recovery-calls.ts';
import type { Cause, RootCause } from './root-cause.ts';

/** The server finishes a task that it executes itself within this time, unless the task's own limits are longer. */
const SERVER_TASK_MS = 120_000;
/** The `callbackAfterSeconds` that the server gives a WAIT task without an end time. */
const NO_TIMER = 2_147_483_647;
const SHOWN_POINTS = 5;

/** The order of severity: errors first, then slow tasks, then intended waits. */
const GRAVEST: readonly Cause[] = ['stuck', 'bad-definition', 'no-worker', 'paused', 'limit', 'waiting', 'in-progress'];

/** What an open execution waits for. */
export function judgeOpen(facts: Facts): RootCause {
  const found = facts.openPoints.map((point) => judgePoint(point, facts));
  const [first, ...others] = found.sort((a, b) => GRAVEST.indexOf(a.cause) - GRAVEST.indexOf(b.cause));
  if (!first) return betweenTasks({ execution: facts.asked }, facts.now);
  const more = others.slice(0, SHOWN_POINTS).map(({ cause, sentence }) => `Also ${cause}: ${sentence}`);
  const hidden = others.length - more.length;
  return {
    ...first,
    evidence: [...first.evidence, ...more, ...(hidden > 0 ? [`And ${count(hidden, 'more open task')}.`] : [])],
  };
}

function judgePoint(point: OpenPoint, { queues, now }: Facts): RootCause {
  const { execution, task } = point;
  if (execution.status === 'PAUSED') return paused(point);
  if (!task || isIdleLoop(point, now)) return betweenTasks(point, now);
  if (task.taskType === 'HUMAN') return waitsForPerson(execution, task);
  if (task.taskType === 'WAIT') return waitsForSignalOrTimer(execution, task, now);
  if (task.status === 'SCHEDULED' && nextAttemptAt(task) > now) return waitsForAttempt(execution, task);
  if (isForWorkers(task)) {
    return task.status === 'SCHEDULED'
      ? judgeQueued(execution, task, queues[queueOf(task)], now)
      : judgeTaken(execution, task, now);
  }
  return serverTask(execution, task, now);
}

function paused({ execution, task }: OpenPoint): RootCause {
  return {
    cause: 'paused',
    sentence:
      'A call paused the execution. Tasks that are already queued may still run, but the server schedules no new tasks.',
    evidence: task ? [`The execution has reached ${name(task)} (${task.status}).`] : [],
    advice: [recovery.resume('Resume it', execution)],
    execution,
    ...(task && { task }),
  };
}

/** True for a loop that the server cannot continue, because it cannot schedule the next task inside. */
function isIdleLoop({ execution, task }: OpenPoint, now: number): boolean {
  return task !== undefined && roleOf(task.taskType) === 'loop' && (standstillOf(execution, now)?.isFinal ?? false);
}

/** Judges an execution that has no open task, or only a loop without an open task in it. */
function betweenTasks({ execution }: OpenPoint, now: number): RootCause {
  const still = standstillOf(execution, now);
  if (still?.isFinal) return judgeStandstill(execution, still);
  return {
    cause: 'in-progress',
    sentence: 'The execution has no open task: the server is about to schedule the next one.',
    evidence: [],
    advice: [recovery.follow('Look again later', execution.workflowId)],
    execution,
  };
}

function judgeStandstill(execution: Execution, { since, next, nullName }: Standstill): RootCause {
  const task = next ? `task ${quoteIfUnusual(next.taskReferenceName)} (${quoteIfUnusual(next.type)})` : 'the next task';
  const isInput = nullName?.startsWith('${workflow.input.') ?? false;
  const why = nullName
    ? `because the name of its workflow, ${quote(nullName)}, is null`
    : 'and only its log says why: an expression may have a value that the task cannot use';
  const end = recovery.terminate('End it', execution, 'the server cannot schedule its next task');
  const again = isInput
    ? recovery.startAgain('Then start it again with the missing input', execution)
    : recovery.showDefinition('Then correct the definition and start it again', execution);
  return {
    cause: isInput ? 'bad-input' : nullName ? 'bad-definition' : 'stuck',
    sentence: `Nothing is open, and nothing will happen: the server cannot schedule ${task}, ${why}.`,
    evidence: [`The last task ended at ${instant(since)}.`],
    advice: [end, again],
    execution,
  };
}

function waitsForPerson(execution: Execution, task: Task): RootCause {
  return {
    cause: 'waiting',
    sentence: `The execution has waited for a person at ${name(task)} since ${instant(task.startTime || task.scheduledTime)}. The definition intends this.`,
    evidence: [`The task asks about: ${clip(JSON.stringify(task.inputData), 300)}`],
    advice: [
      recovery.listApprovals(
        'See what the person must decide, ask them, and pass their decision to decide_approval',
        execution,
      ),
    ],
    execution,
    task,
  };
}

function waitsForSignalOrTimer(execution: Execution, task: Task, now: number): RootCause {
  const since = instant(task.startTime || task.scheduledTime);
  if (task.callbackAfterSeconds >= NO_TIMER || task.callbackAfterSeconds === 0) {
    return {
      cause: 'waiting',
      sentence: `The execution has waited at ${name(task)} for a signal from outside since ${since}. The definition intends this.`,
      evidence: [],
      advice: [
        recovery.signal(
          'If the expected event has happened, send the signal with the output that the workflow needs',
          execution,
          task.referenceTaskName,
        ),
      ],
      execution,
      task,
    };
  }
  const endsAt = task.startTime + task.callbackAfterSeconds * 1000;
  const when =
    endsAt > now
      ? `ends in ${duration(endsAt - now)}, at ${instant(endsAt)}`
      : `ended at ${instant(endsAt)}, so the server is about to continue`;
  return {
    cause: 'waiting',
    sentence: `The execution waits at ${name(task)} for a timer that ${when}. The definition intends this.`,
    evidence: [],
    advice: [recovery.follow('The execution continues by itself. Follow it', execution.workflowId)],
    execution,
    task,
  };
}

function waitsForAttempt(execution: Execution, task: Task): RootCause {
  const { reasonForIncompletion: why, retryCount, pollCount } = task;
  const isRetry = retryCount > 0 && pollCount === 0;
  return {
    cause: 'waiting',
    sentence: isRetry
      ? `${name(task, true)} failed, and the server retries it at ${instant(nextAttemptAt(task))} (attempt ${retryCount + 1}${mostAttempts(task)}).`
      : `A worker handed ${name(task)} back. Workers can take it again from ${instant(nextAttemptAt(task))}.`,
    evidence: isRetry && why ? [`attempt ${retryCount}: ${quote(why, 300)}`] : [],
    advice: [
      recovery.follow(
        'The execution continues by itself, but the task fails again if the cause is not fixed by then. Follow it',
        execution.workflowId,
      ),
    ],
    execution,
    task,
  };
}

/** When workers can get the task again, epoch milliseconds. */
function nextAttemptAt({ scheduledTime, updateTime, callbackAfterSeconds }: Task): number {
  return (updateTime || scheduledTime) + callbackAfterSeconds * 1000;
}

/** A task that the server executes itself. If the server crashes meanwhile, it leaves the task open for an hour. */
function serverTask(execution: Execution, task: Task, now: number): RootCause {
  const began = task.status === 'SCHEDULED' ? task.updateTime || task.startTime : 0;
  const allowed = Math.max(SERVER_TASK_MS, httpLimitMs(task) * 2);
  const waited = now - task.scheduledTime;
  const isJoin = roleOf(task.taskType) === 'join';
  const lost =
    task.startTime > 0 && began > 0 ? now - began > allowed : isJoin && waited > allowed && isJoinable(execution, task);
  if (!lost) {
    const begun = task.startTime > 0 && task.status === 'SCHEDULED';
    const type = quoteIfUnusual(task.taskType);
    const state = isJoin
      ? `The server has been joining the ended branches at ${name(task)} (${type})`
      : begun
        ? `The server has been executing ${name(task)} (${type})`
        : `${name(task, true)} (${type}) has been with the server`;
    return {
      cause: 'in-progress',
      sentence: `${state} for ${duration(now - (task.startTime || task.scheduledTime))}.`,
      evidence: [],
      advice: [recovery.follow('Follow it', execution.workflowId)],
      execution,
      task,
    };
  }
  return {
    cause: 'stuck',
    sentence: `The server began ${name(task)} (${quoteIfUnusual(task.taskType)}) ${duration(now - (began || task.scheduledTime))} ago and has lost track of it, as happens after a crash. It would check the task again only after an hour.`,
    evidence: [`The task has been ${task.status} since ${instant(task.scheduledTime)}.`],
    advice: [
      recovery.terminate('Terminate the execution', execution, `${task.referenceTaskName} is stuck`),
      recovery.retry('Then retry the task. Its call may already have taken effect before the crash', execution),
    ],
    execution,
    task,
  };
}

/** True if every branch of the join has ended. */
function isJoinable({ tasks }: Execution, { inputData }: Task): boolean {
  const on = Array.isArray(inputData.joinOn) ? inputData.joinOn : [];
  return on.every((ref) => tasks.some((task) => task.referenceTaskName === ref && task.endTime > 0));
}

function httpLimitMs({ inputData }: Task): number {
  const request = isObject(inputData.http_request) ? inputData.http_request : inputData;
  return [request.readTimeOut, request.connectionTimeOut].reduce<number>(
    (sum, ms) => sum + (typeof ms === 'number' ? ms : 3000),
    0,
  );
}

function mostAttempts({ taskDefinition }: Task): string {
  const most = taskDefinition?.retryCount;
  return typeof most === 'number' ? ` of ${most + 1}` : '';
}
