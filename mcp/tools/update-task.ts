import { z } from 'zod';
import { mistakesIn } from '../../core/conductor/start-checked.ts';
import type { Task } from '../../core/conductor/types.ts';
import { FleetError } from '../../core/errors.ts';
import { duration, instant } from '../../core/text.ts';
import { type Ending, endTask, extendClaim, giveBack, heldTask, isClaimId } from '../agents/claims.ts';
import { defineTool, type ToolContext } from '../engine/define-tool.ts';
import { someText } from '../operate/execution-filter.ts';
import { executionId, jsonObject } from '../shared/fields.ts';
import { findExecution } from '../shared/find-execution.ts';
import { callOf, quoteIfUnusual } from '../shared/quote.ts';

export default defineTool({
  name: 'update_task',
  title: 'Report on a task',
  description:
    'Reports on a task that you claimed and work on: progress (keeps the lease on), complete with its result, failed with a reason, or given back (released) so that another worker takes it. Tells if the lease was lost. With executionId and taskRef instead of claimId: completes or fails a task of a worker that does not report.',
  toolset: 'agents',
  byDefault: true,
  permission: 'tasks:write',
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: false },
  input: z.strictObject({
    claimId: z
      .string()
      .refine(isClaimId, 'must be a claimId from claim_task')
      .optional()
      .describe('From claim_task, for a task that you claimed'),
    executionId: executionId.optional().describe('Without claimId: id of the execution'),
    taskRef: someText.optional().describe('Without claimId: reference name of the open task, e.g. charge_ref'),
    status: z
      .enum(['progress', 'complete', 'fail', 'release'])
      .describe('What happened; progress and release only with claimId'),
    output: jsonObject.optional().describe('The result, with complete or fail'),
    reason: z.string().min(1).max(2000).optional().describe('Why it failed, with fail'),
    retryable: z.boolean().default(true).describe('With fail: false ends it without a retry'),
    message: z.string().min(1).max(2000).optional().describe('A line for the log of the task'),
  }),
  output: z.object({
    /** The task's present status on the server. */
    status: z.string(),
    taskRef: z.string(),
    executionId: z.string(),
    keptUntil: z.string().optional(),
  }),
}).handler(async (args, context) => {
  const target = targetOf(args);
  checkArguments(args, target);
  return 'claimId' in target ? reportOnClaim(target.claimId, args, context) : endForWorker(target, args, context);
});

type Target = { readonly claimId: string } | { readonly executionId: string; readonly taskRef: string };

interface Update {
  claimId?: string | undefined;
  executionId?: string | undefined;
  taskRef?: string | undefined;
  status: 'progress' | 'complete' | 'fail' | 'release';
  output?: Record<string, unknown> | undefined;
  reason?: string | undefined;
  retryable: boolean;
  message?: string | undefined;
}

function targetOf({ claimId, executionId: id, taskRef }: Update): Target {
  if (claimId !== undefined && id === undefined && taskRef === undefined) return { claimId };
  if (claimId === undefined && id !== undefined && taskRef !== undefined) return { executionId: id, taskRef };
  throw new FleetError('input', 'update_task takes either claimId, or executionId together with taskRef.', {
    remedy:
      id === undefined
        ? 'Give the claimId that claim_task returned.'
        : `Name the task. List the tasks: ${callOf('get_execution_status', { executionId: id, detail: 'tasks' })}`,
  });
}

async function reportOnClaim(claimId: string, args: Update, context: ToolContext) {
  const { conductor, leases, seal } = context;
  await leases.quiet(claimId);
  try {
    const task = await heldTask(conductor, claimId, seal);
    if (args.message !== undefined) await conductor.addTaskLog(task.taskId, args.message);
    return await report(task, { ...args, claimId }, context);
  } catch (error) {
    if (error instanceof FleetError && ['conflict', 'not-found'].includes(error.code)) leases.forget(claimId);
    else leases.resume(claimId);
    throw error;
  }
}

/** Ends an open task in the place of its worker. The task's log says who did it. */
async function endForWorker(
  { executionId: id, taskRef }: { executionId: string; taskRef: string },
  args: Update,
  { conductor, caller }: ToolContext,
) {
  const { endOpenTask, openWorkerTask } = await import('../agents/end-open-task.ts');
  const task = openWorkerTask(await findExecution(conductor, id), taskRef);
  const ending = endingOf(task, args);
  const { status } = await endOpenTask(conductor, task, ending);
  const note = `${status} by ${caller.name} through MCP${args.message === undefined ? '' : `: ${args.message}`}`;
  await conductor.addTaskLog(task.taskId, note);
  const { referenceTaskName, workerId } = task;
  const late =
    task.status === 'IN_PROGRESS' && workerId
      ? ` Worker ${quoteIfUnusual(workerId)} had it; the server ignores what that worker still reports.`
      : '';
  const next = `See what follows: ${callOf('get_execution_status', { executionId: id })}`;
  return {
    text: `${quoteIfUnusual(referenceTaskName)} of ${id} is ${status}.${late} ${next}`,
    structured: { status, taskRef: referenceTaskName, executionId: id },
  };
}

/** Refuses arguments that the server would silently drop. */
function checkArguments({ status, output, reason }: Update, target: Target): void {
  const again = (args: Record<string, unknown>) => `Call: ${callOf('update_task', { ...target, ...args })}`;
  if ((status === 'progress' || status === 'release') && !('claimId' in target)) {
    throw new FleetError('input', `Status ${status} needs a claimId: only the worker that has a task can do this.`, {
      remedy: `Name a claim, or end the task: ${callOf('update_task', { ...target, status: 'complete', output: {} })}`,
    });
  }
  if (status === 'fail' && reason === undefined) {
    throw new FleetError('input', 'Status fail needs a reason.', {
      remedy: again({ status, reason: 'what went wrong' }),
    });
  }
  if (reason !== undefined && status !== 'fail') {
    throw new FleetError('input', 'reason is only for status fail.', { remedy: again({ status, message: reason }) });
  }
  if (output !== undefined && (status === 'progress' || status === 'release')) {
    throw new FleetError('input', `The server keeps no output with status ${status}; use message instead.`, {
      remedy: again({ status, message: 'how far it is' }),
    });
  }
}

async function report(task: Task, { claimId, ...update }: Update & { claimId: string }, context: ToolContext) {
  const { conductor, leases } = context;
  const known = { taskRef: task.referenceTaskName, executionId: task.workflowInstanceId };
  const name = `${quoteIfUnusual(known.taskRef)} of ${known.executionId}`;
  switch (update.status) {
    case 'progress': {
      await extendClaim(conductor, task);
      const until = leases.keep(task, claimId);
      const keptUntil = instant(until);
      const text = `${name} is still yours. Without another report the lease is kept until ${keptUntil} (${duration(until - Date.now())}).`;
      return { text, structured: { status: 'IN_PROGRESS', ...known, keptUntil } };
    }
    case 'release':
      await giveBack(conductor, task);
      leases.forget(claimId);
      return {
        text: `${name} is back in its queue; any worker can take it.`,
        structured: { status: 'SCHEDULED', ...known },
      };
    case 'complete':
    case 'fail':
      await endTask(conductor, task, endingOf(task, update));
      break;
  }
  leases.forget(claimId);
  const { status: now } = await conductor.getTask(task.taskId);
  const next = `See what follows: ${callOf('get_execution_status', { executionId: known.executionId })}`;
  return { text: `${name} is ${quoteIfUnusual(now)}. ${next}`, structured: { status: now, ...known } };
}

/** The result to write. @throws FleetError `input` if the output does not match the schema of the task definition */
function endingOf(task: Task, { status, output = {}, reason = '', retryable }: Update): Ending {
  if (status === 'complete') {
    checkOutput(task, output);
    return { status: 'COMPLETED', outputData: output };
  }
  const failed = retryable ? 'FAILED' : 'FAILED_WITH_TERMINAL_ERROR';
  return { status: failed, outputData: output, reasonForIncompletion: reason };
}

const withSchema = z.looseObject({
  outputSchema: z.looseObject({ data: z.record(z.string(), z.unknown()).nullish() }).nullish(),
});

/** Checks the output against the task definition's schema, because later tasks rely on the schema and the server does not enforce it. */
function checkOutput({ taskDefinition, taskDefName, taskType }: Task, output: Record<string, unknown>): void {
  const schema = withSchema.safeParse(taskDefinition).data?.outputSchema?.data ?? undefined;
  const mistakes = mistakesIn(schema, output, 'output');
  if (mistakes.length === 0) return;
  const name = quoteIfUnusual(taskDefName ?? taskType);
  throw new FleetError('input', `The output does not match the schema of ${name}: ${mistakes.join(' ')}`, {
    remedy: 'Complete the task again with an output that matches. The task is still open.',
  });
}
