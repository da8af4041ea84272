import {
  type CryptoKey,
  createRemoteJWKSet,
  customFetch,
  errors,
  type FlattenedJWSInput,
  type JWSHeaderParameters,
  type RemoteJWKSet,
} from 'jose';
import { z } from 'zod';
import { FleetError, messageOf } from '../../core/errors.ts';
import { named } from '../../core/settings/named.ts';
import { trustedUrl } from '../../core/settings/setting.ts';

const TIMEOUT_MS = 5000;
/** For so long after a fetch, a token with an unknown key causes no fetch. Else each refused token would cost the issuer a request. */
const COOLDOWN_MS = 5000;
/** For so long after a failed fetch, the keys are not fetched again. Clients are told to come back after this time. */
export const RETRY_SECONDS = 5;

export interface KeyOptions {
  readonly issuer: string;
  /** Default: the metadata of the issuer names it. */
  readonly jwksUrl?: string | undefined;
}

/**
 * Finds the key that the header of a token names. As long as the keys have not been fetched again, it returns the same object for a header.
 * @throws FleetError `upstream` if the keys cannot be fetched; JOSEError if no key fits
 */
export type SigningKeys = (header: JWSHeaderParameters, token?: FlattenedJWSInput) => Promise<CryptoKey>;

/**
 * The keys with which the issuer signs. They are fetched when the first token arrives, when they are ten minutes old, and when a token
 * names an unknown key. So a key that the issuer adds works at once, and a key that it removes stops working after ten minutes.
 */
export function signingKeys({ issuer, jwksUrl }: KeyOptions): SigningKeys {
  const [find, fetchKeys] = [restAfterFailure(findJwksUrl), restAfterFailure(fetchOk)];
  const options = { timeoutDuration: TIMEOUT_MS, cooldownDuration: COOLDOWN_MS, [customFetch]: fetchKeys };
  let opened: Promise<RemoteJWKSet> | undefined;
  const open = async () => createRemoteJWKSet(new URL(jwksUrl ?? (await find(issuer))), options);
  return async (header, token) => {
    try {
      opened ??= open();
      const keys = await opened.catch((error) => {
        opened = undefined;
        throw error;
      });
      return await keys(header, token);
    } catch (cause) {
      if (isAboutToken(cause)) throw cause;
      throw unavailable(issuer, cause);
    }
  };
}

/** Errors of a token that names no key of the issuer, or fits several. */
function isAboutToken(error: unknown): boolean {
  const { JWKSNoMatchingKey, JWKSMultipleMatchingKeys, JOSENotSupported } = errors;
  return [JWKSNoMatchingKey, JWKSMultipleMatchingKeys, JOSENotSupported].some((type) => error instanceof type);
}

function unavailable(issuer: string, cause: unknown): FleetError {
  // `fetch` says only "fetch failed"; its cause says why.
  const why = messageOf(cause instanceof Error ? (cause.cause ?? cause) : cause).replace(/\.$/, '');
  return new FleetError('upstream', `The keys of the issuer ${issuer} cannot be fetched: ${why}.`, {
    remedy: `Check ${named('mcpOauthIssuer')} and ${named('mcpOauthJwksUrl')}, and whether this machine reaches the authorization server.`,
    cause,
  });
}

/** Finds the address of the keys in the metadata of the issuer, at the places of RFC 8414 and of OpenID Connect Discovery. */
async function findJwksUrl(issuer: string): Promise<string> {
  const expected = z.looseObject({ issuer: z.string(), jwks_uri: trustedUrl });
  const tried: string[] = [];
  for (const address of metadataAddresses(issuer)) {
    const response = await fetch(address, { redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (response.status !== 200) {
      await response.body?.cancel();
      tried.push(`${address} answered ${response.status}`);
      continue;
    }
    const metadata = expected.safeParse(await response.json());
    if (!metadata.success) throw new Error(`${address} holds no metadata with "issuer" and "jwks_uri".`);
    if (metadata.data.issuer === issuer) return metadata.data.jwks_uri;
    throw new Error(
      `${address} has the issuer "${metadata.data.issuer}". ${named('mcpOauthIssuer')} must be exactly that text.`,
    );
  }
  throw new Error(`it has no metadata (${tried.join(', ')}).`);
}

function metadataAddresses(issuer: string): string[] {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, '');
  const known = (name: string) => `${origin}/.well-known/${name}${path}`;
  const appended = `${origin}${path}/.well-known/openid-configuration`;
  return [...new Set([known('oauth-authorization-server'), known('openid-configuration'), appended])];
}

async function fetchOk(url: string, options: RequestInit): Promise<Response> {
  const response = await fetch(url, options);
  if (response.status === 200) return response;
  await response.body?.cancel();
  throw new Error(`${url} answered ${response.status}.`);
}

/** For some seconds after a failure, the returned function throws the same error and does not call `ask`. */
function restAfterFailure<A extends unknown[], R>(ask: (...args: A) => Promise<R>): (...args: A) => Promise<R> {
  let failed: { readonly error: unknown; readonly until: number } | undefined;
  return async (...args) => {
    if (failed && Date.now() < failed.until) throw failed.error;
    try {
      return await ask(...args);
    } catch (error) {
      failed = { error, until: Date.now() + RETRY_SECONDS * 1000 };
      throw error;
    }
  };
}
