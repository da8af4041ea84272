import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Books, Entry } from '../engine/books.ts';
import { type Endpoint, endpoint, Problem } from '../engine/endpoint.ts';

const PAYMENT_REQUIRED = 402;

interface Payment {
  readonly orderId: string;
  readonly amount: number;
  refund?: { refundId: string; entry: Entry };
}

/** Charges and refunds. A fault with status 402 declines a charge. */
export function paymentEndpoints(books: Books): Endpoint[] {
  const payments = new Map<string, Payment>();

  return [
    endpoint({
      method: 'POST',
      path: '/payments',
      summary: 'charge an order: {orderId, amount}; a fault with status 402 answers {error: "declined"}',
      kind: 'effect',
      input: z.object({ orderId: z.string().min(1), amount: z.number().positive() }),
      handle({ orderId, amount }) {
        const paymentId = `payment-${randomUUID()}`;
        payments.set(paymentId, { orderId, amount });
        const entry = books.record('charged', orderId, { paymentId, amount });
        return { status: 201, body: { paymentId, status: 'approved', orderId, amount }, entry };
      },
      onFault({ orderId, amount }, status) {
        if (status !== PAYMENT_REQUIRED) return;
        const before = books.entries({ orderId, kind: 'declined' }).at(-1);
        if (before) before.requests += 1;
        else books.record('declined', orderId, { amount });
      },
    }),
    endpoint({
      method: 'POST',
      path: '/refunds',
      summary: 'refund a payment: {orderId, paymentId, amount}; repeating it changes nothing',
      kind: 'effect',
      input: z.object({ orderId: z.string().min(1), paymentId: z.string().min(1), amount: z.number().positive() }),
      handle({ orderId, paymentId, amount }) {
        const payment = payments.get(paymentId);
        if (payment?.orderId !== orderId) {
          throw new Problem(404, 'unknown-payment', `Order "${orderId}" has no payment "${paymentId}".`);
        }
        if (amount > payment.amount) {
          throw new Problem(
            409,
            'more-than-charged',
            `${amount} is more than the charged amount of ${payment.amount}.`,
          );
        }
        if (payment.refund) {
          const { refundId, entry } = payment.refund;
          entry.requests += 1;
          return { status: 200, body: { refundId, status: 'refunded', alreadyRefunded: true } };
        }
        const refundId = `refund-${randomUUID()}`;
        const entry = books.record('refunded', orderId, { refundId, paymentId, amount });
        payment.refund = { refundId, entry };
        return { status: 201, body: { refundId, status: 'refunded', alreadyRefunded: false }, entry };
      },
    }),
  ];
}
