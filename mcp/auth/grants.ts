import type { Config } from '../../core/config.ts';
import { FleetError } from '../../core/errors.ts';
import { nearest } from '../../core/nearest.ts';
import { named } from '../../core/settings/named.ts';
import { type Permission, permissions, permissionsOf, type Role, roles } from '../admission/permissions.ts';

/** What one scope or one value of a claim permits. */
export interface Grant {
  readonly role?: Role;
  readonly permissions: readonly Permission[];
}

/** What the scopes and claims of tokens permit. */
export interface Grants {
  readonly scopes: ReadonlyMap<string, Grant>;
  readonly claims: ReadonlyMap<string, Grant>;
}

const scopeOf = (permission: Permission) => `conductor:${permission}`;

const OF_ROLES = roles.map((role) => [role, roleGrant(role)] as const);
const OF_PERMISSIONS = permissions.map((permission) => [permission, { permissions: [permission] }] as const);
const OF_SCOPES = permissions.map((permission) => [scopeOf(permission), { permissions: [permission] }] as const);

/**
 * The defaults and what MCP_OAUTH_PERMISSIONS changes.
 * @throws FleetError `config` if the setting names a role or a permission that does not exist
 */
export function grantsOf({
  mcpOauthPermissions: { scopes, claims = {} },
}: Pick<Config, 'mcpOauthPermissions'>): Grants {
  return {
    scopes: new Map(scopes ? entriesOf(scopes) : OF_SCOPES),
    claims: new Map<string, Grant>([...OF_ROLES, ...OF_PERMISSIONS, ...OF_SCOPES, ...entriesOf(claims)]),
  };
}

/** The scopes that together permit `wanted`, each permission by the scope that permits the least. */
export function scopesFor(wanted: readonly Permission[], { scopes }: Grants): string[] {
  const narrowFirst = [...scopes].sort(([, one], [, other]) => one.permissions.length - other.permissions.length);
  const named = wanted.flatMap((permission) => {
    const [scope] = narrowFirst.find(([, grant]) => grant.permissions.includes(permission)) ?? [];
    return scope ?? [];
  });
  return [...new Set(named)];
}

function entriesOf(given: Readonly<Record<string, string | readonly string[]>>): (readonly [string, Grant])[] {
  return Object.entries(given).map(([value, granted]) => [
    value,
    typeof granted === 'string'
      ? roleGrant(known(granted, roles, 'role'))
      : { permissions: granted.map((name) => known(name, permissions, 'permission')) },
  ]);
}

function roleGrant(role: Role): Grant {
  return { role, permissions: permissionsOf(role) };
}

function known<T extends string>(name: string, names: readonly T[], what: string): T {
  const found = names.find((one) => one === name);
  if (found !== undefined) return found;
  const near = nearest(name, names);
  throw new FleetError('config', `${named('mcpOauthPermissions')} names "${name}", which is not a ${what}.`, {
    remedy: near ? `Did you mean "${near}"?` : `Name one of: ${names.join(', ')}. A list holds permissions.`,
  });
}
