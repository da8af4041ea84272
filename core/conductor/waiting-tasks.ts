import { isDeepStrictEqual } from 'node:util';
import { FleetError } from '../errors.ts';
import { jsonCopy } from '../json.ts';
import type { Conductor } from './api.ts';
import type { Lock } from './definition-lock.ts';
import { latestAttempts } from './execution-facts.ts';
import { oneAtATime } from './one-at-a-time.ts';
import { roleOf } from './task-types.ts';
import type { Task, TaskResult } from './types.ts';

/**
 * Finds tasks that wait for a person or a signal, and answers them. If several processes answer at once, exactly one succeeds.
 *
 * The server accepts every update of a task that it read as open. If two updates arrive at the same moment, it answers 200 to both. The
 * later update stays, even if the execution has already continued with the earlier one. So:
 *
 * 1. Before it answers, a process takes the lock of the task. Exactly one process holds it (`definition-lock.ts`). This also works for
 *    tasks of definitions that are not ours.
 * 2. The holder reads the task again, and answers only a task that still waits. It releases the lock after it has read the ended task.
 * 3. While another process holds the lock, a process looks at the task. As soon as the task has ended, it gives up.
 * 4. Answers of one process to the same task wait for each other in memory, so that only one of them competes for the lock.
 */
const WAIT_FOR_LOCK_MS = 15_000;
const WRITE_LIMIT_MS = 10_000;

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
 * Ends a waiting task and returns the ended task.
 * @param answer the answer, or a function that makes it from the task as it is now. An error of this function leaves the task open.
 * @throws FleetError `conflict` if another process has answered the task, or is answering it for too long
 */
export async function answerTask(
  conductor: Conductor,
  task: Task,
  answer: TaskAnswer | ((now: Task) => TaskAnswer),
): Promise<Task> {
  const { taskId } = task;
  // A client that disconnects must not leave the lock behind.
  const lasting = conductor.detached();
  return oneAtATime(`decide ${conductor.serverUrl} ${taskId}`, async () => {
    await openTask(conductor, taskId);
    const whileHeld = async () => void (await openTask(conductor, taskId));
    const { acquireLock } = await import('./definition-lock.ts');
    const lock = await acquireLock(
      lasting,
      { purpose: 'decide', name: taskId },
      { waitMs: WAIT_FOR_LOCK_MS, whileHeld },
    );
    try {
      const now = await openTask(conductor, taskId);
      return await write(conductor, now, { lock, answer: typeof answer === 'function' ? answer(now) : answer });
    } finally {
      await lock.release();
    }
  });
}

async function write(
  conductor: Conductor,
  { taskId, workflowInstanceId, referenceTaskName }: Task,
  { lock, answer }: { lock: Lock; answer: TaskAnswer },
): Promise<Task> {
  lock.assertHeld();
  await conductor.updateTask({ workflowInstanceId, taskId, ...answer }, { limitMs: WRITE_LIMIT_MS });
  // The server also answers 200 to an update that it ignores, for example from a program without our lock.
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

/** The task, if it still waits. @throws FleetError `conflict` if it has ended */
async function openTask(conductor: Conductor, taskId: string): Promise<Task> {
  const task = await conductor.getTask(taskId);
  if (task.status !== 'IN_PROGRESS') throw answered();
  return task;
}

function answered(): FleetError {
  return new FleetError('conflict', 'Another person or process has ended this task in the meantime.', {
    remedy: 'Look at the execution to see how it ended.',
  });
}
