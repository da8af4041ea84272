/** What a caller must be allowed to do before a tool runs. */
export type Permission = 'workflows:read' | 'workflows:write' | 'workflows:execute' | 'executions:read' | 'tasks:read';

/** What a caller is to this server, from the least to the most trusted. */
export const roles = ['viewer', 'operator', 'admin'] as const;
export type Role = (typeof roles)[number];

const READING: readonly Permission[] = ['workflows:read', 'executions:read', 'tasks:read'];

const GRANTED: Readonly<Record<Role, readonly Permission[]>> = {
  viewer: READING,
  operator: [...READING, 'workflows:execute'],
  admin: [...READING, 'workflows:execute', 'workflows:write'],
};

/** Who makes a call, and what that lets through. */
export interface Caller {
  readonly name: string;
  readonly role: Role;
  readonly permissions: readonly Permission[];
}

/** A caller with all that its role may do. */
export function callerOf(role: Role, name = 'local'): Caller {
  return { name, role, permissions: GRANTED[role] };
}

export function isAllowed({ permissions }: Caller, permission: Permission): boolean {
  return permissions.includes(permission);
}
