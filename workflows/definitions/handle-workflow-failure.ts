import { defineWorkflow, externalApi, failureInput, fromSetting, z } from 'conductor-fleet';
import logFailure from '../../workers/tasks/log-failure.ts';

export default defineWorkflow({
  name: 'HandleWorkflowFailure',
  version: 1,
  description: 'Runs after another workflow has failed: logs the failure, sends a notification, and cleans up.',
  input: failureInput.extend({ shopUrl: fromSetting('shopUrl', z.url(), 'http://127.0.0.1:8090') }),
  output: z.object({ failedWorkflowId: z.string(), loggedAt: z.string(), notified: z.number(), cleaned: z.number() }),
}).build((wf, input) => {
  const logged = wf.task('log', logFailure, { workflowId: input.workflowId, reason: input.reason });
  const notified = wf.http('notify', externalApi, {
    method: 'POST',
    uri: `${input.shopUrl}/notifications`,
    headers: { 'Idempotency-Key': `${input.workflowId}:failed` },
    body: { kind: 'workflow_failed', workflowId: input.workflowId, reason: input.reason },
    response: z.unknown(),
  });
  const cleaned = wf.http('clean_up', externalApi, {
    method: 'DELETE',
    uri: `${input.shopUrl}/cleanup/${input.workflowId}`,
    response: z.unknown(),
  });
  return {
    failedWorkflowId: input.workflowId,
    loggedAt: logged.output.loggedAt,
    notified: notified.output.response.statusCode,
    cleaned: cleaned.output.response.statusCode,
  };
});
