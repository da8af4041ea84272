import { z } from 'zod';
import { FleetError } from '../../core/errors.ts';
import { defineTool } from '../engine/define-tool.ts';
import type { ExecutionAction } from '../operate/apply-action.ts';
import { askPerson } from '../operate/ask-person.ts';
import { operateOutput, selectionFields, someText } from '../operate/execution-filter.ts';
import { callOf, quote } from '../shared/quote.ts';

export default defineTool({
  name: 'terminate_workflow',
  title: 'Terminate executions',
  description: 'Stops executions for good (kill, abort, cancel). To stop them for a while use pause_workflow.',
  toolset: 'operate',
  byDefault: true,
  permission: 'workflows:execute',
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
  input: z.strictObject({
    ...selectionFields,
    reason: someText.describe('Stored with each execution'),
  }),
  output: operateOutput,
}).handler(async ({ reason, ...selection }, context) => {
  const { operate } = await import('../operate/operate.ts');
  return operate(terminate(reason), selection, context, (what, key) =>
    askPerson(context, key, {
      message: `Terminate ${what} with the reason ${quote(reason)}?`,
      refused: 'The person declined. Nothing was terminated.',
    }),
  );
});

const terminate = (reason: string): ExecutionAction => ({
  tool: 'terminate_workflow',
  done: 'terminated',
  args: { reason },
  from: ['RUNNING', 'PAUSED'],
  already: ['TERMINATED'],
  act: (conductor, id) => conductor.terminate(id, reason),
  worked: ({ status }) => status === 'TERMINATED',
  refusal: ({ workflowId: executionId, status }) =>
    new FleetError('conflict', `${executionId} has already ended: ${status}.`, {
      remedy: `See its result: ${callOf('get_execution_status', { executionId })}`,
    }),
});
