import { z } from 'zod';
import { fromSetting } from '../../core/contract.ts';
import refundPayment from '../../workers/tasks/refund-payment.ts';
import releaseInventory from '../../workers/tasks/release-inventory.ts';
import { defineWorkflow, failureInput } from '../dsl/define.ts';
import { externalApi } from '../dsl/policies.ts';

const done = z.object({ reserved: z.boolean(), charged: z.boolean(), paymentId: z.string() });

export default defineWorkflow({
  name: 'OrderProcessingCompensation',
  version: 1,
  description: 'Undoes a failed order: refunds and releases what had succeeded, in reverse, and tells the customer.',
  input: failureInput.extend({
    orderId: z.string(),
    amount: z.number(),
    shopUrl: fromSetting('shopUrl', z.url(), 'http://127.0.0.1:8090'),
  }),
  output: z.object({
    failedWorkflowId: z.string(),
    refunded: z.boolean(),
    released: z.boolean(),
    notified: z.boolean(),
  }),
}).build((wf, input) => {
  // Every attempt is a row of its own; a step has succeeded if one of its rows is COMPLETED.
  const completed = wf.jq('what_succeeded', {
    inputs: { failed: input.failedWorkflow },
    query: `
      [.failed.tasks[] | select(.status == "COMPLETED")] as $done
      | { reserved: any($done[]; .referenceTaskName == "reserve"),
          charged: any($done[]; .referenceTaskName == "charge"),
          paymentId: ([$done[] | select(.referenceTaskName == "charge") | .outputData.paymentId][0] // "") }`,
    output: done,
  });
  const { reserved, charged, paymentId } = completed.output.result;
  wf.switch('refund_if_charged', charged, {
    true: (yes) => yes.task('refund', refundPayment, { orderId: input.orderId, paymentId, amount: input.amount }),
    false: () => {},
  });
  wf.switch('release_if_reserved', reserved, {
    true: (yes) => yes.task('release', releaseInventory, { orderId: input.orderId }),
    false: () => {},
  });
  const notified = wf.http('notify', externalApi, {
    method: 'POST',
    uri: `${input.shopUrl}/notifications`,
    headers: { 'Idempotency-Key': `${input.orderId}:cancelled` },
    body: { kind: 'order_cancelled', orderId: input.orderId, reason: input.reason },
    response: z.object({ accepted: z.boolean() }),
  });
  return {
    failedWorkflowId: input.workflowId,
    refunded: charged,
    released: reserved,
    notified: notified.output.response.body.accepted,
  };
});
