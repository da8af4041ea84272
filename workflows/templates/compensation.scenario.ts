import { completes, defineScenarios, fails, failsForGood } from 'conductor-fleet';
import template from './compensation.ts';

const input = { orderId: 'o-1', sku: 'lamp', amount: 20 };
const reserve = completes({ reservationId: 'r-1' });
const charge = completes({ paymentId: 'p-1', status: 'approved' });
const ship = completes({ trackingId: 't-1' });

export default defineScenarios(template.workflow, {
  'reserves, charges and ships': {
    input,
    tasks: { reserve, charge, ship },
    expect: { status: 'COMPLETED', output: { trackingId: 't-1' }, ran: ['reserve', 'charge', 'ship'] },
  },
  'retries every step': {
    input,
    tasks: { reserve: [fails('503'), reserve], charge: [fails('503'), charge], ship: [fails('503'), ship] },
    expect: { status: 'COMPLETED', attempts: { reserve: 2, charge: 2, ship: 2 } },
  },
  'fails before shipping if the payment is declined': {
    input,
    tasks: { reserve, charge: failsForGood('declined') },
    expect: { status: 'FAILED', reason: 'declined', notRan: ['ship'] },
  },
});
