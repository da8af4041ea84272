import { defineTask, z } from 'conductor-fleet';
import { callShop } from '../shared/call-shop.ts';

export default defineTask({
  name: 'release_inventory',
  description: 'Releases the goods that were reserved for an order. Safe to repeat.',
  input: z.object({ orderId: z.string().min(1) }),
  output: z.object({ released: z.boolean() }),
  responseTimeoutSeconds: 30,
}).worker(async ({ orderId }, context) => {
  await callShop(context, {
    method: 'DELETE',
    path: `/reservations/${encodeURIComponent(orderId)}`,
    answer: z.unknown(),
  });
  return { released: true };
});
