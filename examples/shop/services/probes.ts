import { z } from 'zod';
import type { Books } from '../engine/books.ts';
import { type Endpoint, endpoint } from '../engine/endpoint.ts';

/** Endpoints with which a user can try HTTP workflows. */
export function probeEndpoints(books: Books): Endpoint[] {
  return [
    endpoint({
      method: 'ANY',
      path: '/flaky/:key',
      summary: 'answers 200 with the number of requests so far; order a fault to make it fail',
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
      summary: 'answers with this status code and repeats the method and body of the request',
      kind: 'read',
      input: z.object({ code: z.coerce.number().int().min(200).max(599) }),
      handle: ({ code }, { method, body }) => ({ status: code, body: { status: code, method, body: body ?? null } }),
    }),
  ];
}
