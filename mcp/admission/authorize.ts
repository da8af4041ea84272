import { type Caller, isAllowed } from './permissions.ts';
import { PermissionMissing } from './refusals.ts';
import type { Subject } from './subject.ts';

/**
 * @throws PermissionMissing if the caller lacks the permission. Lists hide what the caller may not use, but a client can still name it.
 */
export function authorize(caller: Caller, { name, permission }: Subject): void {
  if (permission === 'none' || isAllowed(caller, permission)) return;
  throw new PermissionMissing(
    permission,
    `${name} needs the permission ${permission}, which the role ${caller.role} does not have.`,
    {
      remedy:
        'Ask the person who runs this MCP server for a role with this permission (MCP_ROLE). Or use what the lists of tools, resources and prompts show.',
    },
  );
}
