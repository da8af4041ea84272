import { defineTask, z } from 'conductor-fleet';
import { callShop } from '../shared/call-shop.ts';

export default defineTask({
  name: 'refund_payment',
  description: 'Refunds the payment for an order. Safe to repeat.',
  input: z.object({ orderId: z.string().min(1), paymentId: z.string().min(1), amount: z.number().positive() }),
  output: z.object({ refunded: z.boolean() }),
  responseTimeoutSeconds: 30,
}).worker(async (refund, context) => {
  await callShop(context, { method: 'POST', path: '/refunds', body: refund, answer: z.unknown() });
  return { refunded: true };
});
