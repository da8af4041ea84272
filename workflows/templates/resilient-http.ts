import { defineWorkflow, z } from 'conductor-fleet';
import httpRequest from '../../workers/tasks/http-request.ts';
import logFailure from '../../workers/tasks/log-failure.ts';
import { defineTemplate } from './registry/define-template.ts';

const workflow = defineWorkflow({
  name: 'ResilientHttp',
  version: 1,
  description: 'Calls an address. Outages are retried, 404 has a fallback, and any other status except 200 is logged.',
  input: z.object({ url: z.url(), method: z.enum(['GET', 'POST', 'PUT', 'DELETE']).default('GET') }),
  output: z.object({ outcome: z.enum(['success', 'fallback', 'logged']), statusCode: z.number(), data: z.unknown() }),
  variables: z.object({ outcome: z.enum(['success', 'fallback', 'logged']), data: z.unknown() }),
  timeoutSeconds: 300,
}).build((wf, { url, method }) => {
  // The server retries this task 3 times, after 5, 10 and 20 s. It retries only temporary errors: 5xx, 429, no connection.
  const call = wf.task('call', httpRequest, { url, method });
  const { statusCode, body } = call.output;
  wf.switch(
    'by_status',
    statusCode,
    {
      '200': (ok) => ok.set('keep_answer', { outcome: 'success', data: body }),
      '404': (missing) => missing.set('use_fallback', { outcome: 'fallback', data: { fallback: true } }),
    },
    (other) => {
      other.task('log_answer', logFailure, { workflowId: wf.workflowId, reason: `${url} answered ${statusCode}` });
      other.set('keep_logged', { outcome: 'logged', data: body });
    },
  );
  return { outcome: wf.variables.outcome, statusCode, data: wf.variables.data };
});

export default defineTemplate({
  name: 'resilient_http',
  title: 'HTTP call that survives outages',
  description: 'One HTTP call with retries and exponential backoff, then a branch on the status of its answer.',
  whenToUse:
    'An external service that is sometimes down, and whose 404 or other errors need their own branch. If the workflow continues only after a success, an HTTP task (`wf.http`) without a worker is enough.',
  workflow,
});
