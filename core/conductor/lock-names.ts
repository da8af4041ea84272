/**
 * What a lock protects: the `apply` of a fleet's definitions, the `start` of the one execution that an idempotency key allows, or the
 * decision (`decide`) of a task that waits for a person or a signal.
 */
export type Purpose = 'apply' | 'start' | 'decide';

/** Identifies a lock. The name becomes part of a definition's name. */
export interface LockKey {
  purpose: Purpose;
  name: string;
}

/** The name of the definition that is the lock. */
export function definitionName({ purpose, name }: LockKey): string {
  return `fleet_${purpose}_lock_${name}`;
}

/** True for a definition that is a lock and not a workflow. */
export function isLock(workflowName: string): boolean {
  return /^fleet_(apply|start|decide)_lock_/.test(workflowName);
}
