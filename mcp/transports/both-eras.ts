import {
  createMcpHandler,
  isLegacyRequest,
  type JSONRPCErrorResponse,
  type McpHandlerRequestOptions,
  type McpRequestContext,
  ProtocolError,
} from '@modelcontextprotocol/server';
import { checkParams } from './check-params.ts';
import { admitAtDoor, requestsIn } from './door/admit-at-door.ts';
import type { RefuseWithStatus } from './door/refuse-with-status.ts';
import type { McpFront } from './mcp-front.ts';
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
      if (refusals.length > 0) {
        await recordWrong(options, { body: given.parsedBody, refusals, context });
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

interface WrongBody {
  readonly body: unknown;
  readonly refusals: readonly JSONRPCErrorResponse[];
  readonly context: McpRequestContext;
}

/** Records all requests of a body that is refused because some of them are wrong. */
async function recordWrong(front: Pick<McpFront, 'recordWrong'>, { body, refusals, context }: WrongBody) {
  for (const request of requestsIn(body)) {
    const { error } = refusals.find(({ id }) => id === request.id) ?? refusals[0] ?? {};
    if (error) await front.recordWrong(request, context, new ProtocolError(error.code, error.message));
  }
}
