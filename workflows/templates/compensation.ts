import { defineSaga, z } from 'conductor-fleet';
import chargePayment from '../../workers/tasks/charge-payment.ts';
import refundPayment from '../../workers/tasks/refund-payment.ts';
import releaseInventory from '../../workers/tasks/release-inventory.ts';
import reserveInventory from '../../workers/tasks/reserve-inventory.ts';
import shipOrder from '../../workers/tasks/ship-order.ts';
import { defineTemplate } from './registry/define-template.ts';

const workflow = defineSaga({
  name: 'OrderWithUndo',
  version: 1,
  description:
    'Reserves, charges and ships. If a step fails, the steps that had succeeded are undone, the last one first.',
  input: z.object({ orderId: z.string().min(1), sku: z.string().min(1), amount: z.number().positive() }),
  output: z.object({ trackingId: z.string() }),
  timeoutSeconds: 600,
}).build((saga, { orderId, sku, amount }) => {
  saga.step(
    'reserve',
    reserveInventory,
    { orderId, sku, quantity: 1 },
    // Releasing an order without a reservation does no harm. So the goods are also released if it is unknown whether they were reserved.
    { undo: (undo) => undo.task('release', releaseInventory, { orderId }), whenInDoubt: 'undo' },
  );
  saga.step(
    'charge',
    chargePayment,
    { orderId, amount },
    // `done` is the output of the step.
    { undo: (undo, done) => undo.task('refund', refundPayment, { orderId, paymentId: done.paymentId, amount }) },
  );
  // The last step needs no undo, because no step after it can fail.
  const shipped = saga.task('ship', shipOrder, { orderId, sku, quantity: 1 });
  return { trackingId: shipped.output.trackingId };
});

export default defineTemplate({
  name: 'compensation',
  title: 'Undo earlier steps when a later step fails',
  description:
    'A saga: each step says how to undo it. From this, a failure workflow is generated that undoes exactly the steps that succeeded.',
  whenToUse:
    'Changes in several systems without a common transaction: reserve, pay, ship. Every undo must be safe to repeat.',
  workflow,
});
