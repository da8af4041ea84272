import { callHttp, defineTask, z } from 'conductor-fleet';

export default defineTask({
  name: 'http_request',
  description:
    'Sends one HTTP request and returns the answer, with any status. Temporary errors (408, 425, 429, 5xx) and failed connections are retried.',
  input: z.object({
    url: z.url({ protocol: /^https?$/ }),
    method: z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']).default('GET'),
    headers: z.record(z.string(), z.string()).default({}),
    body: z.unknown().optional(),
    /** Time limit for one request, in seconds. */
    timeoutSeconds: z.number().positive().max(25).default(25),
  }),
  output: z.object({
    statusCode: z.int(),
    ok: z.boolean(),
    headers: z.record(z.string(), z.string()),
    /** Parsed if it is JSON, else a text. */
    body: z.unknown(),
  }),
  retryCount: 3,
  retryLogic: 'EXPONENTIAL_BACKOFF',
  retryDelaySeconds: 5,
  timeoutSeconds: 30,
  responseTimeoutSeconds: 30,
}).worker((request, { signal, idempotencyKey }) => callHttp({ ...request, signal, idempotencyKey }));
