import { refusalOf, type UseSettings } from './may-use.ts';
import { type Caller, isAllowed, ROLE_SETTING } from './permissions.ts';
import { OutOfReach, PermissionMissing } from './refusals.ts';
import type { Subject } from './subject.ts';

/**
 * Lists hide what the caller may not use, but a client can still name it.
 * @throws PermissionMissing if the caller lacks the permission; OutOfReach if a setting refuses the subject
 */
export function authorize(caller: Caller, subject: Subject, settings: UseSettings): void {
  const { name, permission } = subject;
  if (permission === 'none' || isAllowed(caller, permission)) {
    const refusal = refusalOf(subject, caller, settings);
    if (refusal) throw new OutOfReach(refusal);
    return;
  }
  throw new PermissionMissing(
    permission,
    `${name} needs the permission ${permission}, which ${lacking(caller)} does not have.`,
    { remedy: `${WHO_GRANTS[caller.knownBy]} Or use what the lists of tools, resources and prompts show.` },
  );
}

/** A token can grant less than its role, so the role says nothing about it. */
function lacking({ knownBy, name, role }: Caller): string {
  return knownBy === 'token' ? `the token of ${name}` : `the role ${role}`;
}

const WHO_GRANTS: Readonly<Record<Caller['knownBy'], string>> = {
  token:
    'Ask the person who assigns roles at the authorization server for a role with this permission, then get a new token.',
  host: 'Ask the person who runs this MCP server for a role with this permission.',
  configuration: `Ask the person who runs this MCP server for a role with this permission. ${ROLE_SETTING} decides it.`,
};
