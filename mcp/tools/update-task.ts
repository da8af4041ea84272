import { z } from 'zod';
import { mistakesIn } from '../../core/conductor/start-checked.ts';
import type { Task } from '../../core/conductor/types.ts';
import { FleetError } from '../../core/errors.ts';
import { duration, instant } from '../../core/text.ts';
import { endTask, extendClaim, giveBack, heldTask, isClaimId } from '../agents/claims.ts';
import { defineTool, type ToolContext } from '../engine/define-tool.ts';
import { jsonObject } from '../shared/fields.ts';
import { callOf, quoteIfUnusual } from '../shared/quote.ts';

export default defineTool({
  name: 'update_task',
  title: 'Report on a claimed task',
  description:
    'Reports on a task that you claimed and work on: progress (keeps the lease on), complete with its result, failed with a reason, or given back (released) so that another worker takes it. Tells if the lease was lost.',
  toolset: 'agents',
  permission: 'workflows:execute',
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: false },
  input: z.strictObject({
    claimId: z.string().refine(isClaimId, 'must be a claimId from claim_task').describe('Of claim_task'),
    status: z.enum(['progress', 'complete', 'fail', 'release']).describe('What happened'),
    output: jsonObject.optional().describe('The result; complete or fail'),
    reason: z.string().min(1).max(2000).optional().describe('Why it failed'),
    retryable: z.boolean().default(true).describe('fail: try it again as its definition says'),
    message: z.string().min(1).max(2000).optional().describe('A line for the task log'),
  }),
  output: z.object({
    /** The task's present status on the server. */
    status: z.string(),
    taskRef: z.string(),
    executionId: z.string(),
    keptUntil: z.string().optional(),
  }),
}).handler(async (args, context) => {
  const { claimId } = args;
  checkArguments(args);
  const { conductor, leases } = context;
  await leases.quiet(claimId);
  try {
    const task = await heldTask(conductor, claimId);
    if (args.message !== undefined) await conductor.addTaskLog(task.taskId, args.message);
    return await report(task, args, context);
  } catch (error) {
    if (error instanceof FleetError && ['conflict', 'not-found'].includes(error.code)) leases.forget(claimId);
    else leases.resume(claimId);
    throw error;
  }
});

interface Update {
  claimId: string;
  status: 'progress' | 'complete' | 'fail' | 'release';
  output?: Record<string, unknown> | undefined;
  reason?: string | undefined;
  retryable: boolean;
}

/** Refuses arguments that the server would silently drop. */
function checkArguments({ claimId, status, output, reason }: Update): void {
  const again = (args: Record<string, unknown>) => `Call: ${callOf('update_task', { claimId, ...args })}`;
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

async function report(
  task: Task,
  { claimId, status, output = {}, reason = '', retryable }: Update,
  context: ToolContext,
) {
  const { conductor, leases } = context;
  const known = { taskRef: task.referenceTaskName, executionId: task.workflowInstanceId };
  const name = `${quoteIfUnusual(known.taskRef)} of ${known.executionId}`;
  switch (status) {
    case 'progress': {
      await extendClaim(conductor, task);
      const until = leases.keep(task);
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
      checkOutput(task, output);
      await endTask(conductor, task, { status: 'COMPLETED', outputData: output });
      break;
    case 'fail': {
      const failed = retryable ? 'FAILED' : 'FAILED_WITH_TERMINAL_ERROR';
      await endTask(conductor, task, { status: failed, outputData: output, reasonForIncompletion: reason });
      break;
    }
  }
  leases.forget(claimId);
  const { status: now } = await conductor.getTask(task.taskId);
  const next = `See what follows: ${callOf('get_execution_status', { executionId: known.executionId })}`;
  return { text: `${name} is ${quoteIfUnusual(now)}. ${next}`, structured: { status: now, ...known } };
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
    remedy: 'Complete the task again with an output that matches. The task is still yours.',
  });
}
