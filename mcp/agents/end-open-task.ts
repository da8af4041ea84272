import { isDeepStrictEqual } from 'node:util';
import type { Conductor } from '../../core/conductor/api.ts';
import { isForWorkers } from '../../core/conductor/task-types.ts';
import { type Execution, isOpenTask, type Task } from '../../core/conductor/types.ts';
import { FleetError } from '../../core/errors.ts';
import { callsToAnswer } from '../operate/open-work.ts';
import { nearNames } from '../shared/near-names.ts';
import { callOf, quote, quoteIfUnusual } from '../shared/quote.ts';
import type { Ending } from './claims.ts';

/*
 * Ends a task that its worker does not end, for a caller who names the execution and the task. Only tasks of workers can be ended in this
 * way. A HUMAN or WAIT task has its own tools, which ask the person and allow only one answer.
 */

/** The open worker task with this reference name, in any round of a loop. @throws FleetError that says how to continue instead */
export function openWorkerTask(execution: Execution, ref: string): Task {
  const named = execution.tasks
    .filter(({ referenceTaskName: name }) => name === ref || name.startsWith(`${ref}__`))
    .sort((a, b) => b.seq - a.seq);
  const task = named.find(isOpenTask) ?? named[0];
  if (!task) throw noSuchTask(execution, ref);
  if (!isForWorkers(task)) throw notForWorkers(execution, task);
  if (!isOpenTask(task)) throw notOpen(execution, task);
  return task;
}

/** Writes the result, then reads the task: the server also answers 200 to an update that it ignores. */
export async function endOpenTask(conductor: Conductor, task: Task, ending: Ending): Promise<Task> {
  const { taskId, workflowInstanceId, referenceTaskName } = task;
  await conductor.updateTask({ workflowInstanceId, taskId, ...ending });
  const ended = await conductor.getTask(taskId);
  if (isOpenTask(ended))
    throw new FleetError('upstream', `The server accepted the result, but ${referenceTaskName} is still open.`);
  if (ended.status === ending.status && hasOutput(ended, ending)) return ended;
  const look = callOf('get_execution_status', { executionId: workflowInstanceId, taskRef: referenceTaskName });
  throw new FleetError(
    'conflict',
    `${quoteIfUnusual(referenceTaskName)} became ${ended.status} at the same moment, so this result was not recorded.`,
    { remedy: `See its result: ${look}` },
  );
}

/** An output that the server keeps elsewhere cannot be compared. */
function hasOutput(ended: Task, { outputData = {} }: Ending): boolean {
  if (typeof ended.externalOutputPayloadStoragePath === 'string') return true;
  return isDeepStrictEqual(ended.outputData, JSON.parse(JSON.stringify(outputData)));
}

function noSuchTask({ workflowId: executionId, tasks }: Execution, ref: string): FleetError {
  const refs = [...new Set(tasks.map(({ referenceTaskName }) => referenceTaskName))];
  const near = nearNames(ref, refs);
  const names = (near.length > 0 ? near : refs.slice(0, 20)).map(quoteIfUnusual).join(', ') || 'none yet';
  return new FleetError('not-found', `The execution has no task ${quote(ref, 255)} yet; its tasks are ${names}.`, {
    remedy: `List them: ${callOf('get_execution_status', { executionId, detail: 'tasks' })}`,
  });
}

function notForWorkers(execution: Execution, { referenceTaskName, taskType, status }: Task): FleetError {
  const [answer] = callsToAnswer(execution, referenceTaskName);
  const look = callOf('diagnose_execution', { executionId: execution.workflowId });
  return new FleetError(
    'conflict',
    `${quoteIfUnusual(referenceTaskName)} (${quoteIfUnusual(taskType)}, ${status}) is not a task of a worker. The server itself ends it.`,
    { remedy: answer ? `It waits for an answer: ${answer}` : `See what it waits for: ${look}` },
  );
}

function notOpen({ workflowId: executionId }: Execution, { referenceTaskName: taskRef, status }: Task): FleetError {
  const failed = status !== 'COMPLETED' && status !== 'SKIPPED';
  return new FleetError(
    'conflict',
    `${quoteIfUnusual(taskRef)} has ended: ${status}. Only a task that is SCHEDULED or IN_PROGRESS can be updated.`,
    {
      remedy: failed
        ? `To try it again: ${callOf('retry_workflow', { executionIds: [executionId] })}`
        : `See its output: ${callOf('get_execution_status', { executionId, taskRef })}`,
    },
  );
}
