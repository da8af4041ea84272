import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { FleetError } from '../errors.ts';
import { jsonCopy } from '../json.ts';
import type { Conductor } from './api.ts';
import { latestAttempts } from './execution-facts.ts';
import { roleOf } from './task-types.ts';
import type { Task, TaskLog, TaskResult } from './types.ts';

/**
 * Finds tasks that wait for a person or a signal, and answers them. If several processes answer at once, exactly one succeeds.
 *
 * The server accepts every update of a task that it read as open. If two updates arrive at the same moment, it answers 200 to both. The
 * later update stays, even if the execution has already continued with the earlier one. So a process first claims the task in the task's
 * log, from which the server never removes a line. The steps are:
 *
 * 1. A process writes its claim, then reads all claims. If it sees no other live claim, it has won and writes the answer. Two processes
 *    cannot both win, because the process that wrote later sees the other's claim.
 * 2. If processes see each other's claims, all except the first withdraw. The first waits until the others have withdrawn or the task has
 *    ended.
 * 3. A claim is alive for LIVE_MS by the server's clock. Its owner gives up sooner by its own clock, so a process that dies with a claim
 *    only delays the next process.
 * 4. A server without an index keeps no logs. There the process writes its answer and then reads the task. This reveals another process's
 *    answer, unless both answered at the same moment.
 */
const LIVE_MS = 30_000;
const GIVE_UP_MS = 15_000;
const WRITE_LIMIT_MS = 10_000;
const LOOK_EVERY_MS = 50;

const CLAIM = /^fleet claim (\S{36})$/;
const WITHDRAWN = /^fleet claim (\S{36}) is withdrawn$/;

/** True if a person or a signal has to answer the task. A WAIT with a duration or a time ends by itself, so it does not count. */
export function isWaiting({ taskType, status, inputData }: Task): boolean {
  const timed = 'duration' in inputData || 'until' in inputData;
  return status === 'IN_PROGRESS' && roleOf(taskType) === 'wait' && !timed;
}

/** Returns those of the tasks that wait for a person or a signal. */
export function waitingAmong(tasks: readonly Task[]): Task[] {
  return latestAttempts(tasks).filter(isWaiting);
}

/** The answer to a waiting task. */
export type TaskAnswer = Required<Pick<TaskResult, 'status' | 'outputData'>> & { reasonForIncompletion?: string };

/**
 * Ends a waiting task with this answer and returns the ended task.
 * @throws FleetError `conflict` if another process has answered it, or is answering it now
 */
export async function answerTask(conductor: Conductor, task: Task, answer: TaskAnswer): Promise<Task> {
  const { taskId, workflowInstanceId, referenceTaskName } = task;
  const until = performance.now() + GIVE_UP_MS;
  await claim(conductor, taskId, until);
  await mustBeOpen(conductor, taskId);
  if (performance.now() > until) throw beingAnswered();
  await conductor.updateTask({ workflowInstanceId, taskId, ...answer }, { limitMs: WRITE_LIMIT_MS });
  // The server also answers 200 to a late update, but ignores it.
  const ended = await conductor.getTask(taskId);
  if (ended.status === 'IN_PROGRESS')
    throw new FleetError('upstream', `The server took the update, but ${referenceTaskName} still waits.`);
  if (!isFrom(answer, ended)) throw answered();
  return ended;
}

/** True if the ended task holds this answer. An output that the server keeps elsewhere cannot be compared and counts as equal. */
function isFrom({ status, outputData }: TaskAnswer, ended: Task): boolean {
  if (typeof ended.externalOutputPayloadStoragePath === 'string') return true;
  return ended.status === status && isDeepStrictEqual(ended.outputData, jsonCopy(outputData));
}

async function claim(conductor: Conductor, taskId: string, until: number): Promise<void> {
  const me = randomUUID();
  await conductor.addTaskLog(taskId, `fleet claim ${me}`);
  for (;;) {
    const claims = liveClaims(await conductor.taskLogs(taskId), me);
    if (claims.every((id) => id === me)) return;
    await mustBeOpen(conductor, taskId);
    if (claims[0] !== me) return withdraw(conductor, taskId, { me, until });
    if (performance.now() > until) throw beingAnswered();
    await sleep(LOOK_EVERY_MS);
  }
}

/** Leaves the task to the other processes. It waits until one of them has ended the task, so that the error can say this. */
async function withdraw(
  conductor: Conductor,
  taskId: string,
  { me, until }: { me: string; until: number },
): Promise<never> {
  await conductor.addTaskLog(taskId, `fleet claim ${me} is withdrawn`);
  while (performance.now() < until) {
    await mustBeOpen(conductor, taskId);
    await sleep(LOOK_EVERY_MS);
  }
  throw beingAnswered();
}

/**
 * Returns the claims that are alive at the time of my claim, the earliest first. The list is empty if the server does not keep my own
 * claim.
 */
function liveClaims(logs: readonly TaskLog[], me: string): string[] {
  const withdrawn = new Set(logs.flatMap(({ log }) => WITHDRAWN.exec(log)?.[1] ?? []));
  const claims = logs.flatMap(({ log, createdTime }) => {
    const id = CLAIM.exec(log)?.[1];
    return id !== undefined && !withdrawn.has(id) ? [{ id, createdTime }] : [];
  });
  const mine = claims.find(({ id }) => id === me);
  if (!mine) return [];
  return claims
    .filter(({ createdTime }) => createdTime > mine.createdTime - LIVE_MS)
    .sort((a, b) => a.createdTime - b.createdTime || (a.id < b.id ? -1 : 1))
    .map(({ id }) => id);
}

async function mustBeOpen(conductor: Conductor, taskId: string): Promise<void> {
  const { status } = await conductor.getTask(taskId);
  if (status !== 'IN_PROGRESS') throw answered();
}

function answered(): FleetError {
  return new FleetError('conflict', 'Another person or process has ended this task in the meantime.', {
    remedy: 'Look at the execution to see how it ended.',
  });
}

function beingAnswered(): FleetError {
  return new FleetError('conflict', 'Another process is answering this task, or died while it did.', {
    retryable: true,
    remedy: 'Try again in 30 seconds.',
  });
}
