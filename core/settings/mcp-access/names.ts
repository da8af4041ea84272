/** Every permission, from reading to changing definitions. `mcp/admission/permissions.ts` says which role has which. */
export const permissionNames = [
  'workflows:read',
  'executions:read',
  'tasks:read',
  'workflows:execute',
  'tasks:write',
  'approvals:decide',
  'workflows:write',
] as const;

/** The roles of callers, from the least to the most trusted. */
export const roleNames = ['viewer', 'operator', 'admin'] as const;
