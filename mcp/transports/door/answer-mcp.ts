import { randomUUID } from 'node:crypto';
import type { AuthInfo } from '@modelcontextprotocol/server';
import { endWithToken } from '../../auth/end-with-token.ts';
import type { TokenDoor } from '../../auth/token-door.ts';
import type { BothEras } from '../both-eras.ts';
import type { McpFront } from '../mcp-front.ts';
import type { Arrival } from '../node-handler.ts';
import type { Visit } from '../server/site.ts';
import { isListen } from '../subscriptions.ts';

export interface McpDoor {
  /** Absent if clients need no token. */
  readonly tokens: TokenDoor | undefined;
  readonly mcp: Pick<BothEras, 'fetch'>;
  readonly turnAway: McpFront['turnAway'];
}

/** Answers an MCP request. Its token is checked before its body is read. */
export async function answerMcp(arrival: Arrival, door: McpDoor): Promise<Response> {
  const authInfo = await authenticate(arrival, door);
  return authInfo instanceof Response ? authInfo : answerCaller(arrival, authInfo, door.mcp);
}

/** A request for a site beside MCP, which says who its caller is by the same token. */
export function visitOf(arrival: Arrival, door: McpDoor): Visit {
  const address = arrival.incoming?.socket.remoteAddress;
  return {
    ...arrival,
    address,
    needsToken: door.tokens !== undefined,
    authenticate: () => authenticate(arrival, door),
    callMcp: (request, given) => door.mcp.fetch(request, given, address),
  };
}

/** Says who sends a request, or refuses it and records that. Undefined if clients need no token. */
async function authenticate(
  { request, incoming }: Arrival,
  { tokens, turnAway }: McpDoor,
): Promise<AuthInfo | Response | undefined> {
  const authInfo = await tokens?.authenticate(request);
  if (!(authInfo instanceof Response)) return authInfo;
  const era = request.headers.has('mcp-method') ? 'modern' : 'legacy';
  turnAway(randomUUID().slice(0, 8), { transport: 'http', era, address: incoming?.socket.remoteAddress });
  return authInfo;
}

/** Answers an MCP request of a caller who is known, or of a server that takes every caller. */
export async function answerCaller(
  { request, incoming, readBody }: Arrival,
  authInfo: AuthInfo | undefined,
  mcp: Pick<BothEras, 'fetch'>,
): Promise<Response> {
  const body = await readBody();
  if (body instanceof Response) return body;
  const response = await mcp.fetch(request, { ...body, ...(authInfo && { authInfo }) }, incoming?.socket.remoteAddress);
  const waitsForChanges = request.method === 'GET' || isListen(body.parsedBody);
  return waitsForChanges ? endWithToken(response, authInfo?.expiresAt) : response;
}
