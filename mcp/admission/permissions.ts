import { permissionNames, roleNames } from '../../core/settings/mcp-access/names.ts';
/** Every permission. */
export const permissions = permissionNames;
/** A permission that a request can need and that a role or a token can grant. */
export type Permission = (typeof permissions)[number];

/**
 * What a caller may do. A viewer reads. An operator also runs and steers executions, works on tasks and decides approvals. An admin also
 * changes definitions.
 */
export type Role = 'viewer' | 'operator' | 'admin';

/** The roles of callers, from the least to the most trusted. */
export const roles: readonly Role[] = roleNames;

const READING: readonly Permission[] = ['workflows:read', 'executions:read', 'tasks:read'];
const OPERATING: readonly Permission[] = [...READING, 'workflows:execute', 'tasks:write', 'approvals:decide'];

const GRANTED: Readonly<Record<Role, readonly Permission[]>> = {
  viewer: READING,
  operator: OPERATING,
  admin: [...OPERATING, 'workflows:write'],
};

/** Every permission of a role. */
export function permissionsOf(role: Role): readonly Permission[] {
  return GRANTED[role];
}

/** Who sends a request, and what this caller may do. */
export interface Caller {
  /**
   * Unique among all callers. Sessions, request state, claims and rate limits belong to one id. A caller with a token has the id
   * `<issuer>#<subject>`.
   */
  readonly id: string;
  /** Names the caller to people: in logs, in the audit and in records of decisions. */
  readonly name: string;
  readonly role: Role;
  /** A token can grant fewer or more permissions than its role. */
  readonly permissions: readonly Permission[];
  /** Only for a caller with a token: the permissions that the same caller would have in a token with more scopes. */
  readonly grantable?: readonly Permission[];
  /** How the server knows the caller: by a checked token, by what an embedding host said, or by its own configuration. */
  readonly knownBy: 'token' | 'host' | 'configuration';
  /** If set and the role is not admin, the caller may only change and start workflows whose name starts with `<team>_`. */
  readonly team?: string;
}

/** A caller with every permission of its role, as the configuration of the server names it. */
export function callerOf(role: Role, name = 'local'): Caller {
  return { id: name, name, role, permissions: GRANTED[role], knownBy: 'configuration' };
}

/** Where the person who runs the server gives a caller a role. */
export const ROLE_SETTING = 'MCP_ROLE (in code: callerFrom)';

export function isAllowed({ permissions: granted }: Caller, permission: Permission): boolean {
  return granted.includes(permission);
}

/** True for a permission with which nothing can be changed. */
export function isReading(permission: Permission): boolean {
  return READING.includes(permission);
}
