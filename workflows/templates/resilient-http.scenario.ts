import { completes, defineScenarios, fails } from 'conductor-fleet';
import template from './resilient-http.ts';

const url = 'https://example.com/data';
const answer = (statusCode: number, body: unknown) =>
  completes({ statusCode, ok: statusCode < 400, headers: {}, body });

export default defineScenarios(template.workflow, {
  'keeps the answer to a call that succeeds': {
    input: { url },
    tasks: { call: answer(200, { n: 1 }) },
    expect: { status: 'COMPLETED', output: { outcome: 'success', data: { n: 1 } } },
  },
  'retries during an outage': {
    input: { url },
    tasks: { call: [fails('answered 503'), fails('answered 503'), answer(200, 'late')] },
    expect: { status: 'COMPLETED', output: { outcome: 'success' }, attempts: { call: 3 } },
  },
  'falls back on 404': {
    input: { url },
    tasks: { call: answer(404, '') },
    expect: { status: 'COMPLETED', output: { outcome: 'fallback', data: { fallback: true } } },
  },
  'logs any other status': {
    input: { url, method: 'POST' },
    tasks: {
      call: answer(418, 'teapot'),
      log_answer: [fails('no worker'), completes({ loggedAt: '2026-01-01T00:00:00.000Z' })],
    },
    expect: { status: 'COMPLETED', output: { outcome: 'logged', statusCode: 418 }, ran: ['log_answer'] },
  },
  'fails if all retries fail': {
    input: { url },
    tasks: { call: [fails('answered 503'), fails('answered 503'), fails('answered 503'), fails('answered 503')] },
    expect: { status: 'FAILED', reason: '503', attempts: { call: 4 } },
  },
});
