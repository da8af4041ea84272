import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Balancer, startBalancer } from '../support/balancer.ts';
import { defTask, ExecutionStore, storedDef } from '../support/execution-store.ts';
import { type FakeConductor, startFakeConductor } from '../support/fake-conductor.ts';
import { connect, eras } from '../support/mcp-clients.ts';
import { type HttpProcess, startFixtureProcess, startHttpProcess } from '../support/mcp-process.ts';
import { ASKS_TOO, raw, rawResult } from '../support/raw-mcp.ts';

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

test('S1: an answer to a question counts in every process with the key, but only for the caller who was asked', async () => {
  const store = new ExecutionStore();
  const def = storedDef('orders', [defTask('approve', 'HUMAN')]);
  const task = {
    referenceTaskName: 'approve',
    taskType: 'HUMAN',
    status: 'IN_PROGRESS',
    inputData: {},
    outputData: {},
  };
  store.add('asks', [task], { workflowName: 'orders', workflowDefinition: def });
  fake.routes = (request) => store.routes(request);
  const start = (MCP_USER: string, MCP_STATE_KEY: string) =>
    startHttpProcess({ CONDUCTOR_SERVER_URL: fake.url, MCP_USER, MCP_STATE_KEY });
  const [key, other] = ['a'.repeat(32), 'b'.repeat(32)];
  const [ada, again, ben, elsewhere] = await Promise.all([
    start('ada', key),
    start('ada', key),
    start('ben', key),
    start('ada', other),
  ]);
  processes.push(ada, again, ben, elsewhere);
  const decision = { executionId: 'asks', taskRef: 'approve', decision: 'approve', reason: 'fine' };
  const call = { name: 'decide_approval', arguments: decision };
  const asked = await rawResult(ada.url, 'tools/call', call, ASKS_TOO);
  const { requestState, inputRequests } = asked as { requestState: string; inputRequests: object };
  const yes = { action: 'accept', content: { confirm: true } };
  const inputResponses = Object.fromEntries(Object.keys(inputRequests).map((question) => [question, yes]));
  const answer = (url: string) => raw(url, 'tools/call', { ...call, requestState, inputResponses }, ASKS_TOO);
  const refused = { error: { code: -32602, message: expect.stringContaining('Invalid requestState') } };
  expect(await answer(ben.url)).toMatchObject(refused);
  expect(await answer(elsewhere.url)).toMatchObject(refused);
  expect(store.execution('asks').tasks[0]?.status).toBe('IN_PROGRESS');
  expect(await answer(again.url)).toMatchObject({ result: { structuredContent: { taskStatus: 'COMPLETED' } } });
  expect(store.execution('asks').tasks[0]?.outputData).toMatchObject({ decidedBy: 'ada', confirmedByPerson: true });
});
