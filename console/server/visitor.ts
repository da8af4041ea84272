import type { Caller } from '../../mcp/admission/permissions.ts';
import type { Connection } from '../../mcp/engine/connection.ts';
import type { Inside } from '../../mcp/front/inside.ts';
import type { Visit } from '../../mcp/transports/server/site.ts';

type AuthInfo = Exclude<Awaited<ReturnType<Visit['authenticate']>>, Response | undefined>;

/** Who uses the console. */
export interface Visitor {
  readonly connection: Connection;
  readonly caller: Caller;
  /** Absent without OAuth. */
  readonly authInfo: AuthInfo | undefined;
}

/** All tools, as far as the settings of the server allow. */
const ALL_TOOLS = { 'X-MCP-Toolsets': 'all' };

/**
 * Says who makes a request. Only this function decides it. With OAuth, the request must have a token as at `/mcp`. Signing in with a browser
 * will be added here.
 * @returns the refusal of a request without a valid token
 */
export async function visitorOf(visit: Visit, inside: Inside): Promise<Visitor | Response> {
  const authInfo = await visit.authenticate();
  if (authInfo instanceof Response) return authInfo;
  const requestInfo = new Request(visit.request.url, { headers: ALL_TOOLS });
  const connection = inside.connect({
    era: 'modern',
    requestInfo,
    address: visit.address,
    ...(authInfo && { authInfo }),
  });
  return { connection, caller: connection.caller, authInfo };
}

/** True for a request that proves nothing about its caller, although the server asks for a proof. */
export function isUnknown({ needsToken, request }: Visit): boolean {
  return needsToken && !request.headers.has('authorization');
}
