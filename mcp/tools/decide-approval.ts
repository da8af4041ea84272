import { z } from 'zod';
import type { Conductor } from '../../core/conductor/api.ts';
import { type Execution, hasEnded, type Task } from '../../core/conductor/types.ts';
import { answerTask, type TaskAnswer, waitingAmong } from '../../core/conductor/waiting-tasks.ts';
import { FleetError } from '../../core/errors.ts';
import { effectsOf, type Gate, gateOf } from '../../workflows/model/answer-effects.ts';
import { nameInDefinition } from '../../workflows/model/skip-and-rerun.ts';
import { defineTool } from '../engine/define-tool.ts';
import { askPerson } from '../operate/ask-person.ts';
import { definitionOf } from '../operate/execution-definition.ts';
import { someText } from '../operate/execution-filter.ts';
import { callsToAnswer, callToEnd } from '../operate/open-work.ts';
import { executionId, jsonObject } from '../shared/fields.ts';
import { findExecution } from '../shared/find-execution.ts';
import { callOf, quote, quoteIfUnusual } from '../shared/quote.ts';

const OUTPUT_LIMIT = 100_000;
type Decision = 'approve' | 'reject';

/** What this tool writes into the output of a task. `decidedAt` is in ISO 8601. */
const writtenDecision = z.looseObject({
  approved: z.boolean(),
  reason: z.string(),
  decidedBy: z.string(),
  decidedAt: z.string(),
});
/** Fields of a task's output that only this tool writes. */
const WRITTEN_FIELDS = [...Object.keys(writtenDecision.shape), 'confirmedByPerson'];

export default defineTool({
  name: 'decide_approval',
  title: 'Approve or reject',
  description:
    'Approves (signs off) or rejects what waits for a person or signal, with a reason. Decide only what your person has decided. If the client can show a form, the person confirms it there.',
  toolset: 'approvals',
  byDefault: true,
  permission: 'approvals:decide',
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: true },
  input: z.strictObject({
    executionId: executionId.describe('Id of the execution'),
    taskRef: someText.describe('Reference name of the waiting task, from list_pending_approvals'),
    decision: z.enum(['approve', 'reject']).describe('Yes or no'),
    reason: someText.describe('Why, in the words of the person'),
    output: jsonObject
      .refine(
        (output) => JSON.stringify(output).length <= OUTPUT_LIMIT,
        `must be at most ${OUTPUT_LIMIT} characters of JSON`,
      )
      .default({})
      .describe('Further fields that the workflow reads, e.g. {"amount":40}'),
  }),
  output: z.object({
    executionId: z.string(),
    taskRef: z.string(),
    decision: z.string(),
    confirmedByPerson: z.boolean(),
    taskStatus: z.string(),
    status: z.string(),
  }),
}).handler(async ({ executionId: id, taskRef, decision, reason, output }, context) => {
  const { conductor, caller } = context;
  const execution = await findExecution(conductor, id);
  const task = openGate(execution, taskRef);
  const def = definitionOf(execution);
  const gate = gateOf(def, task.referenceTaskName);
  mustFit(gate, task, output);
  const { onApprove, onReject } = effectsOf(def, task.referenceTaskName);
  const effect = decision === 'approve' ? onApprove : onReject;
  const confirmedByPerson = await askPerson(context, `${task.taskId} ${decision}`, {
    message: question({ execution, task, decision, reason, effect, output }),
    refused: 'The person did not confirm. Nothing was decided.',
  });
  const answer = answerOf(gate, { decision, reason, output, decidedBy: caller.name, confirmedByPerson });
  const { status: taskStatus } = await decide(conductor, task, answer);
  const { status } = await findExecution(conductor, id, { includeTasks: false });
  return {
    text: [
      `${quoteIfUnusual(task.referenceTaskName)} of ${id}: ${decision === 'approve' ? 'approved' : 'rejected'}${confirmedByPerson ? ', confirmed by the person' : ''}.`,
      `What follows: ${quote(effect)}. The execution is ${status}.`,
      `Follow it: ${callOf('get_execution_status', { executionId: id })}`,
    ].join('\n'),
    structured: { executionId: id, taskRef: task.referenceTaskName, decision, confirmedByPerson, taskStatus, status },
  };
});

/** The waiting task with this name, in any round of a loop. @throws FleetError that says how the task ended, or which tasks wait */
function openGate(execution: Execution, ref: string): Task {
  const open = waitingAmong(execution.tasks);
  const named = open.filter(({ referenceTaskName: name }) => name === ref || nameInDefinition(name) === ref);
  const [task] = named;
  if (task) return task;
  const { workflowId, tasks, status } = execution;
  const ways = callsToAnswer(execution);
  const end = callToEnd(execution, ref);
  const remedy = end
    ? `It waits for a worker, not for a person. To end it in the place of that worker: ${end}`
    : ways.length > 0
      ? `Answer a task that waits in it: ${ways.join(' or ')}`
      : `See where the execution is: ${callOf('get_execution_status', { executionId: workflowId })}`;
  const [past] = tasks
    .filter(({ referenceTaskName: name }) => name === ref || nameInDefinition(name) === ref)
    .sort((a, b) => b.seq - a.seq);
  if (past) throw new FleetError('conflict', `${howEnded(past)} This call decided nothing.`, { remedy });
  const ended = hasEnded(status) ? `, which has ended: ${status}` : '';
  throw new FleetError('not-found', `No task ${quote(ref, 255)} waits in ${workflowId}${ended}.`, { remedy });
}

/** How a task that no longer waits was decided. */
function howEnded({ referenceTaskName, taskType, status, outputData }: Task): string {
  const name = quoteIfUnusual(referenceTaskName);
  const decision = writtenDecision.safeParse(outputData).data;
  if (decision) {
    const { approved, decidedBy, decidedAt, reason } = decision;
    const by = `by ${quoteIfUnusual(decidedBy)} at ${quoteIfUnusual(decidedAt)}`;
    return `${name} was ${approved ? 'approved' : 'rejected'} ${by}, with the reason ${quote(reason)}.`;
  }
  if (status === 'COMPLETED') return `${name} was answered with ${quote(JSON.stringify(outputData))}.`;
  if (status === 'IN_PROGRESS' || status === 'SCHEDULED')
    return `${name} (${quoteIfUnusual(taskType)}, ${status}) does not wait for a decision.`;
  return `${name} is ${status} and was not decided.`;
}

/** @throws FleetError `input` if the definition reads the decision from fields that are missing in `output` */
function mustFit(
  { reads, readsAll }: Gate,
  { referenceTaskName, inputData }: Task,
  output: Record<string, unknown>,
): void {
  const ours = WRITTEN_FIELDS.filter((field) => field in output);
  if (ours.length > 0) {
    throw new FleetError(
      'input',
      `output must not hold ${ours.join(', ')}: decide_approval writes these fields from decision and reason.`,
      {
        remedy: 'Leave them out of output.',
      },
    );
  }
  const asks = reads.filter((field) => field !== 'comment' && field !== 'reason');
  if (readsAll || asks.length === 0 || asks.includes('approved') || asks.some((field) => field in output)) return;
  throw new FleetError(
    'input',
    `The workflow reads the decision of ${quoteIfUnusual(referenceTaskName)} from ${asks.map(quoteIfUnusual).join(', ')}, not from approved.`,
    {
      remedy: `Add these fields with their values: "output":${JSON.stringify(Object.fromEntries(asks.map((field) => [field, null])))}. The task asks about ${quote(JSON.stringify(inputData))}.`,
    },
  );
}

/** The answer in the fields that the definition reads. If the definition reads none, a rejection can only fail the task. */
function answerOf(
  { reads, readsAll }: Gate,
  said: {
    decision: Decision;
    reason: string;
    output: Record<string, unknown>;
    decidedBy: string;
    confirmedByPerson: boolean;
  },
): TaskAnswer {
  const { decision, reason, output, decidedBy, confirmedByPerson } = said;
  const approved = decision === 'approve';
  const outputData = {
    ...(reads.includes('comment') && { comment: reason }),
    ...output,
    approved,
    reason,
    decidedBy,
    decidedAt: new Date().toISOString(),
    confirmedByPerson,
  };
  const isUnread = reads.length === 0 && !readsAll;
  if (approved || !isUnread) return { status: 'COMPLETED', outputData };
  return { status: 'FAILED_WITH_TERMINAL_ERROR', outputData, reasonForIncompletion: `Rejected: ${reason}` };
}

async function decide(conductor: Conductor, task: Task, answer: TaskAnswer): Promise<Task> {
  try {
    return await answerTask(conductor, task, answer);
  } catch (error) {
    if (!(error instanceof FleetError && error.code === 'conflict')) throw error;
    const now = await conductor.getTask(task.taskId);
    if (now.status === 'IN_PROGRESS') throw error;
    const remedy = `See where the execution is: ${callOf('get_execution_status', { executionId: task.workflowInstanceId })}`;
    throw new FleetError('conflict', `${howEnded(now)} Your decision came too late and was not recorded.`, {
      remedy,
      cause: error,
    });
  }
}

interface Question {
  execution: Execution;
  task: Task;
  decision: Decision;
  reason: string;
  effect: string;
  output: Record<string, unknown>;
}

function question({ execution, task, decision, reason, effect, output }: Question): string {
  const { workflowName, workflowVersion, workflowId, correlationId } = execution;
  const more = Object.keys(output).length > 0 ? [`With the output: ${quote(JSON.stringify(output))}`] : [];
  return [
    `${decision === 'approve' ? 'Approve' : 'Reject'} ${quoteIfUnusual(task.referenceTaskName)} of ${quoteIfUnusual(workflowName)} v${workflowVersion}?`,
    `It asks about: ${quote(JSON.stringify(task.inputData), 2000)}`,
    `Execution ${workflowId}${correlationId ? `, correlation ${quote(correlationId)}` : ''}. Reason: ${quote(reason)}`,
    ...more,
    `What follows: ${quote(effect)}`,
  ].join('\n');
}
