import { completes, defineScenarios, fails, failsForGood, timesOut } from 'conductor-fleet';
import resilientHttpWorkflow from './resilient-http-workflow.ts';

const url = 'https://api.example.com/items/1';
const answered = (statusCode: number, body: unknown) =>
  completes({ statusCode, ok: statusCode < 400, headers: {}, body });

export default defineScenarios(resilientHttpWorkflow, {
  'processes an answer with status 200': {
    input: { url },
    tasks: { call: answered(200, { id: 1 }) },
    expect: {
      status: 'COMPLETED',
      output: { statusCode: 200, outcome: 'success', data: { processed: true, body: { id: 1 } } },
      inputs: { call: { url, method: 'GET' } },
      notRan: ['keep_fallback', 'log_error'],
    },
  },
  'falls back to cached data on 404': {
    input: { url },
    tasks: { call: answered(404, null) },
    expect: {
      status: 'COMPLETED',
      output: { statusCode: 404, outcome: 'fallback', data: { fallback: true, cached: true } },
      variables: { outcome: 'fallback' },
    },
  },
  'logs any other status': {
    input: { url, method: 'POST', body: { name: 'new' } },
    tasks: {
      call: answered(422, { error: 'name is taken' }),
      log_error: [fails('the log cannot be written'), completes({ loggedAt: '2026-11-21T10:00:00Z' })],
    },
    expect: {
      status: 'COMPLETED',
      output: { statusCode: 422, outcome: 'logged', data: { error: 'name is taken' } },
      inputs: { log_error: { reason: `${url} answered 422` }, call: { body: { name: 'new' } } },
    },
  },
  'completes at the fourth attempt after three failures': {
    input: { url },
    tasks: { call: [fails('503'), timesOut(), fails('connection refused'), answered(200, { id: 1 })] },
    expect: { status: 'COMPLETED', attempts: { call: 4 }, output: { outcome: 'success' } },
  },
  'fails if all retries fail': {
    input: { url },
    tasks: { call: fails('503 Service Unavailable') },
    expect: { status: 'FAILED', reason: '503 Service Unavailable', attempts: { call: 4 }, notRan: ['by_status'] },
  },
  'does not retry an invalid request': {
    input: { url },
    tasks: { call: failsForGood('not an address') },
    expect: { status: 'FAILED', reason: 'not an address', attempts: { call: 1 } },
  },
});
