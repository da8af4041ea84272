import { z } from 'zod';
import chargePayment from '../../workers/tasks/charge-payment.ts';
import refundPayment from '../../workers/tasks/refund-payment.ts';
import releaseInventory from '../../workers/tasks/release-inventory.ts';
import reserveInventory from '../../workers/tasks/reserve-inventory.ts';
import shipOrder from '../../workers/tasks/ship-order.ts';
import { defineSaga } from '../dsl/define-saga.ts';
import { defineTemplate } from './registry/define.ts';

const workflow = defineSaga({
  name: 'OrderWithUndo',
  version: 1,
  description:
    'Reserves, charges and ships. When a step fails, what had succeeded before it is undone, the last first.',
  input: z.object({ orderId: z.string().min(1), sku: z.string().min(1), amount: z.number().positive() }),
  output: z.object({ trackingId: z.string() }),
  timeoutSeconds: 600,
}).build((saga, { orderId, sku, amount }) => {
  saga.step(
    'reserve',
    reserveInventory,
    { orderId, sku, quantity: 1 },
    // Releasing what was never reserved does no harm, so it is also done when nobody knows whether it was.
    { undo: (undo) => undo.task('release', releaseInventory, { orderId }), whenInDoubt: 'undo' },
  );
  saga.step(
    'charge',
    chargePayment,
    { orderId, amount },
    // `done` is what the step had answered.
    { undo: (undo, done) => undo.task('refund', refundPayment, { orderId, paymentId: done.paymentId, amount }) },
  );
  // The last step needs no undo: after it nothing can fail.
  const shipped = saga.task('ship', shipOrder, { orderId, sku, quantity: 1 });
  return { trackingId: shipped.output.trackingId };
});

export default defineTemplate({
  name: 'compensation',
  title: 'Undo what was done when a later step fails',
  description:
    'A saga: each step says how it is undone, and the failure workflow that undoes exactly what had succeeded follows from that.',
  whenToUse:
    'Several systems that must agree although no transaction spans them: reserve, pay, ship. Every undo must bear to be repeated.',
  workflow,
});
