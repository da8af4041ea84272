import { z } from 'zod';
import { executionIds } from '../reading/completers.ts';
import { defineResource } from '../reading/define-resource.ts';
import { viewOf } from '../reading/execution-view.ts';
import { executionId } from '../shared/fields.ts';
import { orNoExecution } from '../shared/find-execution.ts';

export default defineResource({
  name: 'execution',
  title: 'Workflow execution',
  description: 'Status, times, error and tasks of an execution, without large payloads. Can be subscribed to.',
  uriTemplate: 'conductor://executions/{executionId}',
  mimeType: 'application/json',
  permission: 'executions:read',
  params: z.strictObject({ executionId }),
  complete: { executionId: executionIds },
}).reader(async ({ executionId: id }, { conductor }) => {
  const execution = await orNoExecution(conductor.getExecution(id), id);
  return { text: JSON.stringify(viewOf(execution, Date.now())) };
});
