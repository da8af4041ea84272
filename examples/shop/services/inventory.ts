import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Books } from '../engine/books.ts';
import { type Endpoint, endpoint, Problem } from '../engine/endpoint.ts';

const USUAL_STOCK = 1000;

interface Reservation {
  readonly sku: string;
  readonly quantity: number;
}

/** Stock and reservations. Every sku is in stock, except skus named `sold-out-…`. */
export function inventoryEndpoints(books: Books): Endpoint[] {
  const reserved = new Map<string, number>();
  const open = new Map<string, Reservation[]>();
  const available = (sku: string) => (sku.startsWith('sold-out-') ? 0 : USUAL_STOCK) - (reserved.get(sku) ?? 0);
  const move = ({ sku, quantity }: Reservation, sign: 1 | -1) =>
    reserved.set(sku, (reserved.get(sku) ?? 0) + sign * quantity);

  return [
    endpoint({
      method: 'GET',
      path: '/inventory/:sku',
      summary: 'how many pieces are left',
      kind: 'read',
      input: z.object({ sku: z.string() }),
      handle: ({ sku }) => ({ status: 200, body: { sku, available: available(sku) } }),
    }),
    endpoint({
      method: 'POST',
      path: '/reservations',
      summary: 'reserve stock for an order: {orderId, sku, quantity}; 409 if there is not enough',
      kind: 'effect',
      input: z.object({ orderId: z.string().min(1), sku: z.string().min(1), quantity: z.int().min(1) }),
      handle({ orderId, sku, quantity }) {
        const left = available(sku);
        if (quantity > left) {
          throw new Problem(409, 'out-of-stock', `${quantity} of "${sku}" cannot be reserved: ${left} are left.`);
        }
        const reservationId = `reservation-${randomUUID()}`;
        open.set(orderId, [...(open.get(orderId) ?? []), { sku, quantity }]);
        move({ sku, quantity }, 1);
        const entry = books.record('reserved', orderId, { reservationId, sku, quantity });
        return { status: 201, body: { reservationId, orderId, sku, quantity }, entry };
      },
    }),
    endpoint({
      method: 'DELETE',
      path: '/reservations/:orderId',
      summary: "release an order's stock; repeating it changes nothing",
      kind: 'effect',
      input: z.object({ orderId: z.string() }),
      handle({ orderId }) {
        const mine = open.get(orderId) ?? [];
        const quantity = mine.reduce((sum, reservation) => sum + reservation.quantity, 0);
        if (quantity === 0) {
          const before = books.entries({ orderId, kind: 'released' }).at(-1);
          if (before) before.requests += 1;
          return { status: 200, body: { orderId, released: 0, alreadyReleased: before !== undefined } };
        }
        for (const reservation of mine) move(reservation, -1);
        open.delete(orderId);
        const entry = books.record('released', orderId, { quantity });
        return { status: 200, body: { orderId, released: quantity, alreadyReleased: false }, entry };
      },
    }),
  ];
}
