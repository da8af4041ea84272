import { defineTask, z } from 'conductor-fleet';

export default defineTask({
  name: 'log_message',
  description: 'Writes a line to the log of the worker process.',
  input: z.object({ message: z.string().min(1), context: z.record(z.string(), z.unknown()).optional() }),
  output: z.object({ loggedAt: z.iso.datetime() }),
}).worker(async ({ message, context }, { log, workflowId }) => {
  log.info({ workflowId, context }, message);
  return { loggedAt: new Date().toISOString() };
});
