import { isForWorkers, roleOf } from '../../core/conductor/task-types.ts';
import type { Execution, Task } from '../../core/conductor/types.ts';
import { isObject } from '../../core/json.ts';
import { clip, count, duration, instant } from '../../core/text.ts';
import { quote, word } from '../shared/quote.ts';
import { type Facts, type Leaf, queueOf } from './facts.ts';
import { judgeQueued, judgeTaken, taskLabel as name } from './judge-worker-task.ts';
import * as recovery from './recovery-calls.ts';
import type { Cause, RootCause } from './root-cause.ts';

/** A task of the server's own that has begun is answered within this, unless its own limits say more. */
const SERVER_TASK_MS = 120_000;
/** What the server writes where a WAIT has no end. */
const NO_TIMER = 2_147_483_647;
const SHOWN_LEAVES = 5;

/** What is wrong goes before what is only slow, and that before what is meant to wait. */
const GRAVEST: readonly Cause[] = ['stuck', 'bad-definition', 'no-worker', 'paused', 'limit', 'waiting', 'in-progress'];

/** Why an execution that has not ended does not go on, or that it does. */
export function judgeOpen(facts: Facts): RootCause {
  const found = facts.leaves.map((leaf) => judgeLeaf(leaf, facts));
  const [first, ...others] = found.sort((a, b) => GRAVEST.indexOf(a.cause) - GRAVEST.indexOf(b.cause));
  if (!first) return between({ execution: facts.asked });
  const more = others.slice(0, SHOWN_LEAVES).map(({ cause, sentence }) => `Also ${cause}: ${sentence}`);
  const hidden = others.length - more.length;
  return {
    ...first,
    evidence: [...first.evidence, ...more, ...(hidden > 0 ? [`And ${count(hidden, 'open task')} more.`] : [])],
  };
}

function judgeLeaf(leaf: Leaf, { queues, now }: Facts): RootCause {
  const { execution, task } = leaf;
  if (execution.status === 'PAUSED') return paused(leaf);
  if (!task) return between(leaf);
  if (task.taskType === 'HUMAN') return person(execution, task);
  if (task.taskType === 'WAIT') return wait(execution, task, now);
  if (task.status === 'SCHEDULED' && nextAttemptAt(task) > now) return attempt(execution, task);
  if (isForWorkers(task)) {
    return task.status === 'SCHEDULED'
      ? judgeQueued(execution, task, queues[queueOf(task)], now)
      : judgeTaken(execution, task, now);
  }
  return ofTheServer(execution, task, now);
}

function paused({ execution, task }: Leaf): RootCause {
  return {
    cause: 'paused',
    sentence: 'Somebody paused it: what is already queued may still run, but nothing new is scheduled.',
    evidence: task ? [`It stands at ${name(task)} (${task.status}).`] : [],
    advice: [recovery.resume('Let it go on', execution)],
    execution,
    ...(task && { task }),
  };
}

/** No task is open: the server is about to decide what comes next. */
function between({ execution }: Leaf): RootCause {
  return {
    cause: 'in-progress',
    sentence: 'None of its tasks is open: the server is about to decide what comes next.',
    evidence: [],
    advice: [recovery.follow('Look again in a while', execution.workflowId)],
    execution,
  };
}

function person(execution: Execution, task: Task): RootCause {
  return {
    cause: 'waiting',
    sentence: `It waits for a person at ${name(task)} since ${instant(task.startTime || task.scheduledTime)}. That is meant so.`,
    evidence: [`It is about: ${clip(JSON.stringify(task.inputData), 300)}`],
    advice: [recovery.listApprovals('Ask the person, then decide as they say (decide_approval)', execution)],
    execution,
    task,
  };
}

function wait(execution: Execution, task: Task, now: number): RootCause {
  const since = instant(task.startTime || task.scheduledTime);
  if (task.callbackAfterSeconds >= NO_TIMER || task.callbackAfterSeconds === 0) {
    return {
      cause: 'waiting',
      sentence: `It waits at ${name(task)} for a signal from outside since ${since}. That is meant so.`,
      evidence: [],
      advice: [
        recovery.signal(
          'If what it waits for has happened, say so, with the output it should have',
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
      ? `in ${duration(endsAt - now)}, at ${instant(endsAt)}`
      : `since ${instant(endsAt)}, so that the server goes on any moment`;
  return {
    cause: 'waiting',
    sentence: `It waits at ${name(task)} for a timer that is over ${when}. That is meant so.`,
    evidence: [],
    advice: [recovery.follow('It goes on by itself; follow it', execution.workflowId)],
    execution,
    task,
  };
}

function attempt(execution: Execution, task: Task): RootCause {
  const { reasonForIncompletion: why, retryCount, pollCount } = task;
  const isRetry = retryCount > 0 && pollCount === 0;
  return {
    cause: 'waiting',
    sentence: isRetry
      ? `${name(task, true)} failed and is tried again at ${instant(nextAttemptAt(task))} (attempt ${retryCount + 1}${mostAttempts(task)}).`
      : `Its worker gave ${name(task)} back until ${instant(nextAttemptAt(task))}.`,
    evidence: isRetry && why ? [`attempt ${retryCount}: ${quote(why, 300)}`] : [],
    advice: [
      recovery.follow(
        'It goes on by itself; if the reason is not mended by then, it fails again. Follow it',
        execution.workflowId,
      ),
    ],
    execution,
    task,
  };
}

/** Epoch milliseconds from which on a task is handed out. */
function nextAttemptAt({ scheduledTime, updateTime, callbackAfterSeconds }: Task): number {
  return (updateTime || scheduledTime) + callbackAfterSeconds * 1000;
}

/** A task that the server runs itself; one that was under way when a server died stays hidden for an hour. */
function ofTheServer(execution: Execution, task: Task, now: number): RootCause {
  const began = task.status === 'SCHEDULED' ? task.updateTime || task.startTime : 0;
  const allowed = Math.max(SERVER_TASK_MS, httpLimitMs(task) * 2);
  const waited = now - task.scheduledTime;
  const isJoin = roleOf(task.taskType) === 'join';
  const lost =
    task.startTime > 0 && began > 0 ? now - began > allowed : isJoin && waited > allowed && isJoinable(execution, task);
  if (!lost) {
    const begun = task.startTime > 0 && task.status === 'SCHEDULED';
    const wait = isJoin
      ? 'joins branches that have all ended'
      : begun
        ? 'is being executed by the server'
        : 'is with the server';
    return {
      cause: 'in-progress',
      sentence: `${name(task, true)} (${word(task.taskType)}) ${wait} for ${duration(now - (task.startTime || task.scheduledTime))}.`,
      evidence: [],
      advice: [recovery.follow('Follow it', execution.workflowId)],
      execution,
      task,
    };
  }
  return {
    cause: 'stuck',
    sentence: `The server began ${name(task)} (${word(task.taskType)}) ${duration(now - (began || task.scheduledTime))} ago and has lost track of it, as after a crash; it would look again only after an hour.`,
    evidence: [`It is ${task.status} since ${instant(task.scheduledTime)}.`],
    advice: [
      recovery.terminate('End it', execution, `${task.referenceTaskName} is stuck`),
      recovery.retry('Then go on from there; whether the call took effect before the crash is not known', execution),
    ],
    execution,
    task,
  };
}

/** Everything it joins has ended. */
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
