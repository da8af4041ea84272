import { FleetError, type FleetErrorOptions } from '../../core/errors.ts';
import type { Permission } from './permissions.ts';

/** A refusal for lack of a permission. Over HTTP, a caller with a token learns which scope to ask for. */
export class PermissionMissing extends FleetError {
  readonly permission: Permission;

  constructor(permission: Permission, message: string, options: FleetErrorOptions) {
    super('denied', message, options);
    this.permission = permission;
  }
}

/** A caller sent more requests than its limit allows. */
export class RateLimited extends FleetError {
  /** After this time, the same request can succeed. At least 1. */
  readonly retryAfterSeconds: number;

  constructor(message: string, { retryAfterSeconds, remedy }: { retryAfterSeconds: number; remedy: string }) {
    super('denied', message, { retryable: true, remedy });
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** Why something is out of a caller's reach. */
export interface Refusal {
  /** What refuses it, for the error and the audit log: the id of a rule, or the name of a setting such as MCP_READ_ONLY. */
  readonly rule: string;
  /** A sentence. */
  readonly why: string;
}

/** The caller has the permission, but a rule or a setting refuses the request. */
export class OutOfReach extends FleetError {
  /** See `Refusal.rule`. */
  readonly rule: string;

  constructor({ rule, why }: Refusal) {
    super('denied', why, {
      remedy:
        'Use what you may reach: get_my_permissions {} lists your limits. Or ask the person who runs this MCP server to change them.',
    });
    this.rule = rule;
  }
}
