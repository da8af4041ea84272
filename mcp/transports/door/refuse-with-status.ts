import type { JSONRPCRequest, McpRequestContext, RequestId } from '@modelcontextprotocol/server';
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
  /** Tells a caller with a token which scopes to ask for, with status 403. Absent if the server takes no tokens. */
  readonly challenge?: ChallengeScopes | undefined;
}

/** Returns undefined if no scope would give the caller the permission. */
export type ChallengeScopes = (caller: Caller, permission: Permission, id: RequestId) => Response | undefined;

const TOO_MANY_REQUESTS = 429;
const REFUSED = -32000;

/**
 * A caller above its rate limit gets 429 with `Retry-After`. A caller whose token lacks a permission gets 403 with the scopes to ask for. All
 * other refusals are answers with status 200, which a model can read.
 */
export function refuseWithStatus({ log, challenge }: RefusalOptions): RefuseWithStatus {
  return ({ error, id, subject }, request, { authInfo }) => {
    const caller = callerIn(authInfo);
    if (error instanceof PermissionMissing) return caller && challenge?.(caller, error.permission, request.id);
    if (!(error instanceof RateLimited)) return undefined;
    const about = { name: subject?.name ?? request.method, annotations: { readOnlyHint: true } };
    const { message } = protocolError(error, { id, subject: about, signal: new AbortController().signal }, log);
    const response = refusal(TOO_MANY_REQUESTS, REFUSED, message, request.id);
    response.headers.set('Retry-After', String(error.retryAfterSeconds));
    return response;
  };
}
