import { z } from 'zod';
import { executionIds } from '../reading/completers.ts';
import { defineResource } from '../reading/define-resource.ts';
import { executionId } from '../shared/fields.ts';
import { orNoExecution } from '../shared/find-execution.ts';

export default defineResource({
  name: 'execution_output',
  title: 'Output of an execution',
  description: 'The whole output of an execution. A large output is sent in parts.',
  uriTemplate: 'conductor://executions/{executionId}/output',
  mimeType: 'application/json',
  permission: 'executions:read',
  params: z.strictObject({ executionId }),
  complete: { executionId: executionIds },
}).reader(async ({ executionId: id }, { conductor }) => {
  const { output } = await orNoExecution(conductor.getExecution(id, { includeTasks: false }), id);
  return { text: JSON.stringify(output) };
});
