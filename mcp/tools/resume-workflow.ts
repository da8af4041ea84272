import { z } from 'zod';
import { FleetError } from '../../core/errors.ts';
import { defineTool } from '../engine/define-tool.ts';
import type { ExecutionAction } from '../operate/apply-action.ts';
import { operateOutput, selectionFields } from '../operate/execution-filter.ts';
import { callOf } from '../shared/quote.ts';

export default defineTool({
  name: 'resume_workflow',
  title: 'Resume executions',
  description: 'Lets paused executions carry on (unpause, lift the hold). For failed ones use retry_workflow.',
  toolset: 'operate',
  byDefault: true,
  permission: 'workflows:execute',
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: true },
  input: z.strictObject(selectionFields),
  output: operateOutput,
}).handler(async (selection, context) => {
  const { operate } = await import('../operate/operate.ts');
  return operate(resume, selection, context);
});

const resume: ExecutionAction = {
  tool: 'resume_workflow',
  done: 'resumed',
  args: {},
  from: ['PAUSED'],
  already: ['RUNNING'],
  act: (conductor, id) => conductor.resume(id),
  // The execution may already have ended when it is read, so every status except PAUSED is accepted.
  worked: ({ status, lastRetriedTime }, before) =>
    status !== 'PAUSED' && (lastRetriedTime ?? 0) > (before.lastRetriedTime ?? 0),
  refusal: ({ workflowId: executionId, status }) =>
    new FleetError('conflict', `${executionId} is not paused. It has ended: ${status}.`, {
      remedy:
        status === 'COMPLETED'
          ? `See its result: ${callOf('get_execution_status', { executionId })}`
          : `Retry its failed tasks: ${callOf('retry_workflow', { executionIds: [executionId] })}`,
    }),
};
