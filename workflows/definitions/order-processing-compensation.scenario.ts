import { answers, companionOf, completes, defineScenarios, fails } from 'conductor-fleet';
import orderProcessing from './order-processing.ts';

const row = (referenceTaskName: string, status: string, outputData: Record<string, unknown> = {}) => ({
  referenceTaskName,
  status,
  outputData,
  startTime: 1,
});
const reserved = row('reserve', 'COMPLETED', { reservationId: 'r-1' });
const charged = row('charge', 'COMPLETED', { paymentId: 'p-1', status: 'approved' });
const failedWith = (...tasks: object[]) => ({
  orderId: 'o-1',
  sku: 'lamp',
  quantity: 2,
  amount: 50,
  workflowId: 'w-1',
  reason: 'no van',
  shopUrl: 'http://shop',
  failedWorkflow: { tasks },
});
const told = answers(200, { accepted: true });
const refunded = completes({ refunded: true });
const released = completes({ released: true });

export default defineScenarios(companionOf(orderProcessing, 'OrderProcessingCompensation'), {
  'refunds the payment and then releases the goods if shipping has failed': {
    input: failedWith(reserved, row('charge', 'FAILED'), charged, row('ship', 'FAILED')),
    tasks: { refund: refunded, release: released, notify: told },
    expect: {
      status: 'COMPLETED',
      output: { failedWorkflowId: 'w-1', refunded: true, released: true, notified: true },
      ran: ['refund', 'release', 'notify'],
      inputs: { refund: { orderId: 'o-1', paymentId: 'p-1', amount: 50 }, release: { orderId: 'o-1' } },
    },
  },
  'only releases the goods if the payment was declined': {
    input: failedWith(reserved, row('charge', 'FAILED_WITH_TERMINAL_ERROR')),
    tasks: { release: released, notify: told },
    expect: { status: 'COMPLETED', output: { refunded: false, released: true, notified: true }, notRan: ['refund'] },
  },
  'only notifies the customer if no step has succeeded': {
    input: failedWith(row('reserve', 'FAILED')),
    tasks: { notify: told },
    expect: {
      status: 'COMPLETED',
      output: { refunded: false, released: false, notified: true },
      notRan: ['refund', 'release'],
    },
  },
  'retries each undo': {
    input: failedWith(reserved, charged),
    tasks: {
      refund: [fails('the bank is busy'), refunded],
      release: [fails('the shop is busy'), released],
      notify: [fails('503'), told],
    },
    expect: { status: 'COMPLETED', attempts: { refund: 2, release: 2, notify: 2 } },
  },
  'continues after a failed undo, and at the end names the steps that are not undone': {
    input: failedWith(reserved, charged),
    tasks: { refund: fails('the bank is gone'), release: fails('the shop is gone'), notify: told },
    expect: {
      status: 'FAILED',
      reason: /charge is not undone, refund failed.*reserve is not undone, release failed/,
      output: { refunded: false, released: false, notified: true },
      ran: ['refund', 'release', 'notify', 'not_all_undone'],
    },
  },
});
