import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Balancer, startBalancer } from '../support/balancer.ts';
import { type FakeConductor, startFakeConductor } from '../support/fake-conductor.ts';
import { connect, eras } from '../support/mcp-clients.ts';
import { type HttpProcess, startFixtureProcess, startHttpProcess } from '../support/mcp-process.ts';
import { ASKS_TOO, rawResult } from '../support/raw-mcp.ts';

/** A high limit, because four processes start and the machine may be busy. */
const HOOK_MS = 60_000;

let fake: FakeConductor;
const processes: HttpProcess[] = [];
let product: Balancer;
let fixture: Balancer;

beforeAll(async () => {
  fake = await startFakeConductor();
  const env = { CONDUCTOR_SERVER_URL: fake.url };
  const start = async (one: () => Promise<HttpProcess>) => {
    const pair = await Promise.all([one(), one()]);
    processes.push(...pair);
    return startBalancer(pair.map(({ url }) => url));
  };
  product = await start(() => startHttpProcess(env));
  fixture = await start(() => startFixtureProcess());
}, HOOK_MS);
afterAll(async () => {
  await Promise.all([product.close(), fixture.close(), ...processes.map((one) => one.stop())]);
  await fake.close();
});

describe('two processes behind a load balancer without sticky sessions', () => {
  test.each(eras)('both processes together serve a %s client', async (era) => {
    const before = [...product.counts];
    const client = await connect(era, { url: product.url });
    const names = await client.toolNames();
    for (let call = 0; call < 6; call++) {
      const answer = await client.call('get_execution_status', { executionId: 'exec-1' });
      expect(answer.isError, answer.text).toBe(false);
      expect(await client.toolNames()).toEqual(names);
    }
    await client.close();
    const served = product.counts.map((count, index) => count - (before[index] ?? 0));
    expect(Math.min(...served)).toBeGreaterThanOrEqual(6);
  });

  test('one process sends an elicitation, and the other process receives the answer', async () => {
    const call = (more: object = {}) =>
      rawResult(
        fixture.url,
        'tools/call',
        { name: 'test_input_required_result_elicitation', arguments: {}, ...more },
        ASKS_TOO,
      );
    expect(await call()).toMatchObject({ resultType: 'input_required', inputRequests: { user_name: {} } });
    const answered = { user_name: { action: 'accept', content: { name: 'Ada' } } };
    expect(await call({ inputResponses: answered })).toMatchObject({ content: [{ text: 'Hello, Ada!' }] });
    expect(fixture.counts).toEqual([1, 1]);
  });
});
