import {
  createMcpHandler,
  isLegacyRequest,
  type JSONRPCErrorResponse,
  type McpHandlerRequestOptions,
  type McpRequestContext,
  ProtocolError,
  ProtocolErrorCode,
} from '@modelcontextprotocol/server';
import { checkParams } from './check-params.ts';
import { admitAtDoor, requestsIn } from './door/admit-at-door.ts';
import type { RefuseWithStatus } from './door/refuse-with-status.ts';
import type { McpFront } from './mcp-front.ts';
import { refusal } from './request-body.ts';
import { Sessions } from './sessions.ts';
import { statelessHandler } from './stateless.ts';
import { fetchWithSubscriptions } from './subscriptions.ts';

export interface BothErasOptions extends McpFront {
  /** True to give clients of the 2025 revision a session. */
  readonly sessions: boolean;
  readonly maxBodyBytes: number;
  onerror(error: Error): void;
  readonly refuse: RefuseWithStatus;
}

/** MCP over HTTP. */
export interface BothEras {
  /** Answers one request from an address. The body has been read and parsed already. */
  fetch(request: Request, given: McpHandlerRequestOptions, address?: string): Promise<Response>;
  /** Ends every session and every open stream. Calls that still run are cancelled. */
  close(): Promise<void>;
}

/** Answers requests of both eras. A request of the 2025 era belongs to a session of this process; without sessions it stands alone. */
export function serveBothEras(options: BothErasOptions): BothEras {
  const { build, subscriptions, sessions: has, maxBodyBytes, onerror, refuse } = options;
  const { changes } = subscriptions;
  const limits = { onerror, maxRequestBodySize: maxBodyBytes };
  const modern = createMcpHandler(build, { ...limits, bus: changes, legacy: 'reject' });
  const sessions = has ? new Sessions({ ...limits, build: (context) => build(context, changes) }) : undefined;
  const stateless = statelessHandler({ ...limits, build });
  return {
    async fetch(sent, asSent, address) {
      const request = acceptingAll(sent);
      const { given, refusals } = checkBody(asSent);
      const era = (await isLegacyRequest(request, given.parsedBody, limits)) ? 'legacy' : 'modern';
      const { authInfo } = given;
      const context = { era, requestInfo: request, address, ...(authInfo && { authInfo }) } as const;
      const wrong = wrongBatch(given.parsedBody);
      if (wrong) await recordWrong(options, context, { body: given.parsedBody, errors: [wrong] });
      if (wrong) return refusal(BAD_REQUEST, wrong.code, wrong.message);
      if (refusals.length > 0) {
        await recordWrong(options, context, { body: given.parsedBody, errors: refusals.map(({ error }) => error) });
        return Response.json(Array.isArray(given.parsedBody) ? refusals : refusals[0]);
      }
      return admitAtDoor({ front: options, context, given, refuse }, async (admitted) => {
        if (era === 'modern') return fetchWithSubscriptions(subscriptions, request, modern.fetch, admitted);
        return sessions ? sessions.fetch(request, admitted) : stateless.fetch(request, admitted);
      });
    },
    async close() {
      stateless.close();
      await Promise.all([modern.close(), sessions?.close()]);
    },
  };
}

/** The SDK compares the accepted types word by word, so it would refuse a client that accepts all types. */
function acceptingAll(request: Request): Request {
  const accept = request.headers.get('accept') ?? '*/*';
  if (!/(^|,)\s*\*\/\*/.test(accept)) return request;
  const headers = new Headers(request.headers);
  headers.set('accept', `${accept}, application/json, text/event-stream`);
  return new Request(request.url, { method: request.method, headers, signal: request.signal });
}

/** The body with parameters that the SDK can read, and the refusals of others. The SDK itself would answer with a dump of its checks. */
function checkBody(given: McpHandlerRequestOptions): {
  given: McpHandlerRequestOptions;
  refusals: JSONRPCErrorResponse[];
} {
  const { parsedBody: body } = given;
  if (body === undefined) return { given, refusals: [] };
  const all = (Array.isArray(body) ? body : [body]).map((sent) => ({ sent, checked: checkParams(sent) }));
  const refusals = all.flatMap(({ checked }) => ('refusal' in checked ? [checked.refusal] : []));
  const messages = all.map(({ sent, checked }) => ('message' in checked ? checked.message : sent));
  return { given: { ...given, parsedBody: Array.isArray(body) ? messages : messages[0] }, refusals };
}

const BAD_REQUEST = 400;
/** The SDK accepts as many messages in one body. */
const LARGEST_BATCH = 100;

type WireError = JSONRPCErrorResponse['error'];

/**
 * What is wrong with a batch as a whole. Its requests are told apart by their ids: with one id twice, a request would be handled with the
 * admission of another.
 */
function wrongBatch(body: unknown): WireError | undefined {
  if (!Array.isArray(body)) return undefined;
  const wrong = (message: string) => ({
    code: ProtocolErrorCode.InvalidRequest,
    message: `Invalid Request: ${message}`,
  });
  if (body.length > LARGEST_BATCH) return wrong(`a batch has at most ${LARGEST_BATCH} messages. Send several batches.`);
  const ids = requestsIn(body).map(({ id }) => id);
  return new Set(ids).size < ids.length ? wrong('each request of a batch needs an id of its own.') : undefined;
}

/** Records the requests of a body that is refused as a whole, at most as many as a batch may have. */
async function recordWrong(
  front: Pick<McpFront, 'recordWrong'>,
  context: McpRequestContext,
  { body, errors }: { readonly body: unknown; readonly errors: readonly WireError[] },
): Promise<void> {
  const [first] = errors;
  for (const request of requestsIn(body).slice(0, LARGEST_BATCH))
    if (first) await front.recordWrong(request, context, new ProtocolError(first.code, first.message));
}
