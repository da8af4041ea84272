import { z } from 'zod';
import type { Books } from '../engine/books.ts';
import { type Endpoint, endpoint } from '../engine/endpoint.ts';

/** Endpoints without a business: what HTTP workflows are tried on. */
export function probeEndpoints(books: Books): Endpoint[] {
  return [
    endpoint({
      method: 'ANY',
      path: '/flaky/:key',
      summary: 'answers 200 unless a fault is ordered for it; counts the requests',
      kind: 'read',
      input: z.object({ key: z.string() }),
      handle: ({ key }, { path }) => ({
        status: 200,
        body: { key, ok: true, requests: books.requests({ path }).length },
      }),
    }),
    endpoint({
      method: 'ANY',
      path: '/echo/status/:code',
      summary: 'answers with that status code, and says which method and body came',
      kind: 'read',
      input: z.object({ code: z.coerce.number().int().min(200).max(599) }),
      handle: ({ code }, { method, body }) => ({ status: code, body: { status: code, method, body: body ?? null } }),
    }),
  ];
}
