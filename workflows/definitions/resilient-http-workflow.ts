import { defineWorkflow, fromSetting, z } from 'conductor-fleet';
import httpRequest from '../../workers/tasks/http-request.ts';
import logFailure from '../../workers/tasks/log-failure.ts';
import handleWorkflowFailure from './handle-workflow-failure.ts';

export default defineWorkflow({
  name: 'ResilientHttpWorkflow',
  version: 1,
  description:
    'Calls an address, with 3 retries after 5, 10 and 20 s. An answer of 200 is processed, 404 falls back to cached data, any other status is logged. If all retries fail, the failure workflow runs.',
  input: z.object({
    url: z.url(),
    method: z.enum(['GET', 'POST', 'PUT', 'DELETE']).default('GET'),
    body: z.unknown().optional(),
    shopUrl: fromSetting('shopUrl', z.url(), 'http://127.0.0.1:8090'),
  }),
  output: z.object({
    statusCode: z.number(),
    outcome: z.enum(['success', 'fallback', 'logged']),
    data: z.unknown(),
  }),
  variables: z.object({
    outcome: z.enum(['success', 'fallback', 'logged']),
    data: z.unknown(),
  }),
  failureWorkflow: handleWorkflowFailure,
  timeoutSeconds: 300,
}).build((wf, input) => {
  const call = wf.task('call', httpRequest, { url: input.url, method: input.method, body: input.body });
  wf.switch(
    'by_status',
    call.output.statusCode,
    {
      '200': (ok) => {
        const processed = ok.jq('process_success', {
          inputs: { body: call.output.body },
          query: '{processed: true, body: .body}',
          output: z.object({ processed: z.boolean(), body: z.unknown() }),
        });
        ok.set('keep_success', { outcome: 'success', data: processed.output.result });
      },
      '404': (missing) => {
        missing.set('keep_fallback', { outcome: 'fallback', data: { fallback: true, cached: true } });
      },
    },
    (other) => {
      other.task('log_error', logFailure, {
        workflowId: wf.workflowId,
        reason: `${input.url} answered ${call.output.statusCode}`,
      });
      other.set('keep_error', { outcome: 'logged', data: call.output.body });
    },
  );
  return { statusCode: call.output.statusCode, outcome: wf.variables.outcome, data: wf.variables.data };
});
