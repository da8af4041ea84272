import { z } from 'zod';
import type { Conductor } from '../../core/conductor/api.ts';
import { latestAttempts } from '../../core/conductor/execution-facts.ts';
import { type Execution, hasEnded, type Task } from '../../core/conductor/types.ts';
import { answerTask, waitingAmong } from '../../core/conductor/waiting-tasks.ts';
import { FleetError } from '../../core/errors.ts';
import { isApproval } from '../../workflows/model/answer-effects.ts';
import { defineTool } from '../engine/define-tool.ts';
import { definitionOf } from '../operate/execution-definition.ts';
import { callsToAnswer, callToEnd, openSubWorkflows } from '../operate/open-work.ts';
import { executionId, jsonObject } from '../shared/fields.ts';
import { findExecution } from '../shared/find-execution.ts';
import { callOf, quote, quoteIfUnusual } from '../shared/quote.ts';

const OUTPUT_LIMIT = 1_000_000;
/** At most this many sub-workflows are searched for waiting tasks. */
const MOST_CHILDREN = 10;

export default defineTool({
  name: 'signal_workflow',
  title: 'Send a signal',
  description:
    'Sends a signal (an event, a message, a callback that got lost) with an output into a waiting execution, so that its WAIT task ends and the execution continues. Fails if no such task is open. What a person decides (HUMAN) goes through decide_approval.',
  toolset: 'operate',
  permission: 'workflows:execute',
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: true },
  input: z.strictObject({
    executionId: executionId.describe('Id of the execution'),
    taskRef: z.string().min(1).max(255).optional().describe('Reference name of the WAIT task, if several are open'),
    output: jsonObject
      .refine(
        (output) => JSON.stringify(output).length <= OUTPUT_LIMIT,
        `must be at most ${OUTPUT_LIMIT} characters of JSON`,
      )
      .default({})
      .describe('Output of the WAIT task, e.g. {"delivered":true}'),
  }),
  output: z.object({ executionId: z.string(), taskRef: z.string(), status: z.string() }),
}).handler(async ({ executionId: id, taskRef, output }, { conductor }) => {
  const execution = await findExecution(conductor, id);
  const task = await openWait(conductor, execution, taskRef);
  refuseApproval(execution, task);
  await answerTask(conductor, task, { status: 'COMPLETED', outputData: output });
  const { status } = await findExecution(conductor, id, { includeTasks: false });
  const paused = status === 'PAUSED' ? ` To continue it: ${callOf('resume_workflow', { executionIds: [id] })}` : '';
  return {
    text: `${quoteIfUnusual(task.referenceTaskName)} of ${id} got the signal. The execution is ${status}.${paused}`,
    structured: { executionId: id, taskRef: task.referenceTaskName, status },
  };
});

/** A signal must not take the place of a decision. @throws FleetError `conflict` with the call that decides */
function refuseApproval(execution: Execution, task: Task): void {
  if (!isApproval(definitionOf(execution), task)) return;
  const { workflowId: executionId } = execution;
  const { referenceTaskName: taskRef } = task;
  throw new FleetError(
    'conflict',
    `${quoteIfUnusual(taskRef)} is an approval: the workflow reads "approved" from its answer. The signal was not sent.`,
    { remedy: `Decide it: ${callOf('decide_approval', { executionId, taskRef, decision: 'approve', reason: 'why' })}` },
  );
}

/** The WAIT task that the signal is for. @throws FleetError that lists the waiting tasks */
async function openWait(conductor: Conductor, execution: Execution, ref: string | undefined): Promise<Task> {
  const open = waitingAmong(execution.tasks).filter(({ taskType }) => taskType === 'WAIT');
  const meant = ref === undefined ? open : open.filter(({ referenceTaskName }) => referenceTaskName === ref);
  const [task] = meant;
  if (task && meant.length === 1) return task;
  const { workflowId: executionId, status } = execution;
  if (task) {
    throw new FleetError('input', `${executionId} waits for several signals.`, {
      remedy: `Name one: ${callsToAnswer(execution).join(' or ')}`,
    });
  }
  if (hasEnded(status)) {
    throw new FleetError('conflict', `${executionId} has ended: ${status}. No task in it waits.`, {
      remedy: `See its result: ${callOf('get_execution_status', { executionId })}`,
    });
  }
  const calls = [...callsToAnswer(execution), ...(await callsToAnswerChildren(conductor, execution))];
  const end = callToEnd(execution, ref);
  throw new FleetError('conflict', `${whyNot(execution, ref)} The signal was not sent.`, {
    remedy:
      end !== undefined
        ? `To end this task in the place of its worker: ${end}`
        : calls.length > 0
          ? `Answer a task that waits: ${calls.join(' or ')}`
          : `See where the execution is: ${callOf('get_execution_status', { executionId })}`,
  });
}

function whyNot({ workflowId, tasks }: Execution, ref: string | undefined): string {
  if (ref === undefined) return `No task of ${workflowId} waits for a signal now.`;
  const named = latestAttempts(tasks).find(({ referenceTaskName }) => referenceTaskName === ref);
  if (!named) return `${workflowId} has no open task ${quote(ref, 255)}.`;
  const { taskType, status } = named;
  const why =
    status !== 'IN_PROGRESS'
      ? `is ${status}`
      : taskType === 'HUMAN'
        ? 'waits for a person, not for a signal'
        : taskType === 'WAIT'
          ? 'waits for a timer and ends by itself'
          : `is of type ${quoteIfUnusual(taskType)}, which a signal cannot complete`;
  return `${quoteIfUnusual(ref)} ${why}.`;
}

/** Calls that answer waiting tasks in sub-workflows, because a signal to the parent may be meant for one of these tasks. */
async function callsToAnswerChildren(conductor: Conductor, execution: Execution): Promise<string[]> {
  const calls: string[] = [];
  const queue = openSubWorkflows(execution);
  for (let read = 0; read < MOST_CHILDREN; read++) {
    const id = queue.shift();
    if (id === undefined) break;
    const child = await findExecution(conductor, id);
    calls.push(...callsToAnswer(child));
    queue.push(...openSubWorkflows(child));
  }
  return calls;
}
