import {
  type AuthInfo,
  bearerAuthChallengeResponse,
  OAuthError,
  OAuthErrorCode,
  verifyBearerToken,
} from '@modelcontextprotocol/server';
import { FleetError } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import type { ChallengeScopes } from '../transports/door/refuse-with-status.ts';
import { refusal } from '../transports/request-body.ts';
import { insufficientScope } from './insufficient-scope.ts';
import { type OAuth, type OAuthSettings, oauthOf } from './oauth.ts';
import { resourceMetadata } from './resource-metadata.ts';
import { RETRY_SECONDS } from './signing-keys.ts';
import { tokenVerifier } from './token-verifier.ts';

/** What the HTTP server needs in order to accept only clients with a token. */
export interface TokenDoor {
  /** Host names of the public URL. */
  readonly hosts: readonly string[];
  /** Answers a request for the metadata of this server. Undefined for every other address. */
  metadata(request: Request): Response | undefined;
  /**
   * Says who sends a request, or refuses it. It reads the headers and the address, and takes the token out of the headers, so that nothing
   * behind the door sees it.
   */
  authenticate(request: Request): Promise<AuthInfo | Response>;
  /** Refuses a request whose token lacks a scope. */
  readonly challenge: ChallengeScopes;
}

/**
 * Makes the door. It is the same for every method, session and revision of the protocol. Undefined if no issuer is configured.
 * @throws FleetError `config` if the settings of OAuth do not fit together
 */
export function tokenDoor(config: OAuthSettings, log: Logger): TokenDoor | undefined {
  const oauth = oauthOf(config);
  if (!oauth) return undefined;
  return {
    hosts: [new URL(oauth.resource).hostname],
    metadata: (request) => resourceMetadata(request, oauth),
    authenticate: authenticator(oauth, log),
    challenge: (caller, permission, id) => insufficientScope({ caller, permission, id, oauth }),
  };
}

function authenticator(oauth: OAuth, log: Logger): TokenDoor['authenticate'] {
  const challenge: Challenge = { requiredScopes: [...oauth.firstScopes], resourceMetadataUrl: oauth.metadataUrl };
  const verifier = tokenVerifier(oauth);
  let quietUntil = 0;
  // Anyone can send a token, so the log gets one line for all requests of these seconds.
  const logOnce = (err: FleetError) => {
    if (performance.now() < quietUntil) return;
    quietUntil = performance.now() + RETRY_SECONDS * 1000;
    log.warn({ err }, `Tokens cannot be checked. ${err.message} ${err.remedy}`);
  };
  return async ({ url, headers }) => {
    try {
      refuseTokenInAddress(url);
      const authInfo = await verifyBearerToken(headers.get('authorization'), { verifier });
      headers.delete('authorization');
      return authInfo;
    } catch (error) {
      if (error instanceof OAuthError)
        return hasToken(url, headers)
          ? bearerAuthChallengeResponse(error, challenge)
          : tokenNeeded(challenge, oauth.issuer);
      if (!(error instanceof FleetError)) throw error;
      logOnce(error);
      return tryLater();
    }
  };
}

/** True if the client sent something that may be a token. Other schemes, such as Basic, are no attempt to use one. */
function hasToken(url: string, headers: Headers): boolean {
  return /^bearer\b/i.test(headers.get('authorization') ?? '') || hasTokenInAddress(url);
}

/** RFC 6750, section 3.1: the answer to a request without a token names no error. */
function tokenNeeded({ requiredScopes, resourceMetadataUrl }: Challenge, issuer: string): Response {
  const message = `The request has no token. Get one from ${issuer} and send it in the Authorization header as "Bearer TOKEN".`;
  const response = refusal(401, -32000, message);
  const scope = requiredScopes.length > 0 ? `scope="${requiredScopes.join(' ')}", ` : '';
  response.headers.set('WWW-Authenticate', `Bearer ${scope}resource_metadata="${resourceMetadataUrl}"`);
  return response;
}

interface Challenge {
  readonly requiredScopes: string[];
  readonly resourceMetadataUrl: string;
}

/** Servers and proxies write addresses to their logs, where others could take the token from. */
function refuseTokenInAddress(url: string): void {
  if (!hasTokenInAddress(url)) return;
  const message = 'This server takes no token from the address. Send it in the Authorization header.';
  throw new OAuthError(OAuthErrorCode.InvalidToken, message);
}

function hasTokenInAddress(url: string): boolean {
  return new URL(url).searchParams.has('access_token');
}

function tryLater(): Response {
  const message =
    'This MCP server cannot check tokens now, because it does not get the keys of the authorization server. Try again later. The person who runs this server finds the reason in its log.';
  const response = refusal(503, -32000, message);
  response.headers.set('Retry-After', String(RETRY_SECONDS));
  return response;
}
