import { z } from 'zod';
import { FleetError } from '../../core/errors.ts';
import { defineTool } from '../engine/define-tool.ts';
import type { ExecutionAction } from '../operate/apply-action.ts';
import { operateOutput, selectionFields } from '../operate/execution-filter.ts';
import { callOf } from '../shared/quote.ts';

export default defineTool({
  name: 'pause_workflow',
  title: 'Pause executions',
  description: 'Puts running executions on hold (freezes them): nothing new is scheduled until resume_workflow.',
  toolset: 'operate',
  byDefault: true,
  permission: 'workflows:execute',
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input: z.strictObject(selectionFields),
  output: operateOutput,
}).handler(async (selection, context) => {
  const { operate } = await import('../operate/operate.ts');
  return operate(pause, selection, context);
});

const pause: ExecutionAction = {
  tool: 'pause_workflow',
  done: 'paused',
  args: {},
  from: ['RUNNING'],
  already: ['PAUSED'],
  act: (conductor, id) => conductor.pause(id),
  worked: ({ status }) => status === 'PAUSED',
  refusal: ({ workflowId: executionId, status }) =>
    new FleetError('conflict', `${executionId} has ended (${status}), so there is nothing to pause.`, {
      remedy: `See its result: ${callOf('get_execution_status', { executionId })}`,
    }),
  note: 'Tasks that a worker or a person already has can still be completed, and sub-workflows continue.',
};
