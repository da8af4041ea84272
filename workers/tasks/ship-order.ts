import { defineTask, z } from 'conductor-fleet';
import { callShop } from '../shared/call-shop.ts';

export default defineTask({
  name: 'ship_order',
  description: 'Gives an order to the carrier.',
  input: z.object({ orderId: z.string().min(1), sku: z.string().min(1), quantity: z.int().positive() }),
  output: z.object({ trackingId: z.string() }),
  retryCount: 2,
  retryLogic: 'FIXED',
  retryDelaySeconds: 1,
  responseTimeoutSeconds: 30,
}).worker((shipment, context) =>
  callShop(context, {
    method: 'POST',
    path: '/shipments',
    body: shipment,
    answer: z.object({ trackingId: z.string() }),
  }),
);
