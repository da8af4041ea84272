import { FleetError } from '../../core/errors.ts';
import type { Guard } from '../engine/define-tool.ts';
import { isAllowed } from '../engine/permissions.ts';

/** Refuses a call whose caller lacks the tool's permission, also where the list never showed the tool. */
export const authorize: Guard = async ({ caller, tool }, next) => {
  if (isAllowed(caller, tool.permission)) return next();
  throw new FleetError(
    'denied',
    `${tool.name} needs ${tool.permission}, which the role ${caller.role} does not give.`,
    {
      remedy: 'Ask for a role that may do this (MCP_ROLE), or do with the tools that are listed.',
    },
  );
};
