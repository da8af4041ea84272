import { completes, defineScenarios, fails } from 'conductor-fleet';
import template from './scheduled.ts';

const url = 'https://example.com/report.json';

export default defineScenarios(template.workflow, {
  'fetches and logs': {
    input: { url, title: 'sales' },
    tasks: {
      fetch: completes({ statusCode: 200, ok: true, headers: {}, body: { total: 1 } }),
      log: [fails('no worker'), completes({ loggedAt: '2026-01-01T00:00:00.000Z' })],
    },
    expect: { status: 'COMPLETED', output: { statusCode: 200 }, inputs: { log: { message: 'sales: 200' } } },
  },
  'fails if there is no report': {
    input: { url },
    tasks: { fetch: [fails('no answer'), fails('no answer'), fails('no answer'), fails('no answer')] },
    expect: { status: 'FAILED', reason: 'no answer', notRan: ['log'] },
  },
});
