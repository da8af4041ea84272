import { z } from 'zod';
import { defineTopic } from '../server/define-topic.ts';
import { withoutLarge } from '../server/reading/large-values.ts';
import type { TaskData } from '../shared/execution-detail.ts';

const LOGS_SHOWN = 500;

export default defineTopic<{ id: string }>({
  name: 'task',
  permission: 'executions:read',
  sameAs: ['get_execution_status'],
  params: z.object({ id: z.string().min(1).max(100) }),
}).reader(async ({ id }, { conductor }): Promise<TaskData & Record<string, unknown>> => {
  const [task, logs] = await Promise.all([conductor.getTask(id), conductor.taskLogs(id)]);
  const { workflowTask: _, taskDefinition: __, ...raw } = task;
  const shown = logs.slice(-LOGS_SHOWN).map(({ createdTime: at, log: text }) => ({ at, text }));
  return { ...withoutLarge({ input: task.inputData, output: task.outputData, raw }), logs: shown };
});
