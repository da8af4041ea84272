import {
  isJSONRPCErrorResponse,
  isJSONRPCRequest,
  type JSONRPCRequest,
  type McpHandlerRequestOptions,
  type McpRequestContext,
  type RequestId,
} from '@modelcontextprotocol/server';
import { FleetError } from '../../../core/errors.ts';
import type { Admitted, Refused } from '../../admission/admit.ts';
import { passWith } from '../../admission/door-pass.ts';
import { endAnswered, isAnsweredBySdk } from '../../engine/requests.ts';
import type { McpFront } from '../mcp-front.ts';
import { isListen, untilEnd } from '../subscriptions.ts';
import type { RefuseWithStatus } from './refuse-with-status.ts';

/** One error for all requests, because making an error takes longer than an audit line. */
const NEVER_HANDLED = new FleetError('cancelled', 'The request ended before it was handled.');
const NOT_FOUND = 404;
const NO_SESSION = new FleetError('not-found', 'The request named a session that does not exist for its caller.');

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
  const ofSdk = new Map<RequestId, Admitted>();
  // The SDK may refuse a request that was let in, or its client may leave. Then no handler ends it.
  const endRest = (why = NEVER_HANDLED) => {
    for (const entry of [...pass.values(), ...ofSdk.values()]) if (entry.isAdmitted) entry.fail(why);
  };
  for (const request of requestsIn(given.parsedBody)) {
    const listens = context.era === 'modern' && isListen(request);
    const entry = await (listens ? front.subscriptions : front).enter(request, context);
    const refusal = entry.isAdmitted ? undefined : refuse(entry, request, context);
    if (refusal) {
      endRest();
      return refusal;
    }
    if (entry.isAdmitted && isAnsweredBySdk(request.method, context.era)) ofSdk.set(request.id, entry);
    else pass.set(request.id, entry);
  }
  let response: Response;
  try {
    response = await serve(pass.size === 0 ? given : { ...given, authInfo: passWith(given.authInfo, pass) });
    await endOfSdk(ofSdk, response);
  } catch (error) {
    endRest();
    throw error;
  }
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream');
  if (isStream) return untilEnd(response, () => endRest());
  endRest(response.status === NOT_FOUND ? NO_SESSION : NEVER_HANDLED);
  return response;
}

/** The requests of a body. */
export function requestsIn(body: unknown): JSONRPCRequest[] {
  return (Array.isArray(body) ? body : [body]).filter(isJSONRPCRequest);
}

/** Ends the requests that the SDK has answered. An answer that is a stream is a result, because the SDK sends errors without a stream. */
async function endOfSdk(entries: ReadonlyMap<RequestId, Admitted>, response: Response): Promise<void> {
  if (entries.size === 0 || !response.ok) return;
  const isJson = response.headers.get('content-type')?.startsWith('application/json');
  const body: unknown = isJson ? await response.clone().json() : [];
  const errors = (Array.isArray(body) ? body : [body]).filter(isJSONRPCErrorResponse);
  for (const [id, entry] of entries) endAnswered(entry, errors.find((answer) => answer.id === id)?.error);
}
