import { completes, defineScenarios, fails, failsForGood } from 'conductor-fleet';
import template from './event-driven.ts';

export default defineScenarios(template.workflow, {
  'follows up': {
    input: { orderId: 'o-1', amount: 12.5 },
    tasks: { log: [fails('no worker'), completes({ loggedAt: '2026-01-01T00:00:00.000Z' })] },
    expect: {
      status: 'COMPLETED',
      output: { orderId: 'o-1' },
      inputs: { log: { message: 'order o-1 over 12.5 was placed' } },
    },
  },
  'fails if a step fails': {
    input: { orderId: 'o-1', amount: 1 },
    tasks: { log: failsForGood('no log today') },
    expect: { status: 'FAILED', reason: 'no log today' },
  },
});
