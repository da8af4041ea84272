import { completes, defineScenarios, fails, failsForGood } from 'conductor-fleet';
import template from './sequential.ts';

const logged = completes({ loggedAt: '2026-01-01T00:00:00.000Z' });

export default defineScenarios(template.workflow, {
  'greets the given person': {
    input: { who: 'Ada' },
    tasks: { log: logged },
    expect: { status: 'COMPLETED', output: { greeting: 'Hello, Ada!' }, inputs: { log: { message: 'Hello, Ada!' } } },
  },
  'retries the worker': {
    input: {},
    tasks: { log: [fails('no worker'), logged] },
    expect: { status: 'COMPLETED', output: { greeting: 'Hello, world!' }, attempts: { log: 2 } },
  },
  'fails if the worker refuses': {
    input: {},
    tasks: { log: failsForGood('no log today') },
    expect: { status: 'FAILED', reason: 'no log today' },
  },
});
