import { createMcpHandler, isLegacyRequest, type McpHandlerRequestOptions } from '@modelcontextprotocol/server';
import { checkParams } from './check-params.ts';
import { admitAtDoor } from './door/admit-at-door.ts';
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
      const given = checkBody(asSent);
      if (given instanceof Response) return given;
      const request = acceptingAll(sent);
      const era = (await isLegacyRequest(request, given.parsedBody, limits)) ? 'legacy' : 'modern';
      const { authInfo } = given;
      const context = { era, requestInfo: request, address, ...(authInfo && { authInfo }) } as const;
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

/** The body with parameters that the SDK can read, or the refusal. The SDK itself would answer with a dump of its checks. */
function checkBody(given: McpHandlerRequestOptions): McpHandlerRequestOptions | Response {
  const { parsedBody: body } = given;
  if (body === undefined) return given;
  const all = (Array.isArray(body) ? body : [body]).map(checkParams);
  const refusals = all.flatMap((one) => ('refusal' in one ? [one.refusal] : []));
  if (refusals.length > 0) return Response.json(Array.isArray(body) ? refusals : refusals[0]);
  const messages = all.flatMap((one) => ('message' in one ? [one.message] : []));
  return { ...given, parsedBody: Array.isArray(body) ? messages : messages[0] };
}
