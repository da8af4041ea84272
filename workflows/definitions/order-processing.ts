import { defineSaga, externalApi, fromSetting, z } from 'conductor-fleet';
import chargePayment from '../../workers/tasks/charge-payment.ts';
import refundPayment from '../../workers/tasks/refund-payment.ts';
import releaseInventory from '../../workers/tasks/release-inventory.ts';
import reserveInventory from '../../workers/tasks/reserve-inventory.ts';
import shipOrder from '../../workers/tasks/ship-order.ts';

export default defineSaga({
  name: 'OrderProcessing',
  version: 1,
  description:
    'Reserves the goods, takes the payment and ships the order. If a step fails, the steps before it are undone.',
  input: z.object({
    orderId: z.string().min(1),
    sku: z.string().min(1),
    quantity: z.int().positive().default(1),
    amount: z.number().positive(),
  }),
  output: z.object({ reservationId: z.string(), paymentId: z.string(), trackingId: z.string() }),
  timeoutSeconds: 600,
}).build((saga, { orderId, sku, quantity, amount }) => {
  const reserved = saga.step(
    'reserve',
    reserveInventory,
    { orderId, sku, quantity },
    { undo: (undo) => undo.task('release', releaseInventory, { orderId }), whenInDoubt: 'undo' },
  );
  const charged = saga.step(
    'charge',
    chargePayment,
    { orderId, amount },
    { undo: (undo, done) => undo.task('refund', refundPayment, { orderId, paymentId: done.paymentId, amount }) },
  );
  const shipped = saga.task('ship', shipOrder, { orderId, sku, quantity });
  saga.afterwards(
    {
      input: z.object({ shopUrl: fromSetting('shopUrl', z.url(), 'http://127.0.0.1:8090') }),
      output: z.object({
        failedWorkflowId: z.string(),
        refunded: z.boolean(),
        released: z.boolean(),
        notified: z.boolean(),
      }),
    },
    (after, { shopUrl, workflowId }, undone) => {
      const told = after.http('notify', externalApi, {
        method: 'POST',
        uri: `${shopUrl}/notifications`,
        body: { kind: 'order_cancelled', orderId },
        response: z.object({ accepted: z.boolean() }),
      });
      return {
        failedWorkflowId: workflowId,
        refunded: undone(charged),
        released: undone(reserved),
        notified: told.output.response.body.accepted,
      };
    },
  );
  return {
    reservationId: reserved.output.reservationId,
    paymentId: charged.output.paymentId,
    trackingId: shipped.output.trackingId,
  };
});
