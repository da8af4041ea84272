import { messageOf, NonRetryableError } from '../../core/errors.ts';

export interface HttpCall {
  url: string;
  method: string;
  headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. Null and undefined are no body: the server writes null for what a workflow left out. */
  body?: unknown;
  /** Longest time for the request, in seconds. */
  timeoutSeconds: number;
  signal: AbortSignal;
  /** Sent with every attempt, so that a service that knows such keys does the work once. */
  idempotencyKey: string;
}

export interface HttpAnswer {
  statusCode: number;
  ok: boolean;
  headers: Record<string, string>;
  /** Parsed if it is JSON, else text. */
  body: unknown;
}

/** Answers worth another try: the service is there, but not now. */
const PASSING = new Set([408, 425, 429, 500, 502, 503, 504]);

/** Larger answers do not belong into a workflow; the server moves them out of sight at 3 MB. */
const MAX_BODY_BYTES = 1_000_000;

/**
 * One HTTP request. Any answer that will not change by itself is a result, whatever its status.
 * @throws Error for an outage (408, 425, 429, 5xx, no connection, no answer in time), which a retry may mend
 * @throws NonRetryableError for a request that cannot be sent or an answer that is too large
 */
export async function callHttp(call: HttpCall): Promise<HttpAnswer> {
  const { url, method } = call;
  const response = await send(call);
  const text = await readBounded(response);
  if (PASSING.has(response.status)) {
    throw new Error(`${method} ${url} answered ${response.status}: ${text.trim().slice(0, 200)}`);
  }
  return {
    statusCode: response.status,
    ok: response.ok,
    headers: Object.fromEntries(response.headers),
    body: parseBody(text, response.headers.get('content-type')),
  };
}

async function send({
  url,
  method,
  headers,
  body,
  timeoutSeconds,
  signal,
  idempotencyKey,
}: HttpCall): Promise<Response> {
  const hasBody = body !== undefined && body !== null;
  if (hasBody && (method === 'GET' || method === 'HEAD')) {
    throw new NonRetryableError(`A ${method} request has no body.`);
  }
  try {
    return await fetch(url, {
      method,
      headers: {
        'idempotency-key': idempotencyKey,
        ...(hasBody && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(hasBody && { body: JSON.stringify(body) }),
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutSeconds * 1000)]),
    });
  } catch (error) {
    throw failure(method, url, error);
  }
}

async function readBounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) {
      throw new NonRetryableError(`${response.url} answered with more than ${MAX_BODY_BYTES} bytes.`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function failure(method: string, url: string, error: unknown): Error {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return new Error(`${method} ${url} failed: ${messageOf(cause)}`, { cause: error });
}

function parseBody(text: string, contentType: string | null): unknown {
  if (!contentType?.includes('json')) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
