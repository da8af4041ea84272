import type { HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { type Context, Hono } from 'hono';
import { messageOf } from '../../../core/errors.ts';
import type { Logger } from '../../../core/log.ts';
import { pause } from '../../../core/pause.ts';
import type { Books, RequestRecord } from './books.ts';
import { type Call, type Endpoint, type OpenedCall, Problem, type Reply } from './endpoint.ts';
import type { Faults } from './faults.ts';
import { IdempotentAnswers } from './idempotent-answers.ts';

const MAX_BODY_BYTES = 4 * 1024 * 1024;
const PAYMENT_REQUIRED = 402;
const STATUSES_WITHOUT_BODY: readonly number[] = [204, 205, 304];

export interface ShopOptions {
  readonly endpoints: readonly Endpoint[];
  readonly books: Books;
  readonly faults: Faults;
  readonly log: Logger;
  /** When aborted, delays end at once. */
  readonly closing: AbortSignal;
}

interface ShopEnv {
  Bindings: HttpBindings;
  Variables: {
    record: RequestRecord;
    /** Absent until an endpoint matches the path. */
    endpoint?: Endpoint;
    isDropped?: true;
  };
}
type ShopContext = Context<ShopEnv>;

/**
 * The HTTP application of the shop. A request passes these steps: parsing (400) → ordered fault → known `Idempotency-Key` → effect.
 * 1. A request that a fault refuses or drops has no effect. A request that a fault only delays has its effect, even if the client has
 *    left.
 * 2. The answer that is kept for a key is never the answer of a fault.
 * 3. The check of a key and the effect are one synchronous step, so two simultaneous requests have only one effect.
 */
export function createShopApp(options: ShopOptions): Hono<ShopEnv> {
  const { endpoints, books, log } = options;
  const answers = new IdempotentAnswers();
  const app = new Hono<ShopEnv>({ strict: false });
  app.use(async (c, next) => {
    const record = books.arrived({ method: c.req.method, path: pathOf(c), query: c.req.query() });
    c.set('record', record);
    await next();
    // Set before the answer is sent, because the receiver may read the books at once.
    if (!c.get('isDropped')) record.status = c.res.status;
    log.debug({ method: c.req.method, path: c.req.url, status: record.status }, 'request');
  });
  for (const endpoint of endpoints) {
    const handle = async (c: ShopContext) => {
      c.set('endpoint', endpoint);
      return answerWith(c, endpoint, answers, options);
    };
    if (endpoint.method === 'ANY') app.all(endpoint.path, handle);
    else app.on(endpoint.method, endpoint.path, handle);
  }
  for (const { path } of endpoints) app.all(path, (c) => refuseMethod(c, endpoints, path));
  app.notFound((c) =>
    refusal(c, new Problem(404, 'not-found', `There is no ${pathOf(c)} here. GET / lists the endpoints.`), log),
  );
  app.onError((error, c) => refusal(c, error, log));
  return app;
}

async function answerWith(
  c: ShopContext,
  endpoint: Endpoint,
  answers: IdempotentAnswers,
  options: ShopOptions,
): Promise<Response> {
  const call = await callOf(c);
  const record = c.get('record');
  record.orderId = call.orderId ?? null;
  record.idempotencyKey = call.idempotencyKey ?? null;
  const opened = endpoint.open(call);
  const fault = endpoint.kind === 'control' ? undefined : await meetFault(endpoint, call, opened, options);
  if (fault === 'drop') {
    c.set('isDropped', true);
    c.env.incoming.socket.destroy();
    return RESPONSE_ALREADY_SENT;
  }
  if (fault) return toResponse(fault);
  const answer =
    endpoint.kind === 'effect' ? await answers.once(call, () => act(endpoint, opened)) : await opened.answer();
  return answer instanceof Response ? answer : toResponse(answer);
}

/** Applies the fault that this request meets and returns its answer. Undefined without a fault, and after a fault that only delays. */
async function meetFault(
  endpoint: Endpoint,
  call: Call,
  opened: OpenedCall,
  { faults, closing }: ShopOptions,
): Promise<Reply | 'drop' | undefined> {
  const fault = faults.meet(call);
  if (!fault) return undefined;
  if (fault.delayMs !== undefined) await pause(fault.delayMs, closing);
  if (fault.drop) return 'drop';
  if (fault.status === undefined) return undefined;
  opened.refused(fault.status);
  const code = fault.status === PAYMENT_REQUIRED ? 'declined' : 'ordered-fault';
  const body = fault.body ?? endpoint.problemBody(fault.status, code, `The ordered fault ${fault.id} answers here.`);
  return { status: fault.status, body };
}

/** A refusal is an answer too: a later request with the same key gets the same refusal. */
async function act(endpoint: Endpoint, opened: OpenedCall): Promise<Reply> {
  try {
    const answer = await opened.answer();
    if (answer instanceof Response) throw new Error(`${endpoint.path} has an effect and must answer with a reply.`);
    return answer;
  } catch (error) {
    if (error instanceof Problem) return problemReply(error, endpoint);
    throw error;
  }
}

async function callOf(c: ShopContext): Promise<Call> {
  const path = pathOf(c);
  if (!isProperlyEncoded(path)) {
    throw new Problem(400, 'bad-request', `"${path}" is not properly percent-encoded.`);
  }
  const body = bodyOf(await c.req.text());
  const fields = body === undefined || isObject(body) ? { ...c.req.query(), ...body, ...c.req.param() } : body;
  const orderId = isObject(fields) ? fields.orderId : undefined;
  return {
    method: c.req.method,
    path,
    body,
    fields,
    orderId: typeof orderId === 'string' ? orderId : undefined,
    idempotencyKey: c.req.header('idempotency-key') || undefined,
    request: c.req.raw,
  };
}

function pathOf(c: ShopContext): string {
  return new URL(c.req.url).pathname.replace(/\/+$/, '') || '/';
}

function isProperlyEncoded(path: string): boolean {
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
}

/** Parses the JSON of a body. Undefined for an empty body and for `null`. @throws Problem 400, 413 */
function bodyOf(text: string): unknown {
  // Checked after the whole body has arrived. If the shop cut the connection in the middle of a body, the client would not see the 413.
  const size = Buffer.byteLength(text);
  if (size > MAX_BODY_BYTES)
    throw new Problem(413, 'too-large', `The body has ${size} bytes, but the shop accepts at most 4 MB.`);
  if (text.trim() === '') return undefined;
  try {
    return JSON.parse(text) ?? undefined;
  } catch (cause) {
    throw new Problem(400, 'bad-request', `The body is not JSON: ${messageOf(cause)}.`);
  }
}

function refuseMethod(c: ShopContext, endpoints: readonly Endpoint[], path: string): never {
  const others = endpoints.filter((one) => one.path === path).map(({ method }) => method);
  throw new Problem(405, 'method-not-allowed', `${pathOf(c)} takes ${others.join(' and ')}, not ${c.req.method}.`);
}

function refusal(c: ShopContext, error: unknown, log: Logger): Response {
  if (error instanceof Problem) return toResponse(problemReply(error, c.get('endpoint')));
  log.error({ err: error }, `a request failed: ${messageOf(error)}`);
  return toResponse(problemReply(new Problem(500, 'bug', 'The shop failed. Its log says why.'), c.get('endpoint')));
}

function problemReply({ status, code, message }: Problem, endpoint: Endpoint | undefined): Reply {
  return { status, body: endpoint?.problemBody(status, code, message) ?? { error: code, message } };
}

function toResponse({ status, body, headers }: Reply): Response {
  if (body === undefined || STATUSES_WITHOUT_BODY.includes(status))
    return new Response(null, { status, headers: { ...headers } });
  return new Response(`${JSON.stringify(body)}\n`, {
    status,
    headers: { 'content-type': 'application/json', ...headers },
  });
}

function isObject(value: unknown): value is { readonly orderId?: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
