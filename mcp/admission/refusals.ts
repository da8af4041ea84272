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
