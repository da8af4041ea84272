import { z } from 'zod';
import { version } from '../../../core/version.ts';
import { type Endpoint, endpoint } from '../engine/endpoint.ts';

/** The name that distinguishes the shop from any other service on its port. */
export const SHOP_SERVICE = 'conductor-fleet-shop';

/** The list of endpoints, and the health of the shop. */
export function healthEndpoints(all: () => readonly Endpoint[]): Endpoint[] {
  return [
    endpoint({
      method: 'GET',
      path: '/',
      summary: 'this list',
      kind: 'control',
      input: z.object({}),
      handle: () => ({
        status: 200,
        body: {
          service: SHOP_SERVICE,
          version,
          endpoints: all().map(({ method, path, summary }) => ({ method, path, summary })),
        },
      }),
    }),
    endpoint({
      method: 'GET',
      path: '/health',
      summary: 'name and state of the service',
      kind: 'control',
      input: z.object({}),
      handle: () => ({ status: 200, body: { service: SHOP_SERVICE, version, status: 'UP' } }),
    }),
  ];
}

/** True if the demonstration shop answers at this address. */
export async function isShop(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/health`, { signal: AbortSignal.timeout(2000) });
    const health = z.object({ service: z.literal(SHOP_SERVICE) });
    return health.safeParse(await response.json()).success;
  } catch {
    return false;
  }
}
