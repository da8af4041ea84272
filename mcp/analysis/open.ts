import { isForWorkers, TASK_TYPES } from '../../core/conductor/task-types.ts';
import type { Execution, Task } from '../../core/conductor/types.ts';
import { clip, count, duration, instant } from '../../core/text.ts';
import { isObject } from '../../workflows/model/walk.ts';
import { quote, word } from '../text.ts';
import { type Facts, type Leaf, type Queue, queueOf } from './chain.ts';
import type { Cause, Finding } from './finding.ts';
import * as recovery from './recovery.ts';

/** Idle workers poll more often than this. */
const POLLED_LATELY_MS = 30_000;
/** A task of the server's own that has begun is answered within this, unless its own limits say more. */
const SERVER_TASK_MS = 120_000;
/** A time-out of the server's is noticed with its next sweep. */
const SWEEP_MS = 90_000;
/** What the server writes where a WAIT has no end. */
const NO_TIMER = 2_147_483_647;
const SHOWN_LEAVES = 5;

/** What is wrong goes before what is only slow, and that before what is meant to wait. */
const GRAVEST: readonly Cause[] = ['stuck', 'bad-definition', 'no-worker', 'paused', 'limit', 'waiting', 'in-progress'];

/** Why an execution that has not ended does not go on, or that it does. */
export function judgeOpen(facts: Facts): Finding {
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

function judgeLeaf(leaf: Leaf, { queues, now }: Facts): Finding {
  const { execution, task } = leaf;
  if (execution.status === 'PAUSED') return paused(leaf);
  if (!task) return between(leaf);
  if (task.taskType === 'HUMAN') return person(execution, task);
  if (task.taskType === 'WAIT') return wait(execution, task, now);
  if (task.status === 'SCHEDULED' && nextAttemptAt(task) > now) return attempt(execution, task);
  if (isForWorkers(task)) {
    return task.status === 'SCHEDULED'
      ? queued(execution, task, queues[queueOf(task)], now)
      : inHand(execution, task, now);
  }
  return ofTheServer(execution, task, now);
}

function paused({ execution, task }: Leaf): Finding {
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
function between({ execution }: Leaf): Finding {
  return {
    cause: 'in-progress',
    sentence: 'None of its tasks is open: the server is about to decide what comes next.',
    evidence: [],
    advice: [recovery.follow('Look again in a while', execution.workflowId)],
    execution,
  };
}

function person(execution: Execution, task: Task): Finding {
  return {
    cause: 'waiting',
    sentence: `It waits for a person at ${name(task)} since ${instant(task.startTime || task.scheduledTime)}. That is meant so.`,
    evidence: [`It is about: ${clip(JSON.stringify(task.inputData), 300)}`],
    advice: [recovery.listApprovals('Ask the person, then decide as they say (decide_approval)', execution)],
    execution,
    task,
  };
}

function wait(execution: Execution, task: Task, now: number): Finding {
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
    advice: [recovery.signal('To go on at once', execution, task.referenceTaskName)],
    execution,
    task,
  };
}

function attempt(execution: Execution, task: Task): Finding {
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

function queued(execution: Execution, task: Task, queue: Queue | undefined, now: number): Finding {
  const { polls = [], waiting = 0 } = queue ?? {};
  const domain = domainOf(task);
  const own = polls.filter((poll) => (poll.domain ?? '') === domain);
  const latest = Math.max(0, ...own.map(({ lastPollTime }) => lastPollTime));
  const evidence = [
    `It waits in the queue ${word(queueOf(task))} for ${duration(now - task.scheduledTime)}; ${count(waiting, 'task')} there.`,
    latest > 0 ? `Last poll ${duration(now - latest)} ago.` : `Nobody has polled this queue${domain ? '' : ' lately'}.`,
  ];
  const found = { evidence, execution, task };
  if (latest > 0 && now - latest < POLLED_LATELY_MS) return polled(found, waiting);
  const type = isObject(task.workflowTask) ? task.workflowTask.type : undefined;
  if (typeof type === 'string' && !TASK_TYPES.has(type)) {
    return {
      ...found,
      cause: 'bad-definition',
      sentence: `${name(task, true)} has the type ${word(type)}, which the server does not have, so it waits for ever in a queue of that name.`,
      advice: [
        recovery.showDefinition(
          'Mend the type and register the definition by create_workflow as a new version',
          execution,
        ),
        recovery.terminate('End this execution', execution, `task type ${type} does not exist`),
      ],
    };
  }
  const elsewhere = polls.filter(
    (poll) => (poll.domain ?? '') !== domain && now - poll.lastPollTime < POLLED_LATELY_MS,
  );
  const where = elsewhere.map((poll) => (poll.domain ? `domain ${word(poll.domain)}` : 'no domain'));
  const worker = `\`fleet work --only ${word(task.taskType)}\`${domain ? `, polling domain ${word(domain)}` : ''}`;
  return {
    ...found,
    evidence:
      where.length > 0
        ? [...evidence, `Workers poll for this type with ${[...new Set(where)].join(', ')} only.`]
        : evidence,
    cause: 'no-worker',
    sentence: `No worker polls for ${name(task)} (${word(task.taskType)}${domain ? ` in domain ${word(domain)}` : ''}).`,
    advice: [
      recovery.showQueue(
        `Start a worker (${worker}); the execution then goes on by itself. See that it polls`,
        task.taskType,
      ),
    ],
  };
}

/** Workers poll, and still nobody has it: a limit, or a long queue. */
function polled(found: Pick<Finding, 'evidence' | 'execution'> & { task: Task }, waiting: number): Finding {
  const { task, execution, evidence } = found;
  const limited: Record<string, unknown> = task.taskDefinition ?? {};
  const { concurrentExecLimit, rateLimitPerFrequency: rate, rateLimitFrequencyInSeconds: per } = limited;
  const limits = [
    ...(isPositive(concurrentExecLimit) ? [`at most ${concurrentExecLimit} at a time (concurrentExecLimit)`] : []),
    ...(isPositive(rate) ? [`at most ${rate} in ${per} s (rateLimitPerFrequency)`] : []),
  ];
  if (limits.length > 0) {
    return {
      ...found,
      evidence: [
        ...evidence,
        `Its task definition allows ${limits.join(' and ')}; the server looks again up to 60 s after a place is free.`,
      ],
      cause: 'limit',
      sentence: `Workers poll for ${name(task)}, but a limit of its task definition holds it back.`,
      advice: [
        recovery.showQueue(
          'It goes on by itself when others end, or sooner if the limit is raised. See the queue',
          task.taskType,
        ),
      ],
    };
  }
  return {
    ...found,
    cause: 'in-progress',
    sentence:
      waiting > 1
        ? `${name(task, true)} waits in line; workers poll.`
        : `${name(task, true)} is about to be taken; workers poll.`,
    advice: [recovery.follow('Follow it', execution.workflowId)],
  };
}

function inHand(execution: Execution, task: Task, now: number): Finding {
  const limit = task.responseTimeoutSeconds * 1000;
  const silent = now - (task.updateTime || task.startTime);
  const overdue = limit > 0 && silent > limit;
  const worker = task.workerId ? `worker ${word(task.workerId)}` : 'a worker';
  return {
    cause: 'in-progress',
    sentence: overdue
      ? `${name(task, true)} is with ${worker}, which has been silent for longer than its response time-out; the server takes it back within ${duration(SWEEP_MS)}.`
      : `${name(task, true)} is with ${worker} since ${instant(task.startTime)}.`,
    evidence: [`Last sign of it ${duration(silent)} ago; its response time-out is ${duration(limit)}.`],
    advice: [recovery.follow('Follow it', execution.workflowId)],
    execution,
    task,
  };
}

/** A task that the server runs itself; one that was under way when a server died stays hidden for an hour. */
function ofTheServer(execution: Execution, task: Task, now: number): Finding {
  const began = task.status === 'SCHEDULED' ? task.updateTime || task.startTime : 0;
  const allowed = Math.max(SERVER_TASK_MS, httpLimitMs(task) * 2);
  const waited = now - task.scheduledTime;
  const isJoin = task.taskType === 'JOIN' || task.taskType === 'EXCLUSIVE_JOIN';
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

const domainOf = ({ domain }: Task) => (typeof domain === 'string' ? domain : '');
const isPositive = (value: unknown): value is number => typeof value === 'number' && value > 0;
const name = ({ referenceTaskName: ref }: Task, first = false) => `${first ? 'Task' : 'task'} ${word(ref)}`;
