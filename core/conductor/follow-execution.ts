import { pause } from '../drain.ts';
import { FleetError, messageOf } from '../errors.ts';
import { count, duration } from '../text.ts';
import type { Conductor } from './api.ts';
import { latestAttempts } from './execution.ts';
import { type Execution, hasEnded, type Task } from './types.ts';

interface FollowOptions {
  signal: AbortSignal;
  note(line: string): void;
  timeoutSeconds?: number | undefined;
  /** How long the server may give no answer in a row, in milliseconds. */
  patienceMs?: number;
}

const LOOK_EVERY_MS = 200;

/** Nothing longer than this goes by without a word. */
const PROGRESS_EVERY_MS = 2_000;

/** An idle worker polls more often than this. */
const POLLED_LATELY_MS = 15_000;

/** Trouble that lasts no longer is waited out. */
const PATIENCE_MS = 30_000;

/**
 * Waits for the end of an execution and tells on the way what it is doing. The execution goes on whatever ends the wait.
 * @throws FleetError `cancelled` when interrupted, `upstream` when `timeoutSeconds` are over or the server stays away for
 * `patienceMs`, else what the server refused
 */
export async function followExecution(
  conductor: Conductor,
  workflowId: string,
  { signal, note, timeoutSeconds, patienceMs = PATIENCE_MS }: FollowOptions,
): Promise<Execution> {
  const over = timeoutSeconds === undefined ? undefined : AbortSignal.timeout(timeoutSeconds * 1000);
  const either = over ? AbortSignal.any([signal, over]) : signal;
  const calls = conductor.withSignal(either);
  const remedy = `It goes on; look with \`fleet status ${workflowId}\`.`;
  const startedAt = Date.now();
  let lastSeenAt = startedAt;
  let nextNoteAt = startedAt + PROGRESS_EVERY_MS;
  for (;;) {
    const noteIsDue = Date.now() >= nextNoteAt;
    try {
      const { status } = await calls.getStatus(workflowId);
      if (hasEnded(status)) return await calls.getExecution(workflowId);
      if (noteIsDue) note(`${duration(Date.now() - startedAt)}: ${await progressOf(calls, workflowId)}`);
      lastSeenAt = Date.now();
    } catch (error) {
      if (!either.aborted) {
        if (!isPassing(error, lastSeenAt + patienceMs)) throw lostSight(workflowId, error, remedy);
        if (noteIsDue) note(`${duration(Date.now() - startedAt)}: no answer, trying on: ${messageOf(error)}`);
      }
    }
    if (noteIsDue) nextNoteAt = Date.now() + PROGRESS_EVERY_MS;
    await pause(LOOK_EVERY_MS, either);
    if (signal.aborted) throw new FleetError('cancelled', `Stopped waiting for ${workflowId}.`, { remedy });
    if (over?.aborted) {
      throw new FleetError('upstream', `${workflowId} has not ended after ${timeoutSeconds} s.`, { remedy });
    }
  }
}

/** Whether trouble may still go away by itself. */
function isPassing(error: unknown, patienceEndsAt: number): boolean {
  return error instanceof FleetError && error.retryable && Date.now() < patienceEndsAt;
}

/** Says which execution is meant and that it is not lost. Bugs stay what they are. */
function lostSight(workflowId: string, error: unknown, remedy: string): unknown {
  if (!(error instanceof FleetError)) return error;
  return new FleetError(error.code, `Cannot see what became of ${workflowId}: ${error.message}`, {
    remedy: error.retryable ? remedy : (error.remedy ?? remedy),
    cause: error,
  });
}

/** What runs or waits, in one line. */
async function progressOf(conductor: Conductor, workflowId: string): Promise<string> {
  const { status, tasks: all } = await conductor.getExecution(workflowId);
  const tasks = latestAttempts(all);
  const open = tasks.filter((task) => task.status === 'IN_PROGRESS' || task.status === 'SCHEDULED');
  const last = open.at(-1) ?? tasks.at(-1);
  const now = last ? `, now ${last.referenceTaskName} (${last.status})${await whyItWaits(conductor, last)}` : '';
  return `${status}, ${count(tasks.length - open.length, 'task')} done${now}`;
}

/** A worker's task that nobody asks for waits without end, and nothing else says so. */
async function whyItWaits(conductor: Conductor, { status, taskType }: Task): Promise<string> {
  const isTheServers = /^[A-Z0-9_]+$/.test(taskType);
  if (status !== 'SCHEDULED' || isTheServers) return '';
  const polls = await conductor.pollData(taskType);
  if (polls.some(({ lastPollTime }) => Date.now() - lastPollTime < POLLED_LATELY_MS)) return '';
  return `; no worker asks for ${taskType}: \`fleet work --only ${taskType}\` would`;
}
