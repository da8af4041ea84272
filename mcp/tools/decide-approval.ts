import { z } from 'zod';
import { type Execution, hasEnded, type Task } from '../../core/conductor/types.ts';
import { waitingAmong } from '../../core/conductor/waiting-tasks.ts';
import { FleetError } from '../../core/errors.ts';
import { effectsOf } from '../../workflows/model/answer-effects.ts';
import { nameInDefinition } from '../../workflows/model/skip-and-rerun.ts';
import { defineTool, type ToolContext } from '../engine/define-tool.ts';
import { digestOf, howEnded } from '../operate/approval-record.ts';
import { askPerson } from '../operate/ask-person.ts';
import { aboutOf, decideTask, executionLine, mustConfirmOwn, mustFit } from '../operate/decision.ts';
import { definitionOf } from '../operate/execution-definition.ts';
import { someText } from '../operate/execution-filter.ts';
import { callsToAnswer, callToEnd } from '../operate/open-work.ts';
import { startersOf } from '../operate/starter.ts';
import { executionId, jsonObject } from '../shared/fields.ts';
import { findExecution } from '../shared/find-execution.ts';
import { callOf, quote, quoteIfUnusual } from '../shared/quote.ts';

const OUTPUT_LIMIT = 100_000;
type Choice = 'approve' | 'reject';
/** A schedule, an event handler or another program may have started it, on behalf of anyone. */
const STARTER_UNKNOWN = 'It is not known who started this execution, so the decider may be the same person.';

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
    confirm: z.string().max(100).optional().describe('Only if an answer asks for it'),
  }),
  output: z.object({
    executionId: z.string(),
    taskRef: z.string(),
    decision: z.string(),
    confirmedByPerson: z.boolean(),
    taskStatus: z.string(),
    status: z.string(),
  }),
}).handler(async (args, context) => {
  const { executionId: id, taskRef, decision, reason, output } = args;
  const { conductor, caller } = context;
  const execution = await findExecution(conductor, id);
  const task = openGate(execution, taskRef);
  const def = definitionOf(execution);
  mustFit({ execution, task }, output);
  const starters = await startersOf(conductor, execution);
  const isOwn = mustConfirmOwn(caller, starters, id);
  const { onApprove, onReject } = effectsOf(def, task.referenceTaskName);
  const effect = decision === 'approve' ? onApprove : onReject;
  const shown = question({ execution, task, decision, reason, effect, output, isOwn, starters });
  const confirmedByPerson = await askPerson(context, `${task.taskId} ${decision} ${digestOf(task.inputData)}`, {
    message: shown,
    refused: 'The person did not confirm. Nothing was decided.',
  });
  if (isOwn && !confirmedByPerson) mustBeConfirmed({ ...args, shown, digest: digestOf(task.inputData) }, context);
  const { status: taskStatus } = await decideTask(
    conductor,
    { execution, task },
    {
      decision: { approved: decision === 'approve', reason, output, confirmedByPerson, shown, starters },
      caller,
    },
  );
  const { status } = await findExecution(conductor, id, { includeTasks: false });
  return {
    text: [
      `${quoteIfUnusual(task.referenceTaskName)} of ${id}: ${decision === 'approve' ? 'approved' : 'rejected'}${confirmedByPerson ? ', confirmed by the person' : ''}${isOwn ? '; the record says that the decider also started the execution' : ''}.`,
      ...(starters.length === 0 ? [STARTER_UNKNOWN] : []),
      `What follows: ${quote(effect)}. The execution is ${status}.`,
      `Follow it: ${callOf('get_execution_status', { executionId: id })}`,
    ].join('\n'),
    structured: { executionId: id, taskRef: task.referenceTaskName, decision, confirmedByPerson, taskStatus, status },
  };
});

interface Confirmable {
  executionId: string;
  taskRef: string;
  decision: Choice;
  reason: string;
  output: Record<string, unknown>;
  confirm?: string | undefined;
  shown: string;
  digest: string;
}

/**
 * Without a form, the second call is the confirmation.
 * @throws FleetError `conflict` with the question and the confirming call, unless this call is that call
 */
function mustBeConfirmed({ confirm, shown, digest, ...call }: Confirmable, { seal }: Pick<ToolContext, 'seal'>): void {
  const parts = [digest, JSON.stringify(call)];
  if (confirm !== undefined && seal.fits(confirm, 'confirm', ...parts)) return;
  const again = callOf('decide_approval', { ...call, confirm: seal.of('confirm', ...parts) });
  throw new FleetError(
    'conflict',
    'You started this execution yourself, so the decision needs a confirmation. Nothing was decided.',
    { remedy: `Show your person this question:\n${shown}\nOnly if the person confirms it: ${again}` },
  );
}

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

interface Question {
  execution: Execution;
  task: Task;
  decision: Choice;
  reason: string;
  effect: string;
  output: Record<string, unknown>;
  isOwn: boolean;
  starters: readonly string[];
}

function question({ execution, task, decision, reason, effect, output, isOwn, starters }: Question): string {
  const { workflowName, workflowVersion } = execution;
  const more = Object.keys(output).length > 0 ? [`With the output: ${quote(JSON.stringify(output))}`] : [];
  return [
    `${decision === 'approve' ? 'Approve' : 'Reject'} ${quoteIfUnusual(task.referenceTaskName)} of ${quoteIfUnusual(workflowName)} v${workflowVersion}?`,
    `It asks about: ${aboutOf(task)}`,
    `${executionLine(execution)} Reason: ${quote(reason)}`,
    ...more,
    ...(isOwn ? ['You started this execution yourself.'] : []),
    ...(starters.length === 0 ? [STARTER_UNKNOWN] : []),
    `What follows: ${quote(effect)}`,
  ].join('\n');
}
