import { messageOf, NonRetryableError } from '../../core/errors.ts';

/** A request for `callHttp`. */
export interface HttpCall {
  url: string;
  method: string;
  headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. Null and undefined mean no body, because the Conductor server writes null for a field that a workflow leaves out. */
  body?: unknown;
  /** Longest time for the request, in seconds. */
  timeoutSeconds: number;
  signal: AbortSignal;
  /** Sent with every attempt, so that a service that honours idempotency keys does the work once. */
  idempotencyKey: string;
}

/** The answer to a request of `callHttp`. */
export interface HttpAnswer {
  statusCode: number;
  ok: boolean;
  headers: Record<string, string>;
  /** Parsed if it is JSON, else text. */
  body: unknown;
}

/** Besides every 5xx, these answers are worth a retry: the service cannot answer now, but may later. */
const PASSING = [408, 425, 429];

/** Larger answers do not belong in a workflow. Above 3 MB the server stores them where they cannot be read. */
const MAX_BODY_BYTES = 1_000_000;

/** After an outage, the error shows this many characters of the answer. */
const EXCERPT_LENGTH = 200;

/**
 * Makes one HTTP request. An answer of any status is a result, unless it means an outage.
 * @throws Error for an outage (408, 425, 429, 5xx, no connection, no answer in time), after which a retry may succeed
 * @throws NonRetryableError for a request that cannot be sent, or an answer that is too large
 */
export async function callHttp(call: HttpCall): Promise<HttpAnswer> {
  const request = requestOf(call);
  try {
    const response = await fetch(request);
    const isOutage = response.status >= 500 || PASSING.includes(response.status);
    const text = await readBody(response, isOutage);
    if (isOutage) throw new Error(`answered ${response.status}: ${text.trim().slice(0, EXCERPT_LENGTH)}`);
    return {
      statusCode: response.status,
      ok: response.ok,
      headers: Object.fromEntries(response.headers),
      body: parseBody(text, response.headers.get('content-type')),
    };
  } catch (error) {
    throw failure(call, error);
  }
}

function requestOf({ url, method, headers, body, timeoutSeconds, signal, idempotencyKey }: HttpCall): Request {
  const hasBody = body !== undefined && body !== null;
  const limit = AbortSignal.timeout(timeoutSeconds * 1000);
  try {
    const sent = new Headers({
      'idempotency-key': idempotencyKey,
      ...(hasBody && { 'content-type': 'application/json' }),
    });
    for (const [name, value] of Object.entries(headers ?? {})) sent.set(name, value);
    return new Request(url, {
      method,
      headers: sent,
      ...(hasBody && { body: JSON.stringify(body) }),
      signal: AbortSignal.any([signal, limit]),
    });
  } catch (cause) {
    // If the address holds credentials, the original message would repeat them, so it is replaced.
    const why = URL.canParse(url) && new URL(url).username ? 'its address holds credentials' : messageOf(cause);
    throw new NonRetryableError(`A ${method} request cannot be sent: ${why}`);
  }
}

/** Reads the whole text. After an outage it reads only the part that the error shows. */
async function readBody(response: Response, isOutage: boolean): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    chunks.push(chunk);
    if (isOutage && size > EXCERPT_LENGTH) break;
    if (size > MAX_BODY_BYTES) throw new NonRetryableError(`answered with more than ${MAX_BODY_BYTES} bytes.`);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Returns an error of the same kind whose message starts with the request. */
function failure({ method, url }: HttpCall, error: unknown): Error {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const message = `${method} ${url} ${/^answered/.test(messageOf(error)) ? messageOf(error) : `failed: ${messageOf(cause)}`}`;
  const isPermanent = error instanceof NonRetryableError || /redirect count exceeded/.test(messageOf(cause));
  return isPermanent ? new NonRetryableError(message) : new Error(message, { cause: error });
}

function parseBody(text: string, contentType: string | null): unknown {
  if (!contentType?.includes('json')) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
