import type { Approval } from '../../shared/execution-row.ts';
import { count, duration, short } from '../show/format.ts';
import type { Ask } from './confirm.ts';

/*
 * What a person reads before each action. The sentences say what follows for these executions; the tool checks again when it acts.
 */

/** An execution, as far as these sentences need it. */
export interface Run {
  readonly id: string;
  readonly workflow: string;
  readonly status: string;
  readonly correlation?: string | undefined;
}

/** At most this many executions are named one by one. */
const NAMED = 5;

export const nameOf = ({ workflow, correlation, id }: Run) => `${workflow} ${correlation ?? short(id)}`;
const idsOf = (runs: readonly Run[]) => ({ executionIds: runs.map(({ id }) => id) });

/** The runs in words: one by its name, several by their number. */
function these(runs: readonly Run[]): string {
  const [only] = runs;
  return runs.length === 1 && only ? nameOf(only) : count(runs.length, 'execution');
}

/** A sentence for each of the first runs, and how many others there are. */
function each(runs: readonly Run[], sentence: string): string[] {
  if (runs.length === 1) return [`${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}`];
  const rest = runs.length - NAMED;
  return [
    ...runs.slice(0, NAMED).map((run) => `${nameOf(run)}: ${sentence}`),
    ...(rest > 0 ? [`And ${rest} more.`] : []),
  ];
}

export const canRetry = ({ status }: Run) => ['FAILED', 'TIMED_OUT', 'TERMINATED'].includes(status);
export const isOpenRun = ({ status }: Run) => status === 'RUNNING' || status === 'PAUSED';

export function retryAsk(runs: readonly Run[]): Ask {
  return {
    title: `Retry ${these(runs)}?`,
    does: [
      ...each(runs, 'the task that failed is scheduled again with the same input.'),
      'Completed tasks are not run again.',
    ],
    tool: 'retry_workflow',
    args: idsOf(runs),
    button: 'Retry',
    done: `Retried ${these(runs)}.`,
  };
}

export function terminateAsk(runs: readonly Run[]): Ask {
  return {
    title: `Terminate ${these(runs)}?`,
    does: [
      ...each(runs, 'it ends now as terminated, and its open tasks are cancelled.'),
      'What has been done stays done. This cannot be taken back.',
    ],
    tool: 'terminate_workflow',
    args: idsOf(runs),
    button: 'Terminate',
    isDangerous: true,
    reason: 'Reason (kept with the execution)',
    done: `Terminated ${these(runs)}.`,
  };
}

export function pauseAsk(runs: readonly Run[]): Ask {
  return {
    title: `Pause ${these(runs)}?`,
    does: [...each(runs, 'no further task is scheduled until it is resumed.'), 'Tasks that run now run to their end.'],
    tool: 'pause_workflow',
    args: idsOf(runs),
    button: 'Pause',
    done: `Paused ${these(runs)}.`,
  };
}

export function resumeAsk(runs: readonly Run[]): Ask {
  return {
    title: `Resume ${these(runs)}?`,
    does: each(runs, 'its next tasks are scheduled at once.'),
    tool: 'resume_workflow',
    args: idsOf(runs),
    button: 'Resume',
    done: `Resumed ${these(runs)}.`,
  };
}

export function decideAsk(approval: Approval, decision: 'approve' | 'reject', now: number): Ask {
  const { executionId, ref, workflow, correlation, about, since } = approval;
  const name = `${workflow} ${correlation ?? short(executionId)}`;
  const verb = decision === 'approve' ? 'Approve' : 'Reject';
  return {
    title: `${verb}: ${about}?`,
    does: [
      `The task ${ref} of ${name} has waited ${duration(now - since)} for a person. It completes with your decision.`,
      'Before it decides, the fleet shows what follows from your decision.',
      'A decision cannot be taken back.',
    ],
    tool: 'decide_approval',
    args: { executionId, taskRef: ref, decision },
    asks: true,
    button: verb,
    isDangerous: decision === 'reject',
    reason: 'Reason (kept with the decision)',
    done: `${verb === 'Approve' ? 'Approved' : 'Rejected'}: ${about}.`,
  };
}

/** Runs an ended execution again, from a task or from its start. Its input can be edited first. */
export function rerunAsk(run: Run, taskRef: string | undefined, input: unknown): Ask {
  const from = taskRef === undefined ? 'its start' : taskRef;
  return {
    title: `Rerun ${nameOf(run)} from ${from}?`,
    does: [
      taskRef === undefined
        ? 'All its tasks run again.'
        : `${taskRef} and all tasks after it run again. The tasks before it keep their results.`,
      'The earlier results of tasks that run again are deleted.',
    ],
    tool: 'rerun_workflow',
    args: { executionId: run.id, ...(taskRef !== undefined && { taskRef }), inputMode: 'replace' },
    json: {
      name: taskRef === undefined ? 'workflowInput' : 'taskInput',
      label: `Input of ${from === taskRef ? taskRef : 'the execution'}`,
      value: input ?? {},
    },
    button: 'Rerun',
    isDangerous: true,
    done: `Runs again: ${nameOf(run)}.`,
  };
}
