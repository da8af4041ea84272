import { completes, defineScenarios, fails, failsForGood, timesOut } from 'conductor-fleet';
import orderProcessing from './order-processing.ts';

const input = { orderId: 'o-1', sku: 'lamp', quantity: 2, amount: 50 };
const reserved = completes({ reservationId: 'r-1' });
const charged = completes({ paymentId: 'p-1', status: 'approved' });
const shipped = completes({ trackingId: 't-1' });

export default defineScenarios(orderProcessing, {
  'reserves, charges and ships': {
    input,
    tasks: { reserve: reserved, charge: charged, ship: shipped },
    expect: {
      status: 'COMPLETED',
      output: { reservationId: 'r-1', paymentId: 'p-1', trackingId: 't-1' },
      ran: ['reserve', 'charge', 'ship'],
      inputs: { charge: { orderId: 'o-1', amount: 50 }, ship: { sku: 'lamp', quantity: 2 } },
    },
  },
  'retries each step': {
    input: { orderId: 'o-2', sku: 'lamp', amount: 50 },
    tasks: {
      reserve: [fails('the shop is busy'), reserved],
      charge: [timesOut(), fails('the bank is busy'), charged],
      ship: [fails('no van'), shipped],
    },
    expect: {
      status: 'COMPLETED',
      attempts: { reserve: 2, charge: 3, ship: 2 },
      inputs: { reserve: { quantity: 1 } },
    },
  },
  'fails without a retry if the payment is declined': {
    input,
    tasks: { reserve: reserved, charge: failsForGood('card declined') },
    expect: { status: 'FAILED', reason: 'card declined', attempts: { charge: 1 }, notRan: ['ship'] },
  },
  'fails if the order is not shipped': {
    input,
    tasks: { reserve: reserved, charge: charged, ship: fails('no van') },
    expect: { status: 'FAILED', reason: 'no van', attempts: { ship: 3 } },
  },
});
