import { z } from 'zod';
import type { Execution, WorkflowStatus } from '../../core/conductor/types.ts';
import { FleetError } from '../../core/errors.ts';
import { defineTool, type ToolContext } from '../engine/define-tool.ts';
import type { ExecutionAction } from '../operate/apply-action.ts';
import { type Filter, operateOutput, selectionFields } from '../operate/execution-filter.ts';
import { callOf } from '../shared/quote.ts';

const FAILED: readonly WorkflowStatus[] = ['FAILED', 'TIMED_OUT', 'TERMINATED'];

export default defineTool({
  name: 'retry_workflow',
  title: 'Retry or restart',
  description:
    'Tries what failed in executions once more, or restarts them from the beginning. With changed input: rerun_workflow.',
  toolset: 'operate',
  byDefault: true,
  permission: 'workflows:execute',
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: true },
  input: z.strictObject({
    ...selectionFields,
    mode: z
      .enum(['failed_tasks', 'restart', 'restart_latest'])
      .default('failed_tasks')
      .describe('failed_tasks: only what failed; restart: all, same version; restart_latest: all, newest version'),
  }),
  output: operateOutput,
}).handler(async ({ mode, ...selection }, context) => {
  const { operate } = await import('../operate/operate.ts');
  return operate(mode === 'failed_tasks' ? retry : restart(mode, selection.filter, context), selection, context);
});

const retry: ExecutionAction = {
  tool: 'retry_workflow',
  done: 'retried',
  args: {},
  from: FAILED,
  already: [],
  act: (conductor, id) => conductor.retry(id),
  worked: ({ lastRetriedTime }, before) => (lastRetriedTime ?? 0) > (before.lastRetriedTime ?? 0),
  refusal: (execution) => (execution.status === 'COMPLETED' ? nothingFailed(execution) : notEnded(execution)),
  explain: ({ code }, execution) => (code === 'conflict' ? nothingFailed(execution) : undefined),
};

const restart = (
  mode: 'restart' | 'restart_latest',
  filter: Filter | undefined,
  context: ToolContext,
): ExecutionAction => ({
  tool: 'retry_workflow',
  done: 'restarted',
  args: { mode },
  setsVersion: mode === 'restart_latest',
  // A filter restarts completed executions only if it names that status. An id names its execution, so it needs no status.
  from: filter && !filter.status?.includes('COMPLETED') ? FAILED : [...FAILED, 'COMPLETED'],
  already: [],
  ...(mode === 'restart_latest' && {
    async forbids(before) {
      const { forbiddenLatest } = await import('../operate/gate-guard.ts');
      return forbiddenLatest(before, context);
    },
  }),
  act: (conductor, id) => conductor.restart(id, { useLatestDefinitions: mode === 'restart_latest' }),
  worked: (after, before) => after.startTime > before.startTime,
  refusal: notEnded,
  explain: ({ code }, { workflowId: executionId }) =>
    code === 'not-found'
      ? new FleetError('conflict', `The definition of ${executionId} does not allow a restart after success.`, {
          remedy: `Run it again with an input: ${callOf('rerun_workflow', { executionId })}`,
        })
      : undefined,
});

function nothingFailed({ workflowId, status }: Execution): FleetError {
  const call = callOf('retry_workflow', { executionIds: [workflowId], mode: 'restart' });
  return new FleetError('conflict', `${workflowId} (${status}) has no failed task to retry.`, {
    remedy: `Run it again from its start: ${call}`,
  });
}

function notEnded({ workflowId: executionId, status }: Execution): FleetError {
  const paused = status === 'PAUSED';
  return new FleetError('conflict', `${executionId} has not ended. It is ${status}.`, {
    remedy: paused
      ? `Resume it: ${callOf('resume_workflow', { executionIds: [executionId] })}`
      : `See what it waits for: ${callOf('diagnose_execution', { executionId })}`,
  });
}
