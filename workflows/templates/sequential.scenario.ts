import { defineScenarios } from '../scenario/define-scenarios.ts';
import { completes, fails, failsForGood } from '../scenario/mocks.ts';
import template from './sequential.ts';

const logged = completes({ loggedAt: '2026-01-01T00:00:00.000Z' });

export default defineScenarios(template.workflow, {
  'greets whom it is told to greet': {
    input: { who: 'Ada' },
    tasks: { log: logged },
    expect: { status: 'COMPLETED', output: { greeting: 'Hello, Ada!' }, inputs: { log: { message: 'Hello, Ada!' } } },
  },
  'tries the worker again': {
    input: {},
    tasks: { log: [fails('no worker'), logged] },
    expect: { status: 'COMPLETED', output: { greeting: 'Hello, world!' }, attempts: { log: 2 } },
  },
  'fails when the worker refuses': {
    input: {},
    tasks: { log: failsForGood('no log today') },
    expect: { status: 'FAILED', reason: 'no log today' },
  },
});
