import { bearerAuthChallengeResponse, OAuthError, OAuthErrorCode, type RequestId } from '@modelcontextprotocol/server';
import type { Caller, Permission } from '../admission/permissions.ts';
import { refusal } from '../transports/request-body.ts';
import { scopesFor } from './grants.ts';
import type { OAuth } from './oauth.ts';

/** MCP has no code of its own for this, and clients act on the status of the answer. */
const REFUSED = -32000;

interface Lacking {
  readonly caller: Caller;
  readonly permission: Permission;
  readonly id: RequestId;
  readonly oauth: OAuth;
}

/**
 * Refuses a request with 403 and names all scopes to ask for: those of the permissions that the caller has, and the missing one. Undefined
 * if a token with more scopes would not have the permission either, so that no client asks for scopes in vain.
 */
export function insufficientScope({ caller, permission, id, oauth }: Lacking): Response | undefined {
  if (!caller.grantable?.includes(permission)) return undefined;
  const { grants, issuer, metadataUrl } = oauth;
  const requiredScopes = scopesFor([...caller.permissions, permission], grants);
  const message = `This needs the permission ${permission}, which the token does not grant. Ask ${issuer} for a token with the scopes ${requiredScopes.join(' ')}, then send the request again.`;
  const { headers } = bearerAuthChallengeResponse(new OAuthError(OAuthErrorCode.InsufficientScope, message), {
    requiredScopes,
    resourceMetadataUrl: metadataUrl,
  });
  const response = refusal(403, REFUSED, message, id);
  response.headers.set('WWW-Authenticate', headers.get('www-authenticate') ?? 'Bearer');
  return response;
}
