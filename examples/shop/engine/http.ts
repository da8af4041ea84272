import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Call, Problem, type Reply } from './router.ts';

const MAX_BODY_BYTES = 4 * 1024 * 1024;

/** Where a request goes. */
export interface Target {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
}

/** @throws Problem 400 if the request line holds no address */
export function targetOf(request: IncomingMessage): Target {
  const [path = '/', query = ''] = (request.url ?? '/').split('?', 2);
  if (!path.startsWith('/')) throw new Problem(400, 'bad-request', `"${path}" is not a path.`);
  return {
    method: request.method ?? 'GET',
    path: path.length > 1 ? path.replace(/\/+$/, '') || '/' : path,
    query: Object.fromEntries(new URLSearchParams(query)),
  };
}

/**
 * The JSON body; undefined if there is none or it is `null`.
 * @throws Problem 400 if it is not JSON, 413 if it is larger than 4 MB
 */
export async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    // The rest is read and thrown away: a connection cut in the middle of a body would hide the 413.
    if (size <= MAX_BODY_BYTES) chunks.push(bytes);
  }
  if (size > MAX_BODY_BYTES) throw new Problem(413, 'too-large', `The body has ${size} bytes; 4 MB are taken.`);
  const text = Buffer.concat(chunks).toString('utf8');
  if (text.trim() === '') return undefined;
  try {
    return JSON.parse(text) ?? undefined;
  } catch (cause) {
    throw new Problem(400, 'bad-request', `The body is not JSON: ${(cause as Error).message}.`);
  }
}

/** Puts together what the endpoints are given. */
export function callOf(
  { method, path, query }: Target,
  params: Readonly<Record<string, string>>,
  body: unknown,
  request: IncomingMessage,
): Call {
  const fields = body === undefined || isObject(body) ? { ...query, ...body, ...params } : body;
  const orderId = isObject(fields) ? fields.orderId : undefined;
  const key = request.headers['idempotency-key'];
  return {
    method,
    path,
    body,
    fields,
    orderId: typeof orderId === 'string' ? orderId : undefined,
    idempotencyKey: typeof key === 'string' && key !== '' ? key : undefined,
  };
}

/** Writes a JSON answer. A status that allows no body gets none. */
export function writeReply(response: ServerResponse, { status, body, headers }: Reply): void {
  const bodiless = body === undefined || status === 204 || status === 304;
  response.writeHead(status, { ...(bodiless ? {} : { 'content-type': 'application/json' }), ...headers });
  response.end(bodiless ? undefined : `${JSON.stringify(body)}\n`);
}

function isObject(value: unknown): value is { readonly orderId?: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
