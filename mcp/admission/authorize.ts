import { FleetError, type FleetErrorOptions } from '../../core/errors.ts';
import { type Caller, isAllowed, type Permission } from './permissions.ts';
import type { Subject } from './subject.ts';

/** A refusal for lack of a permission. Over HTTP, a caller with a token learns which scope to ask for. */
export class PermissionMissing extends FleetError {
  readonly permission: Permission;

  constructor(permission: Permission, message: string, options: FleetErrorOptions) {
    super('denied', message, options);
    this.permission = permission;
  }
}

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
