import { FleetError } from '../../core/errors.ts';
import { type Caller, isAllowed } from './permissions.ts';
import type { Subject } from './subject.ts';

/**
 * @throws FleetError `denied` if the caller lacks the permission. Lists already hide its subject, but a client can still name it.
 */
export function authorize(caller: Caller, { name, permission }: Subject): void {
  if (permission === 'none' || isAllowed(caller, permission)) return;
  throw new FleetError('denied', `${name} needs ${permission}, which the role ${caller.role} does not give.`, {
    remedy: 'Ask for a role that may do this (MCP_ROLE), or use what the lists of tools, resources and prompts show.',
  });
}
