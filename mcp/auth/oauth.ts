import { getOAuthProtectedResourceMetadataUrl } from '@modelcontextprotocol/server';
import type { Config } from '../../core/config.ts';
import { FleetError } from '../../core/errors.ts';
import { isLoopback } from '../../core/settings/loopback.ts';
import { named } from '../../core/settings/named.ts';
import { permissionsOf } from '../admission/permissions.ts';
import { type Grants, grantsOf, scopesFor } from './grants.ts';

/** The settings that say which tokens are accepted. */
export type OAuthSettings = Pick<
  Config,
  | 'mcpOauthIssuer'
  | 'mcpResource'
  | 'mcpOauthJwksUrl'
  | 'mcpOauthAlgorithms'
  | 'mcpTokenMaxSeconds'
  | 'mcpOauthScopes'
  | 'mcpOauthPermissions'
>;

/** Which tokens are accepted, and what they permit. */
export interface OAuth {
  readonly issuer: string;
  /** Public URL of the MCP server. Tokens are meant for it. */
  readonly resource: string;
  /** Where clients read which authorization server issues the tokens. */
  readonly metadataUrl: string;
  readonly jwksUrl: string | undefined;
  readonly algorithms: readonly string[];
  /** Longest lifetime of a token. */
  readonly maxSeconds: number;
  /** Scopes that a client without a token asks for. */
  readonly firstScopes: readonly string[];
  readonly grants: Grants;
}

/**
 * Undefined if no issuer is configured. Then clients send no tokens.
 * @throws FleetError `config` if a setting is missing or names an unknown permission
 */
export function oauthOf(config: OAuthSettings): OAuth | undefined {
  const { mcpOauthIssuer: issuer, mcpResource: resource } = config;
  if (issuer === undefined && resource === undefined) return undefined;
  if (issuer === undefined || resource === undefined) {
    const [given, missing] =
      issuer === undefined
        ? [named('mcpResource'), named('mcpOauthIssuer')]
        : [named('mcpOauthIssuer'), named('mcpResource')];
    throw new FleetError('config', `${given} is set and ${missing} is not. OAuth needs both.`, {
      remedy: `Set ${missing} too (the issuer of the tokens, and the public URL of this server), or unset ${given}.`,
    });
  }
  const grants = grantsOf(config);
  const { mcpOauthScopes: chosen } = config;
  return {
    ...{ issuer, resource, grants, jwksUrl: config.mcpOauthJwksUrl, algorithms: config.mcpOauthAlgorithms },
    metadataUrl: getOAuthProtectedResourceMetadataUrl(new URL(resource)),
    maxSeconds: config.mcpTokenMaxSeconds,
    firstScopes: chosen.length > 0 ? chosen : scopesFor(permissionsOf('viewer'), grants),
  };
}

/**
 * Checks before the HTTP transport starts that its callers are known.
 * @throws FleetError `config` if other machines could reach a server that checks no tokens, or if the settings of OAuth do not fit together
 */
export function checkCallersAreKnown(config: OAuthSettings & Pick<Config, 'mcpHost' | 'mcpUnauthenticated'>): void {
  const { mcpHost, mcpUnauthenticated } = config;
  if (oauthOf(config) !== undefined || mcpUnauthenticated || isLoopback(mcpHost)) return;
  throw new FleetError(
    'config',
    `MCP over HTTP would listen on ${mcpHost} without authentication, so whoever reaches the port could use it.`,
    {
      remedy: `Set ${named('mcpOauthIssuer')} and ${named('mcpResource')}, so that clients must send tokens, or leave out --host (MCP_HOST). Set MCP_UNAUTHENTICATED=true only in a container whose port is published on 127.0.0.1, or behind a proxy that authenticates callers.`,
    },
  );
}
