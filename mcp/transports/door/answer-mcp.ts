import { randomUUID } from 'node:crypto';
import type { AuthInfo } from '@modelcontextprotocol/server';
import { endWithToken } from '../../auth/end-with-token.ts';
import type { TokenDoor } from '../../auth/token-door.ts';
import type { BothEras } from '../both-eras.ts';
import type { McpFront } from '../mcp-front.ts';
import type { Arrival } from '../node-handler.ts';
import { isListen } from '../subscriptions.ts';

export interface McpDoor {
  /** Absent if clients need no token. */
  readonly tokens: TokenDoor | undefined;
  readonly mcp: Pick<BothEras, 'fetch'>;
  readonly turnAway: McpFront['turnAway'];
}

/** Answers an MCP request. Its token is checked before its body is read. */
export async function answerMcp(arrival: Arrival, { tokens, mcp, turnAway }: McpDoor): Promise<Response> {
  const { request, incoming } = arrival;
  const authInfo = await tokens?.authenticate(request);
  if (!(authInfo instanceof Response)) return answerCaller(arrival, authInfo, mcp);
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
