import { isDeepStrictEqual } from 'node:util';
import type { Conductor } from '../../core/conductor/api.ts';
import type { Task, TaskResult } from '../../core/conductor/types.ts';
import { FleetError, orUndefined } from '../../core/errors.ts';
import { callOf, word } from '../shared/quote.ts';

/*
 * An agent's claim on a task. All of it stands on the server, so that any process can serve whoever holds it:
 * 1. A claim is a task and the number of its polls. A task that was given back and handed out again has more of them; one that timed
 *    out is another task when it comes again.
 * 2. The worker id begins with a mark of ours. The task of any other worker is no claim, whoever knows its id.
 * 3. The server takes late results without a word and ignores them, so whoever writes one reads before and after.
 */

const MARK = 'mcp:';
const CLAIM = /^([\w-]{1,100}):(\d{1,9})$/;

/** The worker id under which an agent is known to the server. */
export function workerIdOf(agent: string): string {
  return `${MARK}${agent}`;
}

/** A claim as it is handed to the agent. */
export function claimIdOf({ taskId, pollCount }: Pick<Task, 'taskId' | 'pollCount'>): string {
  return `${taskId}:${pollCount}`;
}

export function isClaimId(text: string): boolean {
  return CLAIM.test(text);
}

/** True while the task is with the agent that claimed it so. */
export function isHeld(task: Task, claimId: string): boolean {
  return task.status === 'IN_PROGRESS' && claimIdOf(task) === claimId && (task.workerId ?? '').startsWith(MARK);
}

/** The task of a claim that still holds. @throws FleetError `not-found`; `conflict` if the lease was lost or the task has ended */
export async function heldTask(conductor: Conductor, claimId: string): Promise<Task> {
  const [, taskId = ''] = CLAIM.exec(claimId) ?? [];
  const task = await orUndefined(conductor.getTask(taskId));
  if (!task) {
    throw new FleetError('not-found', `There is no task of the claim ${claimId}; its execution was removed.`, {
      remedy: 'Drop this work, and call claim_task for another.',
    });
  }
  if (isHeld(task, claimId)) return task;
  throw lost(task);
}

/** What an agent ends a claim with. */
export type Ending = Pick<TaskResult, 'status' | 'outputData' | 'reasonForIncompletion'>;

/** A heartbeat of another process at the same moment can undo a result. */
const TRIES = 3;

/** Ends a task that is held. @throws FleetError `conflict` if somebody else ended it meanwhile */
export async function endTask(conductor: Conductor, task: Task, ending: Ending): Promise<void> {
  const { taskId, workflowInstanceId, workerId } = task;
  for (let left = TRIES; left > 0; left--) {
    await conductor.updateTask({ workflowInstanceId, taskId, ...(workerId && { workerId }), ...ending });
    const now = await conductor.getTask(taskId);
    if (isEndedBy(ending, now)) return;
    if (!isHeld(now, claimIdOf(task))) throw lost(now);
  }
  throw new FleetError('upstream', 'The server took the result, but the task is still open.');
}

/** Extends the lease of a task that is held. */
export async function extendClaim(conductor: Conductor, { taskId, workflowInstanceId, workerId }: Task): Promise<void> {
  const update = { workflowInstanceId, taskId, status: 'IN_PROGRESS', extendLease: true } as const;
  await conductor.extendLease({ ...update, ...(workerId && { workerId }) });
}

/** Hands a task back to its queue at once, for anybody. */
export async function giveBack(conductor: Conductor, { taskId, workflowInstanceId, workerId }: Task): Promise<void> {
  const back = { workflowInstanceId, taskId, status: 'IN_PROGRESS', callbackAfterSeconds: 0 } as const;
  await conductor.updateTask({ ...back, ...(workerId && { workerId }) });
}

function isEndedBy({ status, outputData, reasonForIncompletion }: Ending, task: Task): boolean {
  if (task.status !== status) return false;
  if (status !== 'COMPLETED') return task.reasonForIncompletion === reasonForIncompletion;
  // An output that the server keeps elsewhere cannot be compared.
  if (typeof task.externalOutputPayloadStoragePath === 'string') return true;
  return isDeepStrictEqual(task.outputData, JSON.parse(JSON.stringify(outputData ?? {})));
}

function lost({ status, taskDefName, taskType, workflowInstanceId }: Task): FleetError {
  const state = status === 'IN_PROGRESS' ? 'somebody else has it now' : `it is ${word(status)} now`;
  const again = callOf('claim_task', { taskTypes: [taskDefName ?? taskType] });
  const look = callOf('get_execution_status', { executionId: workflowInstanceId });
  return new FleetError('conflict', `Lease lost: the task is no longer this claim's, ${state}. Nothing was written.`, {
    remedy: `Drop this work. Its execution: ${look}. Other work: ${again}`,
  });
}
