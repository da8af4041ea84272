import {
  isJSONRPCRequest,
  type JSONRPCRequest,
  type McpHandlerRequestOptions,
  type McpRequestContext,
  type RequestId,
} from '@modelcontextprotocol/server';
import { FleetError } from '../../../core/errors.ts';
import type { Admitted, Refused } from '../../admission/admit.ts';
import { passWith } from '../../admission/door-pass.ts';
import type { McpFront } from '../mcp-front.ts';
import { isListen, untilEnd } from '../subscriptions.ts';
import type { RefuseWithStatus } from './refuse-with-status.ts';

interface Arrived {
  readonly front: Pick<McpFront, 'enter' | 'subscriptions'>;
  readonly context: McpRequestContext;
  readonly given: McpHandlerRequestOptions;
  readonly refuse: RefuseWithStatus;
}

/**
 * Lets the requests of a body in before the SDK sees them, then serves the body. If one of them is refused with an HTTP status, nothing of
 * the body is served.
 */
export async function admitAtDoor(
  { front, context, given, refuse }: Arrived,
  serve: (given: McpHandlerRequestOptions) => Promise<Response>,
): Promise<Response> {
  const pass = new Map<RequestId, Admitted | Refused>();
  // The SDK may refuse a request that was let in, or its client may leave. Then no handler ends it.
  const endRest = () => {
    for (const entry of pass.values()) if (entry.isAdmitted) entry.fail(neverHandled());
  };
  for (const request of requestsIn(given.parsedBody)) {
    const entry = await (isListen(request) ? front.subscriptions : front).enter(request, context);
    const refusal = entry && !entry.isAdmitted ? refuse(entry, request, context) : undefined;
    if (refusal) {
      endRest();
      return refusal;
    }
    if (entry) pass.set(request.id, entry);
  }
  if (pass.size === 0) return serve(given);
  const response = await serve({ ...given, authInfo: passWith(given.authInfo, pass) });
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream');
  if (isStream) return untilEnd(response, endRest);
  endRest();
  return response;
}

function requestsIn(body: unknown): JSONRPCRequest[] {
  return (Array.isArray(body) ? body : [body]).filter(isJSONRPCRequest);
}

function neverHandled(): FleetError {
  return new FleetError('cancelled', 'The request ended before it was handled.');
}
