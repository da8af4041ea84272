import { oauthMetadataResponse } from '@modelcontextprotocol/server';
import { permissions } from '../admission/permissions.ts';
import { scopesFor } from './grants.ts';
import type { OAuth } from './oauth.ts';

/** Where clients look for the metadata, beside the address in the challenge. */
const PLACES = ['/.well-known/oauth-protected-resource', '/.well-known/oauth-protected-resource/mcp'];

/**
 * Answers a request for the metadata of this server (RFC 9728): its URL, who issues its tokens, and the scopes. Undefined for every other
 * address. The answer needs no authorization server, so clients get it while that server cannot be reached.
 */
export function resourceMetadata(request: Request, oauth: OAuth): Response | undefined {
  const { resource, issuer, grants, metadataUrl } = oauth;
  const isPlace = [...PLACES, new URL(metadataUrl).pathname].includes(new URL(request.url).pathname);
  if (!isPlace) return undefined;
  const { method, headers } = request;
  const scopes = scopesFor(permissions, grants);
  return oauthMetadataResponse(new Request(metadataUrl, { method, headers }), {
    // The SDK reads only the issuer for this document.
    oauthMetadata: { issuer, authorization_endpoint: issuer, token_endpoint: issuer, response_types_supported: [] },
    resourceServerUrl: new URL(resource),
    resourceName: 'Conductor workflows',
    dangerouslyAllowInsecureIssuerUrl: true, // the setting has checked it, and the SDK does not take [::1] for loopback
    ...(scopes.length > 0 && { scopesSupported: scopes }),
  });
}
