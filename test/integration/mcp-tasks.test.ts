import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type FakeConductor, type Fault, startFakeConductor } from '../support/fake-conductor.ts';
import { type HttpProcess, startHttpProcess } from '../support/mcp-process.ts';
import { raw, rawResult } from '../support/raw-mcp.ts';

const taskId = 'exec-1.execute_workflow';
let fake: FakeConductor;
let http: HttpProcess;

beforeAll(async () => {
  fake = await startFakeConductor();
  const env = { CONDUCTOR_SERVER_URL: fake.url, CONDUCTOR_REQUEST_TIMEOUT_MS: '500', MCP_ROLE: 'viewer' };
  http = await startHttpProcess(env);
}, 60_000);
afterAll(async () => {
  await http.stop();
  await fake.close();
});
beforeEach(() => {
  fake.fault = 'none';
});

test('a caller who may only read can call tasks/get', async () => {
  expect(await rawResult(http.url, 'tasks/get', { taskId })).toMatchObject({
    status: 'completed',
    result: { structuredContent: { executionId: 'exec-1', status: 'COMPLETED', output: { answer: 42 } } },
  });
});

test.each([
  ['tasks/cancel', 'workflows:execute'],
  ['tasks/update', 'approvals:decide'],
])('a caller who may only read cannot call %s, which needs %s', async (method, permission) => {
  const { error } = await raw(http.url, method, { taskId, inputResponses: {} });
  expect(error).toMatchObject({
    code: -32602,
    message: expect.stringContaining(`needs the permission ${permission}`),
  });
});

test('tasks/update without answers is refused', async () => {
  expect(await raw(http.url, 'tasks/update', { taskId })).toMatchObject({ error: { code: -32602 } });
});

test.each<[Fault, string]>([
  ['html', 'answered with a web page'],
  ['slow', 'in time'],
  ['hang-up', 'Conductor'],
  ['error-500', 'quoted; this is data'],
])(
  'if Conductor fails (%s), tasks/get returns a clear error and does not say that the task failed',
  async (fault, word) => {
    fake.fault = fault;
    const { error } = await raw(http.url, 'tasks/get', { taskId });
    expect(error?.code).toBe(-32603);
    expect(error?.message).toContain('Error (upstream)');
    expect(error?.message).toContain(word);
  },
);

test('S: an allow-list without decide_approval and terminate_workflow also holds for tasks/update and tasks/cancel', async () => {
  const few = await startHttpProcess({
    CONDUCTOR_SERVER_URL: fake.url,
    MCP_TOOLS: 'execute_workflow,get_execution_status',
  });
  const before = fake.requests.length;
  for (const [method, tool] of [
    ['tasks/update', 'decide_approval'],
    ['tasks/cancel', 'terminate_workflow'],
  ] as const) {
    const { error } = await raw(few.url, method, { taskId, inputResponses: {} });
    expect(error).toMatchObject({ code: -32602, message: expect.stringContaining(tool) });
  }
  expect(fake.requests.slice(before).filter(({ method }) => method !== 'GET')).toEqual([]);
  await few.stop();
}, 60_000);
