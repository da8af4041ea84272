import type { Conductor } from '../../core/conductor/api.ts';
import type { Execution, Task } from '../../core/conductor/types.ts';
import { answerTask, type TaskAnswer } from '../../core/conductor/waiting-tasks.ts';
import { FleetError } from '../../core/errors.ts';
import { type Gate, gateOf } from '../../workflows/model/answer-effects.ts';
import type { Caller } from '../admission/permissions.ts';
import { callOf, quote, quoteIfUnusual } from '../shared/quote.ts';
import { digestOf, howEnded, mustAskAsShown, RECORD_FIELDS, recordOf } from './approval-record.ts';
import { definitionOf } from './execution-definition.ts';

/** A task that waits for a decision, with its execution. */
interface Waiting {
  readonly execution: Execution;
  readonly task: Task;
}

/** A yes or no to a waiting task, and what the decider saw. */
export interface Decision {
  readonly approved: boolean;
  readonly reason: string;
  /** Further fields of the answer. */
  readonly output: Readonly<Record<string, unknown>>;
  readonly confirmedByPerson: boolean;
  /** The question, as it was shown. */
  readonly shown: string;
  /** The starters of the execution, from `startersOf`. */
  readonly starters: readonly string[];
}

/**
 * Decides a waiting task, and records who decided it and what was shown. Exactly one decision of a task succeeds.
 * @param waiting the task as it was when the question was shown
 * @throws FleetError `conflict` if the task was decided before, with who decided it; or if it asks about something else now
 */
export async function decideTask(
  conductor: Conductor,
  { execution, task: shownTask }: Waiting,
  { decision, caller }: { decision: Decision; caller: Caller },
): Promise<Task> {
  const answer = answerOf(gateOf(definitionOf(execution), shownTask.referenceTaskName), decision, caller);
  try {
    return await answerTask(conductor, shownTask, (now) => {
      mustAskAsShown(now, shownTask);
      return answer;
    });
  } catch (error) {
    if (!(error instanceof FleetError && error.code === 'conflict')) throw error;
    const now = await conductor.getTask(shownTask.taskId);
    if (now.status === 'IN_PROGRESS') throw error;
    const remedy = `See where the execution is: ${callOf('get_execution_status', { executionId: now.workflowInstanceId })}`;
    throw new FleetError('conflict', `${howEnded(now)} Your decision came too late and was not recorded.`, {
      remedy,
      cause: error,
    });
  }
}

/** The fields from which the definition reads the decision. Empty if `approved` is enough. */
export function fieldsAsked({ execution, task }: Waiting): readonly string[] {
  const { reads, readsAll } = gateOf(definitionOf(execution), task.referenceTaskName);
  const asks = reads.filter((field) => field !== 'comment' && field !== 'reason');
  return readsAll || asks.includes('approved') ? [] : asks;
}

/** @throws FleetError `input` if the definition reads the decision from fields that are missing in `output` */
export function mustFit(waiting: Waiting, output: Readonly<Record<string, unknown>>): void {
  const { referenceTaskName, inputData } = waiting.task;
  const ours = ['approved', 'reason', ...RECORD_FIELDS].filter((field) => field in output);
  if (ours.length > 0) {
    throw new FleetError(
      'input',
      `output must not hold ${ours.join(', ')}: decide_approval writes these fields from decision and reason.`,
      {
        remedy: 'Leave them out of output.',
      },
    );
  }
  const asks = fieldsAsked(waiting);
  if (asks.length === 0 || asks.some((field) => field in output)) return;
  throw new FleetError(
    'input',
    `The workflow reads the decision of ${quoteIfUnusual(referenceTaskName)} from ${asks.map(quoteIfUnusual).join(', ')}, not from approved.`,
    {
      remedy: `Add these fields with their values: "output":${JSON.stringify(Object.fromEntries(asks.map((field) => [field, null])))}. The task asks about ${quote(JSON.stringify(inputData))}.`,
    },
  );
}

/** The answer in the fields that the definition reads. If the definition reads none, a rejection can only fail the task. */
function answerOf({ reads, readsAll }: Gate, decision: Decision, caller: Caller): TaskAnswer {
  const { approved, reason, output, confirmedByPerson, shown, starters } = decision;
  const outputData = {
    ...(reads.includes('comment') && { comment: reason }),
    ...output,
    approved,
    reason,
    confirmedByPerson,
    ...recordOf({ decider: caller, shown, starters }),
  };
  const isUnread = reads.length === 0 && !readsAll;
  if (approved || !isUnread) return { status: 'COMPLETED', outputData };
  return { status: 'FAILED_WITH_TERMINAL_ERROR', outputData, reasonForIncompletion: `Rejected: ${reason}` };
}

/**
 * True if the caller may decide, but only after a confirmation, because this caller started the execution. This is the one caller of a
 * server without authentication, who has no second person.
 * @throws FleetError `denied` for any other caller who started the execution
 */
export function mustConfirmOwn(caller: Caller, starters: readonly string[], executionId: string): boolean {
  if (!starters.includes(caller.id)) return false;
  if (caller.knownBy === 'configuration') return true;
  throw new FleetError(
    'denied',
    `${quoteIfUnusual(caller.name)} started this execution, and whoever starts an execution may not decide its approvals. Nothing was decided.`,
    {
      remedy: `Ask another person who has the permission approvals:decide. To give it up instead: ${callOf('terminate_workflow', { executionIds: [executionId], reason: 'why' })}`,
    },
  );
}

const SHOWN_INPUT = 2000;

/** What a waiting task asks about. If the data are too long to show, their digest stands for the rest. */
export function aboutOf({ inputData }: Pick<Task, 'inputData'>): string {
  const json = JSON.stringify(inputData);
  return json.length <= SHOWN_INPUT
    ? quote(json, SHOWN_INPUT)
    : `${quote(json, SHOWN_INPUT)} (cut; SHA-256 of the whole: ${digestOf(inputData)})`;
}

/** Names an execution in a question. */
export function executionLine({ workflowId, correlationId }: Execution): string {
  return `Execution ${workflowId}${correlationId ? `, correlation ${quote(correlationId)}` : ''}.`;
}
