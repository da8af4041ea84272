import { defineTask, z } from 'conductor-fleet';
import { callShop } from '../shared/call-shop.ts';

export default defineTask({
  name: 'reserve_inventory',
  description: 'Reserves the goods of an order at the shop.',
  input: z.object({ orderId: z.string().min(1), sku: z.string().min(1), quantity: z.int().positive() }),
  output: z.object({ reservationId: z.string() }),
  responseTimeoutSeconds: 30,
}).worker((order, context) =>
  callShop(context, {
    method: 'POST',
    path: '/reservations',
    body: order,
    answer: z.object({ reservationId: z.string() }),
  }),
);
