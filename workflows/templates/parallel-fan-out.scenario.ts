import { completes, defineScenarios, each, fails, failsForGood } from 'conductor-fleet';
import template from './parallel-fan-out.ts';

const urls = ['https://example.com/a', 'https://example.com/b'];
const answer = (statusCode: number) => completes({ statusCode, ok: statusCode < 400, headers: {}, body: '' });

export default defineScenarios(template.workflow, {
  'summarises the answers of all addresses': {
    input: { urls },
    tasks: { call: each(answer(200), answer(404)) },
    expect: { status: 'COMPLETED', output: { reached: 2, unreachable: [], statusCodes: [200, 404] } },
  },
  'lists the addresses that cannot be reached': {
    input: { urls },
    tasks: { call: each(failsForGood('no such host'), [fails('answered 503'), answer(200)]) },
    expect: { status: 'COMPLETED', output: { reached: 1, unreachable: ['https://example.com/a'], statusCodes: [200] } },
  },
  'does nothing for an empty list': {
    input: { urls: [] },
    expect: { status: 'COMPLETED', output: { reached: 0, unreachable: [], statusCodes: [] } },
  },
});
