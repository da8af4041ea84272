import { z } from 'zod';
import { findExecution } from '../../mcp/shared/find-execution.ts';
import { defineTopic } from '../server/define-topic.ts';
import { withoutLarge } from '../server/reading/large-values.ts';
import type { ExecutionData } from '../shared/execution-detail.ts';

export default defineTopic<{ id: string }>({
  name: 'execution-data',
  permission: 'executions:read',
  sameAs: ['get_execution_status'],
  params: z.object({ id: z.string().min(1).max(100) }),
}).reader(async ({ id }, { conductor }): Promise<ExecutionData & Record<string, unknown>> => {
  const execution = await findExecution(conductor, id, { includeTasks: false });
  const { input, output, variables } = execution;
  const { tasks: _, workflowDefinition: __, ...raw } = execution;
  return withoutLarge({ input, output, variables, raw });
});
