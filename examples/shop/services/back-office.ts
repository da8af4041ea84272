import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Books } from '../engine/books.ts';
import { type Endpoint, endpoint } from '../engine/endpoint.ts';

/** Shipping, notifications and clean-up. These services keep no state except the books. */
export function backOfficeEndpoints(books: Books): Endpoint[] {
  return [shipments(books), notifications(books), cleanUp(books), cleanedUp(books)];
}

function shipments(books: Books): Endpoint {
  return endpoint({
    method: 'POST',
    path: '/shipments',
    summary: 'ship an order: {orderId, sku, quantity}',
    kind: 'effect',
    input: z.object({ orderId: z.string().min(1), sku: z.string().min(1), quantity: z.int().min(1) }),
    handle({ orderId, sku, quantity }) {
      const trackingId = `tracking-${randomUUID()}`;
      const entry = books.record('shipped', orderId, { trackingId, sku, quantity });
      return { status: 201, body: { trackingId, orderId }, entry };
    },
  });
}

function notifications(books: Books): Endpoint {
  return endpoint({
    method: 'POST',
    path: '/notifications',
    summary: 'send a notification: any object; recorded under its orderId, else its workflowId',
    kind: 'effect',
    input: z.looseObject({ orderId: z.string().nullish(), workflowId: z.string().nullish() }),
    handle(message) {
      const notificationId = `notification-${randomUUID()}`;
      const about = message.orderId || message.workflowId || notificationId;
      const entry = books.record('notified', about, { notificationId, ...message });
      return { status: 202, body: { notificationId, accepted: true }, entry };
    },
  });
}

function cleanUp(books: Books): Endpoint {
  return endpoint({
    method: 'DELETE',
    path: '/cleanup/:id',
    summary: 'clean up after an execution; repeating it changes nothing',
    kind: 'effect',
    input: z.object({ id: z.string() }),
    handle({ id }) {
      const before = books.entries({ orderId: id, kind: 'cleaned' })[0];
      if (before) before.requests += 1;
      const entry = before ?? books.record('cleaned', id);
      return { status: 200, body: { id, cleaned: true, alreadyCleaned: before !== undefined }, entry };
    },
  });
}

function cleanedUp(books: Books): Endpoint {
  return endpoint({
    method: 'GET',
    path: '/cleanup',
    summary: 'the clean-ups that happened',
    kind: 'read',
    input: z.object({}),
    handle: () => ({
      status: 200,
      body: {
        cleaned: books.entries({ kind: 'cleaned' }).map(({ orderId, at, requests }) => ({ id: orderId, at, requests })),
      },
    }),
  });
}
