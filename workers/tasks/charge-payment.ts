import { defineTask, z } from 'conductor-fleet';
import { callShop } from '../shared/call-shop.ts';

export default defineTask({
  name: 'charge_payment',
  description: 'Takes the payment for an order. A declined payment fails without a retry.',
  input: z.object({ orderId: z.string().min(1), amount: z.number().positive() }),
  output: z.object({ paymentId: z.string(), status: z.literal('approved') }),
  responseTimeoutSeconds: 30,
}).worker((payment, context) =>
  callShop(context, {
    method: 'POST',
    path: '/payments',
    body: payment,
    answer: z.object({ paymentId: z.string(), status: z.literal('approved') }),
  }),
);
