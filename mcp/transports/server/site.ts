import type { AuthInfo, McpHandlerRequestOptions } from '@modelcontextprotocol/server';
import type { Arrival } from '../node-handler.ts';

/** A request for a site. Its Host and Origin have been checked, and nothing else. */
export interface Visit extends Arrival {
  /** The address of the client, or of the proxy before this server. */
  readonly address: string | undefined;
  /** True if callers must prove who they are, because OAuth is on. */
  readonly needsToken: boolean;
  /** Says who sends the request, as at `/mcp`: the caller of its token, undefined without OAuth, or the refusal. */
  authenticate(): Promise<AuthInfo | Response | undefined>;
  /** Answers an MCP request as if the same client had sent it to `/mcp`: it passes the same admission. */
  callMcp(request: Request, given: McpHandlerRequestOptions): Promise<Response>;
}

/** What an HTTP server serves beside MCP. */
export interface Site {
  /** Answers a request. Undefined if the site has nothing at its address. */
  answer(visit: Visit): Promise<Response | undefined>;
  /** Ends every open stream. */
  close(): void;
}
