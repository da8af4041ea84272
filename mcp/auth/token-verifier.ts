import { type AuthInfo, OAuthError, OAuthErrorCode, type OAuthTokenVerifier } from '@modelcontextprotocol/server';
import { errors, type JWTPayload, jwtVerify } from 'jose';
import { named } from '../../core/settings/named.ts';
import { authInfoOfCaller } from '../engine/connection.ts';
import { callerOfClaims } from './caller-of-claims.ts';
import { type CheckedToken, CheckedTokens } from './checked-tokens.ts';
import type { OAuth } from './oauth.ts';
import { signingKeys } from './signing-keys.ts';

/** The clocks of this machine and of the issuer may differ by so much. Nothing extends a token beyond its `exp`. */
const CLOCK_TOLERANCE_SECONDS = 30;

/**
 * Checks tokens: the signature by a key of the issuer, the algorithm, `iss`, `aud`, `exp`, `nbf`, `iat` and the lifetime. The result holds
 * the caller and not the token, so that no log, error or call to Conductor can contain the token.
 *
 * The signature of a token is checked once for each key: as long as the issuer still has that very key, the token is accepted without
 * another check. `exp` is compared at each request, by the SDK. The other claims, once right, stay right.
 * @throws OAuthError `invalid_token` if a check fails; FleetError `upstream` if the keys of the issuer cannot be fetched
 */
export function tokenVerifier({
  issuer,
  resource,
  jwksUrl,
  algorithms,
  maxSeconds,
  grants,
}: OAuth): OAuthTokenVerifier {
  const keys = signingKeys({ issuer, jwksUrl });
  const checks = {
    ...{ issuer, audience: resource, algorithms: [...algorithms] },
    ...{ maxTokenAge: maxSeconds, clockTolerance: CLOCK_TOLERANCE_SECONDS, requiredClaims: ['exp', 'sub'] },
  };
  const accepted = new CheckedTokens();
  const check = async (token: string): Promise<CheckedToken> => {
    const { payload, protectedHeader: header, key } = await jwtVerify(token, keys, checks);
    const { exp = 0, iat = 0 } = payload;
    if (exp - iat > maxSeconds) throw refused(tooLong(payload, maxSeconds));
    return { header, key, authInfo: { ...authInfoOfCaller(callerOfClaims(payload, grants)), expiresAt: exp } };
  };
  return {
    async verifyAccessToken(token): Promise<AuthInfo> {
      try {
        const known = accepted.find(token);
        if (known && (await keys(known.header)) === known.key) return known.authInfo;
        const checked = await check(token);
        accepted.keep(token, checked);
        return checked.authInfo;
      } catch (error) {
        throw refusalOf(error);
      }
    },
  };
}

function refusalOf(error: unknown): unknown {
  return error instanceof errors.JOSEError ? refused(sentenceOf(error)) : error;
}

function refused(message: string): OAuthError {
  return new OAuthError(OAuthErrorCode.InvalidToken, message);
}

/** The library's own messages are not used, so that nothing of a forged token can appear in an answer. */
function sentenceOf(error: errors.JOSEError): string {
  if (error instanceof errors.JWTExpired) return 'The token has expired.';
  if (error instanceof errors.JWTClaimValidationFailed) {
    return error.reason === 'missing'
      ? `The claim "${error.claim}" is missing.`
      : `The claim "${error.claim}" does not have the value that this server requires.`;
  }
  if (error instanceof errors.JOSEAlgNotAllowed) return 'The algorithm of the token is not allowed.';
  if (error instanceof errors.JWKSNoMatchingKey)
    return 'The issuer has no key with the "kid" and algorithm of the token.';
  if (error instanceof errors.JWKSMultipleMatchingKeys)
    return 'The token has no "kid", and the issuer has several keys.';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'The signature of the token is wrong.';
  return 'The token is not a signed JWT that this server can read.';
}

function tooLong({ exp = 0, iat = 0 }: JWTPayload, maxSeconds: number): string {
  return `The token lives ${exp - iat} s, longer than the limit of ${maxSeconds} s (${named('mcpTokenMaxSeconds')}).`;
}
