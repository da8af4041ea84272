import { OAuthError, OAuthErrorCode } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { clip } from '../../core/text.ts';
import { type Caller, type Permission, permissions, permissionsOf, roles } from '../admission/permissions.ts';
import type { Grant, Grants } from './grants.ts';

/*
 * What a token permits (docs/adr/0029-tokens-and-permissions.md has the reasons):
 * 1. The claims `roles`, `groups` and `permissions` grant together what their known values grant.
 * 2. Without a known value in these claims, the known scopes grant. Without a known scope either, the caller is a viewer.
 * 3. With both, the caller has only the permissions that the claims and the scopes grant. So a scope never adds to a role.
 * 4. A claim of the wrong type refuses the token. If it were ignored, a token with a broken `team` would reach every team.
 */

const values = z.union([z.string().transform((value) => [value]), z.array(z.string())]).default([]);
const scopes = z
  .union([z.string(), z.array(z.string())])
  .default([])
  .transform((value) => (typeof value === 'string' ? value.split(' ') : value));
const name = z.string().optional();

const tokenClaims = z.looseObject({
  iss: z.string(),
  sub: z.string().min(1),
  scope: scopes,
  /** Some authorization servers name the scopes like this. */
  scp: scopes,
  roles: values,
  groups: values,
  permissions: values,
  team: z.string().min(1).optional(),
  ...{ preferred_username: name, name, email: name, client_id: name, azp: name },
});
type TokenClaims = z.output<typeof tokenClaims>;

/**
 * The caller whom the claims of a checked token describe.
 * @throws OAuthError `invalid_token` if a claim has the wrong type
 */
export function callerOfClaims(payload: object, grants: Grants): Caller {
  const claims = tokenClaims.safeParse(payload);
  if (!claims.success) {
    const [claim = ''] = claims.error.issues[0]?.path ?? [];
    throw new OAuthError(OAuthErrorCode.InvalidToken, `The claim "${String(claim)}" has the wrong type.`);
  }
  const { iss, sub, team, ...rest } = claims.data;
  const byClaims = found(grants.claims, [...rest.roles, ...rest.groups, ...rest.permissions]);
  const byScopes = found(grants.scopes, [...rest.scope, ...rest.scp]);
  return {
    id: `${iss}#${sub}`,
    name: nameOf(claims.data),
    role: roles.findLast((role) => byClaims.some((grant) => grant.role === role)) ?? 'viewer',
    permissions: granted(byClaims, byScopes),
    grantable: grantable(byClaims, grants),
    knownBy: 'token',
    ...(team !== undefined && { team }),
  };
}

function granted(byClaims: readonly Grant[], byScopes: readonly Grant[]): readonly Permission[] {
  if (byClaims.length === 0 && byScopes.length === 0) return permissionsOf('viewer');
  return permissions.filter((permission) => permits(byClaims, permission) && permits(byScopes, permission));
}

/** The permissions that the same caller would have with more scopes. */
function grantable(byClaims: readonly Grant[], { scopes }: Grants): readonly Permission[] {
  const all = [...scopes.values()];
  return permissions.filter(
    (permission) => permits(byClaims, permission) && all.length > 0 && permits(all, permission),
  );
}

/** True if one of the grants permits it, or if there are no grants: a token that has no claims is judged by its scopes alone. */
function permits(grants: readonly Grant[], permission: Permission): boolean {
  return grants.length === 0 || grants.some((grant) => grant.permissions.includes(permission));
}

function found(known: ReadonlyMap<string, Grant>, names: readonly string[]): Grant[] {
  return names.flatMap((value) => known.get(value) ?? []);
}

/** People read this name in logs and records, so it has no control characters and a limited length. */
function nameOf({ preferred_username, name, email, client_id, azp, sub }: TokenClaims): string {
  const shown = [preferred_username, name, email, client_id, azp, sub].find((value) => value?.trim()) ?? sub;
  return clip(shown.replaceAll(/\p{C}/gu, ' ').trim(), 200);
}
