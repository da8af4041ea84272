/** A permission that a request can need and that a role can grant. */
export type Permission = 'workflows:read' | 'workflows:write' | 'workflows:execute' | 'executions:read' | 'tasks:read';

/** What a caller may do. A viewer reads. An operator also runs and steers executions. An admin also changes definitions. */
export type Role = 'viewer' | 'operator' | 'admin';

/** The roles of callers, from the least to the most trusted. */
export const roles = ['viewer', 'operator', 'admin'] as const satisfies readonly Role[];

const READING: readonly Permission[] = ['workflows:read', 'executions:read', 'tasks:read'];

const GRANTED: Readonly<Record<Role, readonly Permission[]>> = {
  viewer: READING,
  operator: [...READING, 'workflows:execute'],
  admin: [...READING, 'workflows:execute', 'workflows:write'],
};

/** Who sends a request, and what this caller may do. */
export interface Caller {
  readonly name: string;
  readonly role: Role;
  readonly permissions: readonly Permission[];
}

/** A caller with every permission of its role. */
export function callerOf(role: Role, name = 'local'): Caller {
  return { name, role, permissions: GRANTED[role] };
}

export function isAllowed({ permissions }: Caller, permission: Permission): boolean {
  return permissions.includes(permission);
}
