import { z } from 'zod';
import chargePayment from '../../workers/tasks/charge-payment.ts';
import reserveInventory from '../../workers/tasks/reserve-inventory.ts';
import shipOrder from '../../workers/tasks/ship-order.ts';
import { defineWorkflow } from '../dsl/define.ts';
import orderProcessingCompensation from './order-processing-compensation.ts';

export default defineWorkflow({
  name: 'OrderProcessing',
  version: 1,
  description: 'Reserves the goods, takes the payment, ships. When a step fails, what was done before is undone.',
  input: z.object({
    orderId: z.string().min(1),
    sku: z.string().min(1),
    quantity: z.int().positive().default(1),
    amount: z.number().positive(),
  }),
  output: z.object({ reservationId: z.string(), paymentId: z.string(), trackingId: z.string() }),
  failureWorkflow: orderProcessingCompensation,
  timeoutSeconds: 600,
}).build((wf, { orderId, sku, quantity, amount }) => {
  const reserved = wf.task('reserve', reserveInventory, { orderId, sku, quantity });
  const charged = wf.task('charge', chargePayment, { orderId, amount });
  const shipped = wf.task('ship', shipOrder, { orderId, sku, quantity });
  return {
    reservationId: reserved.output.reservationId,
    paymentId: charged.output.paymentId,
    trackingId: shipped.output.trackingId,
  };
});
