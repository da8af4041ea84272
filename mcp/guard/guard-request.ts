import type { ApiRequest, Conductor } from '../../core/conductor/api.ts';
import { isReading, type Permission, permissions } from '../admission/permissions.ts';
import { OutOfReach } from '../admission/refusals.ts';
import type { Checks } from './checks.ts';

/**
 * The guard of raw requests. A raw request can name a workflow in many ways. So a caller sends only requests that read if the reach limits
 * what the caller changes, and none if the reach limits what the caller reads.
 */
export function guardRequest(api: Conductor, checks: Checks): Conductor['request'] {
  return async (request) => {
    const permission = await permissionOf(request);
    const reads = permission !== undefined && isReading(permission);
    if (!reads) checks.mustBeAbleToChange();
    const concerned = permissions.filter((one) => isReading(one) === reads);
    if (!concerned.some((one) => checks.reach.limits(one))) return api.request(request);
    throw new OutOfReach({
      rule: 'raw-request',
      why: `Your reach is limited, and it cannot be checked which workflows the request ${request.method} ${request.path} concerns.`,
    });
  };
}

/** The permission that a route needs. Undefined for an unknown route. */
async function permissionOf({ method, path }: ApiRequest): Promise<Permission | undefined> {
  const { catalogue } = await import('../api/catalogue.ts');
  return catalogue.find((one) => one.method === method && one.path === path)?.permission;
}
