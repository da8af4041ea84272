import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { FleetError } from '../errors.ts';
import type { Conductor } from './api.ts';
import { latestAttempts } from './execution-facts.ts';
import { roleOf } from './task-types.ts';
import type { Task, TaskLog, TaskResult } from './types.ts';

/**
 * Tasks that wait for somebody outside, and their answer, which exactly one of many gives.
 *
 * The server takes every update of a task that it read as open, so that of two at the same moment both are told 200 and the later one
 * stays, even where the execution has gone on with the earlier one. So whoever answers claims the task first, in its log, which only
 * ever grows:
 *
 * 1. A claim is written, then all are read. Whoever sees no other live claim has won and writes the answer. Two cannot both win,
 *    because the one who wrote later sees the other's.
 * 2. Of those who see each other all but the first withdraw. The first waits until the others have withdrawn, or the task has ended.
 * 3. A claim is alive for LIVE_MS, by the server's clock. Its owner gives up sooner by its own, so that one who died with it only
 *    delays the next one.
 * 4. A server without an index keeps no logs. There the answer is read back, which shows all but answers within the same moment.
 */
const LIVE_MS = 30_000;
const GIVE_UP_MS = 15_000;
const WRITE_LIMIT_MS = 10_000;
const LOOK_EVERY_MS = 50;

const CLAIM = /^fleet claim (\S{36})$/;
const WITHDRAWN = /^fleet claim (\S{36}) is withdrawn$/;

/** True where somebody outside has to answer. A WAIT with a time of its own ends by itself, and is nobody's to complete. */
export function isWaiting({ taskType, status, inputData }: Task): boolean {
  const timed = 'duration' in inputData || 'until' in inputData;
  return status === 'IN_PROGRESS' && roleOf(taskType) === 'wait' && !timed;
}

/** The tasks among these that wait for somebody outside. */
export function waitingAmong(tasks: readonly Task[]): Task[] {
  return latestAttempts(tasks).filter(isWaiting);
}

/** What somebody answers a waiting task with. */
export type TaskAnswer = Required<Pick<TaskResult, 'status' | 'outputData'>> & { reasonForIncompletion?: string };

/**
 * Ends a waiting task with this answer and returns it as it is then.
 * @throws FleetError `conflict` if somebody else has answered it, or does so in this moment
 */
export async function answerTask(conductor: Conductor, task: Task, answer: TaskAnswer): Promise<Task> {
  const { taskId, workflowInstanceId, referenceTaskName } = task;
  const until = performance.now() + GIVE_UP_MS;
  await claim(conductor, taskId, until);
  await mustBeOpen(conductor, taskId);
  if (performance.now() > until) throw beingAnswered();
  await conductor.updateTask({ workflowInstanceId, taskId, ...answer }, { limitMs: WRITE_LIMIT_MS });
  // The server answers 200 to a late update as well, and ignores it.
  const ended = await conductor.getTask(taskId);
  if (ended.status === 'IN_PROGRESS')
    throw new FleetError('upstream', `The server took the update, but ${referenceTaskName} still waits.`);
  if (!isFrom(answer, ended)) throw answered();
  return ended;
}

/** Whether what the task holds now is this answer. An output that the server keeps elsewhere cannot be compared. */
function isFrom({ status, outputData }: TaskAnswer, ended: Task): boolean {
  if (typeof ended.externalOutputPayloadStoragePath === 'string') return true;
  return ended.status === status && isDeepStrictEqual(ended.outputData, JSON.parse(JSON.stringify(outputData)));
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

/** Leaves the task to the others, and sees it ended by one of them, so that the loser can be told how. */
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

/** Who claims the task at the time of my claim, the earliest first. Nobody where my own claim is not kept. */
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
  return new FleetError('conflict', 'Somebody else has ended this task in the meantime.', {
    remedy: 'Look at what became of it.',
  });
}

function beingAnswered(): FleetError {
  return new FleetError('conflict', 'Somebody else is answering this task, or died over it.', {
    retryable: true,
    remedy: 'Try again in 30 seconds.',
  });
}
