import { z } from 'zod';
import { positive, type Setting, trustedUrl } from './setting.ts';

/** Algorithms with a public key. With a shared secret, every server that checks tokens could also make them. */
const SIGNATURES = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
];

/** A role, or a list of permissions. `mcp/auth/grants.ts` checks their names. */
const granted = z.record(z.string().min(1), z.union([z.string(), z.array(z.string())]));

/** Who may call the MCP server over HTTP. */
export const mcpAuthSettings = {
  mcpUser: {
    kind: 'text',
    schema: z.string().min(1).max(200).default('local'),
    group: 'mcp',
    env: 'MCP_USER',
    flag: '--user <name>',
    description:
      'Name of the caller over stdio, and over HTTP without OAuth. Records of decisions show it. With OAuth, the token names the caller.',
  },
  mcpUnauthenticated: {
    kind: 'boolean',
    schema: z.boolean().default(false),
    group: 'mcp',
    env: 'MCP_UNAUTHENTICATED',
    flag: '--unauthenticated',
    description:
      'Listen on an address other than loopback without OAuth. Only for a container whose port is published on 127.0.0.1, or behind a proxy that authenticates callers: whoever reaches the port has the role `MCP_ROLE`.',
  },
  mcpOauthIssuer: {
    kind: 'text',
    schema: trustedUrl.optional(),
    group: 'mcp',
    env: 'MCP_OAUTH_ISSUER',
    flag: '--oauth-issuer <url>',
    description:
      'Issuer of the OAuth tokens that clients must send over HTTP, written exactly as in the `iss` of its tokens. Needs `MCP_RESOURCE`. Unset: clients send no tokens.',
  },
  mcpResource: {
    kind: 'text',
    schema: trustedUrl
      .refine((url) => new URL(url).href === url, 'must be written in full, such as https://mcp.example.com/mcp')
      .optional(),
    group: 'mcp',
    env: 'MCP_RESOURCE',
    flag: '--resource <url>',
    description:
      'Public URL of this MCP server, such as `https://mcp.example.com/mcp`. Tokens must name it as their audience (`aud`). Requests may use its host name.',
  },
  mcpOauthJwksUrl: {
    kind: 'text',
    schema: trustedUrl.optional(),
    group: 'mcp',
    env: 'MCP_OAUTH_JWKS_URL',
    flag: '--oauth-jwks-url <url>',
    description: 'Address of the keys that sign the tokens (JWKS). Unset: the metadata of the issuer names it.',
  },
  mcpOauthAlgorithms: {
    kind: 'list',
    schema: z.array(z.enum(SIGNATURES)).min(1).default(SIGNATURES),
    group: 'mcp',
    env: 'MCP_OAUTH_ALGORITHMS',
    flag: '--oauth-algorithms <names>',
    description: 'Algorithms with which tokens may be signed, separated by commas.',
  },
  mcpTokenMaxSeconds: {
    kind: 'number',
    schema: positive.max(7 * 86_400).default(3600),
    group: 'mcp',
    env: 'MCP_TOKEN_MAX_SECONDS',
    flag: '--token-max-seconds <n>',
    description: 'Longest lifetime of a token, from `iat` to `exp`. A token that lives longer is refused.',
  },
  mcpOauthScopes: {
    kind: 'list',
    schema: z.array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, 'must be a scope without spaces')).default([]),
    group: 'mcp',
    env: 'MCP_OAUTH_SCOPES',
    flag: '--oauth-scopes <scopes>',
    description:
      'Scopes that a client without a token is told to ask for, separated by commas. Unset: the scopes that permit reading. A client asks for more when a request needs more.',
  },
  mcpOauthPermissions: {
    kind: 'json',
    schema: z.strictObject({ scopes: granted.optional(), claims: granted.optional() }).default({}),
    group: 'mcp',
    env: 'MCP_OAUTH_PERMISSIONS',
    flag: '--oauth-permissions <json>',
    description:
      'What scopes and claims of a token permit: a role or a list of permissions for each. `claims` are values of `roles`, `groups` and `permissions`, beside the names of roles and permissions. `scopes` replace the scopes `conductor:<permission>`. Example: `{"claims":{"fleet-admins":"admin"},"scopes":{"mcp.run":["workflows:execute"]}}`.',
  },
} as const satisfies Record<string, Setting>;
