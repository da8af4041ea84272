import { isDeepStrictEqual } from 'node:util';
import type { Conductor } from '../../core/conductor/api.ts';
import type { Limits } from '../../core/conductor/calls/task-calls.ts';
import { isForWorkers } from '../../core/conductor/task-types.ts';
import type { Task, TaskResult } from '../../core/conductor/types.ts';
import { FleetError, orUndefined } from '../../core/errors.ts';
import { jsonCopy } from '../../core/json.ts';
import { named } from '../../core/settings/named.ts';
import { callOf, quoteIfUnusual } from '../shared/quote.ts';
import { SEAL, type Seal } from '../signing/state-key.ts';

/*
 * An agent's claim on a task. The server stores the whole claim, so that any process can serve the agent:
 * 1. A claim is a task id, the task's poll count and a seal. The count grows when an agent claims a task that was handed back. A task that
 *    timed out gets a new task id. The seal is valid only for the caller who claimed the task.
 * 2. The worker id begins with `mcp:`. A task of any other worker is not a claim, even if a caller knows its id. Nor is a task that waits
 *    for a person, whatever its status.
 * 3. The server accepts a late result and silently ignores it. This code therefore reads the task before and after it writes the result.
 */

const MARK = 'mcp:';
const CLAIM = new RegExp(`^([\\w-]{1,100}):(\\d{1,9}):(${SEAL})$`);

/** The worker id under which the server knows an agent. */
export function workerIdOf(agent: string): string {
  return `${MARK}${agent}`;
}

/** The claim id. The agent gets it with the task and sends it back with the result. */
export function claimIdOf({ taskId, pollCount }: Hold, seal: Seal): string {
  return `${taskId}:${pollCount}:${seal.of('claim', taskId, pollCount)}`;
}

/** What an agent holds: a task, from one poll until it ends or its lease is lost. */
export type Hold = Pick<Task, 'taskId' | 'pollCount'>;

export function isClaimId(text: string): boolean {
  return CLAIM.test(text);
}

/** True while the agent still has the task. */
export function isHeld(task: Task, { taskId, pollCount }: Hold): boolean {
  const isSame = task.taskId === taskId && task.pollCount === pollCount && (task.workerId ?? '').startsWith(MARK);
  return isSame && task.status === 'IN_PROGRESS' && isForWorkers(task);
}

/**
 * Reads the task of a claim.
 * @throws FleetError `denied` for the claim of another caller; `not-found`; `conflict` if the lease was lost or the task has ended
 */
export async function heldTask(conductor: Conductor, claimId: string, seal: Seal): Promise<Task> {
  const [, taskId = '', count = '', given = ''] = CLAIM.exec(claimId) ?? [];
  const pollCount = Number(count);
  if (!seal.fits(given, 'claim', taskId, pollCount)) throw notYours();
  const task = await orUndefined(conductor.getTask(taskId));
  if (!task) {
    throw new FleetError(
      'not-found',
      `The task of claim ${claimId} no longer exists, because its execution was removed.`,
      {
        remedy: 'Stop this work, and call claim_task for another task.',
      },
    );
  }
  if (isHeld(task, { taskId, pollCount })) return task;
  throw leaseLost(task);
}

/** The result with which an agent ends its claim. */
export type Ending = Pick<TaskResult, 'status' | 'outputData' | 'reasonForIncompletion'>;

/** A result is written at most this often, because a heartbeat from another process can overwrite it at the same moment. */
const TRIES = 3;

/** Ends a claimed task. @throws FleetError `conflict` if the claim was lost meanwhile */
export async function endTask(conductor: Conductor, task: Task, ending: Ending): Promise<void> {
  const { taskId, workflowInstanceId, workerId } = task;
  for (let left = TRIES; left > 0; left--) {
    await conductor.updateTask({ workflowInstanceId, taskId, ...(workerId && { workerId }), ...ending });
    const now = await conductor.getTask(taskId);
    if (isEndedBy(ending, now)) return;
    if (!isHeld(now, task)) throw leaseLost(now);
  }
  throw new FleetError('upstream', 'The server accepted the result, but the task is still open.');
}

/** Extends the lease of a claimed task. */
export async function extendClaim(
  conductor: Conductor,
  { taskId, workflowInstanceId, workerId }: Task,
  limits: Limits = {},
): Promise<void> {
  const update = { workflowInstanceId, taskId, status: 'IN_PROGRESS', extendLease: true } as const;
  await conductor.extendLease({ ...update, ...(workerId && { workerId }) }, limits);
}

/** Hands a task back to its queue at once, for any worker. */
export async function giveBack(conductor: Conductor, { taskId, workflowInstanceId, workerId }: Task): Promise<void> {
  const back = { workflowInstanceId, taskId, status: 'IN_PROGRESS', callbackAfterSeconds: 0 } as const;
  await conductor.updateTask({ ...back, ...(workerId && { workerId }) });
}

function isEndedBy({ status, outputData, reasonForIncompletion }: Ending, task: Task): boolean {
  if (task.status !== status) return false;
  if (status !== 'COMPLETED') return task.reasonForIncompletion === reasonForIncompletion;
  // An output in external storage cannot be compared, so the status alone decides.
  if (typeof task.externalOutputPayloadStoragePath === 'string') return true;
  return isDeepStrictEqual(task.outputData, jsonCopy(outputData ?? {}));
}

function notYours(): FleetError {
  return new FleetError('denied', 'This claim belongs to another caller, or this server did not make it.', {
    remedy: `Stop this work, and call claim_task for another task. If the server has several processes or was restarted, the person who runs it must set ${named('mcpStateKey')}.`,
  });
}

function leaseLost({ status, taskDefName, taskType, workflowInstanceId }: Task): FleetError {
  const state = status === 'IN_PROGRESS' ? 'another worker has the task' : `the task is ${quoteIfUnusual(status)}`;
  const again = callOf('claim_task', { taskTypes: [taskDefName ?? taskType] });
  const look = callOf('get_execution_status', { executionId: workflowInstanceId });
  return new FleetError('conflict', `The lease was lost: ${state}. Nothing was written.`, {
    remedy: `Stop this work. To see its execution: ${look}. To claim another task: ${again}`,
  });
}
