import { defineTask, z } from 'conductor-fleet';

export default defineTask({
  name: 'log_failure',
  description: 'Writes a failure to the log of the worker process, where alerting can find it.',
  input: z.object({
    workflowId: z.string(),
    reason: z.string(),
    context: z.record(z.string(), z.unknown()).optional(),
  }),
  output: z.object({ loggedAt: z.iso.datetime() }),
}).worker(async ({ workflowId, reason, context }, { log }) => {
  log.error({ failedWorkflowId: workflowId, reason, context }, 'workflow failed');
  return { loggedAt: new Date().toISOString() };
});
