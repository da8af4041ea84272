import { isLock } from '../../core/conductor/lock-names.ts';

/*
 * What this server itself makes on the Conductor server while it carries out a call, whatever the caller reaches.
 */

/** The unregistered workflow with which the server asks its model for steps. */
export const WRITE_STEPS = 'fleet_write_steps';

/** True for a definition that is a lock of a call. The lock of `fleet apply` is not one. A lock is never started. */
export function isOwnLock(name: string): boolean {
  return isLock(name) && !name.startsWith('fleet_apply_lock_');
}
