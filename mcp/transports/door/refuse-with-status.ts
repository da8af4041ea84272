import type { JSONRPCRequest, McpRequestContext } from '@modelcontextprotocol/server';
import type { Logger } from '../../../core/log.ts';
import type { Refused } from '../../admission/admit.ts';
import type { Caller, Permission } from '../../admission/permissions.ts';
import { PermissionMissing, RateLimited } from '../../admission/refusals.ts';
import { callerIn } from '../../engine/connection.ts';
import { protocolError } from '../../engine/error-result.ts';
import { refusal } from '../request-body.ts';

/** Makes the HTTP answer that refuses a request. Undefined for a refusal that the handler puts into its answer with status 200. */
export type RefuseWithStatus = (
  refused: Refused,
  request: JSONRPCRequest,
  context: McpRequestContext,
) => Response | undefined;

export interface RefusalOptions {
  readonly log: Logger;
  /** Tells a caller with a token which scopes to ask for, with status 403. Undefined if the server takes no tokens. */
  readonly challenge?: ((caller: Caller, permission: Permission) => Response) | undefined;
}

const TOO_MANY_REQUESTS = 429;
const REFUSED = -32000;

/**
 * A caller above its rate limit gets 429 with `Retry-After`. A caller whose token lacks a permission gets 403 with the scopes to ask for. All
 * other refusals are answers with status 200, which a model can read.
 */
export function refuseWithStatus({ log, challenge }: RefusalOptions): RefuseWithStatus {
  return ({ error, id, subject }, request, { authInfo }) => {
    const caller = callerIn(authInfo);
    if (error instanceof PermissionMissing && caller?.knownBy === 'token') return challenge?.(caller, error.permission);
    if (!(error instanceof RateLimited)) return undefined;
    const about = { name: subject?.name ?? request.method, annotations: { readOnlyHint: true } };
    const { message } = protocolError(error, { id, subject: about, signal: new AbortController().signal }, log);
    const response = refusal(TOO_MANY_REQUESTS, REFUSED, message, request.id);
    response.headers.set('Retry-After', String(error.retryAfterSeconds));
    return response;
  };
}
