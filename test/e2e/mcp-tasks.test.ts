import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { z } from 'zod';
import { type HttpProcess, startHttpProcess } from '../support/mcp-process.ts';
import { ASKS_TOO, FOLLOWS_TASKS, raw, rawResult } from '../support/raw-mcp.ts';

const name = `conform_${randomUUID().slice(0, 8)}`;
const env = {
  CONDUCTOR_SERVER_URL: inject('conductorServerUrl'),
  RATE_LIMIT_RPM: '100000',
  MCP_WORKFLOW_TOOLS: name,
  MCP_STATE_KEY: randomUUID(),
};
let one: HttpProcess;
let other: HttpProcess;

/** The definition of a workflow that waits for a person and returns the person's answer. */
const tasks = [
  {
    name: 'decide',
    taskReferenceName: 'decide',
    type: 'HUMAN',
    inputParameters: { amount: '${workflow.input.amount}' },
  },
];
const outputParameters = { approved: '${decide.output.approved}', sure: '${decide.output.confirmedByPerson}' };
const end = { terminationStatus: 'FAILED', terminationReason: 'out of stock' };

beforeAll(async () => {
  [one, other] = await Promise.all([startHttpProcess(env), startHttpProcess(env)]);
  const create = (definition: object) =>
    rawResult(one.url, 'tools/call', { name: 'create_workflow', arguments: definition }, {});
  await create({ name, tasks, outputParameters });
  await create({
    name: `${name}_fails`,
    tasks: [{ name: 'end', taskReferenceName: 'end', type: 'TERMINATE', inputParameters: end }],
  });
});
afterAll(() => Promise.all([one.stop(), other.stop()]));

const shownTask = z.looseObject({
  taskId: z.string(),
  status: z.string(),
  inputRequests: z.record(z.string(), z.object({ params: z.object({ message: z.string() }) })).optional(),
  result: z
    .object({ resultType: z.literal('complete'), structuredContent: z.record(z.string(), z.unknown()) })
    .optional(),
});

async function start(args: object, capabilities: object = FOLLOWS_TASKS) {
  return rawResult(one.url, 'tools/call', { name: 'execute_workflow', arguments: args }, capabilities);
}

/** Reads the task through a process that did not start it. */
async function get(taskId: string, capabilities: object = ASKS_TOO) {
  return shownTask.parse(await rawResult(other.url, 'tasks/get', { taskId }, capabilities));
}

async function until(taskId: string, status: string) {
  await expect.poll(async () => (await get(taskId)).status, { timeout: 20_000 }).toBe(status);
  return get(taskId);
}

test("every process shows an execution as an MCP task; the task asks the person and ends with the tool's result", async () => {
  const created = await start({ name, input: { amount: 7 } });
  expect(created).toMatchObject({ resultType: 'task', status: 'working', ttlMs: null, pollIntervalMs: 1000 });
  expect(created.content).toEqual([]); // empty, because the SDK rejects a tool's result without content
  const taskId = String(created.taskId);

  const waiting = await until(taskId, 'input_required');
  const [[key, request] = []] = Object.entries(waiting.inputRequests ?? {});
  expect(request?.params.message).toContain(`decide of ${name} waits for your decision`);
  expect(request?.params.message).toContain('amount');
  expect(await get(taskId, FOLLOWS_TASKS)).toMatchObject({
    status: 'working',
    statusMessage: expect.stringContaining('decide'),
  });

  const answer = (response: object) =>
    rawResult(one.url, 'tasks/update', { taskId, inputResponses: { [key ?? '']: response } }, ASKS_TOO);
  expect(await answer({ action: 'decline' })).toMatchObject({ resultType: 'complete' });
  expect((await get(taskId)).status).toBe('input_required');
  expect(await answer({ action: 'accept', content: { approved: true, reason: 'cheap' } })).toMatchObject({
    resultType: 'complete',
  });

  const done = await until(taskId, 'completed');
  expect(done.result?.structuredContent).toMatchObject({
    status: 'COMPLETED',
    output: { approved: true, sure: true },
  });
});

test("S: a client cannot make up a person's yes: an answer counts only under the key that the server gave for the question", async () => {
  const { taskId } = await start({ name, input: { amount: 7 } });
  const { inputRequests = {} } = await until(String(taskId), 'input_required');
  const [key = ''] = Object.keys(inputRequests);
  const yes = { action: 'accept', content: { approved: true, reason: 'made up' } };
  const guesses = [key.split('.')[0] ?? '', `${key.slice(0, -1)}${key.endsWith('A') ? 'B' : 'A'}`];
  const inputResponses = Object.fromEntries(guesses.map((guess) => [guess, yes]));
  await rawResult(one.url, 'tasks/update', { taskId, inputResponses }, ASKS_TOO);
  expect((await get(String(taskId))).status).toBe('input_required');
  await rawResult(one.url, 'tasks/cancel', { taskId }, ASKS_TOO);
  await until(String(taskId), 'cancelled');
});

test('a call of a workflow tool can also become an MCP task', async () => {
  const called = await rawResult(one.url, 'tools/call', { name, arguments: { amount: 1 } });
  expect(called).toMatchObject({ resultType: 'task' });
  const taskId = String(called.taskId);
  const [key = ''] = Object.keys((await until(taskId, 'input_required')).inputRequests ?? {});
  const no = { [key]: { action: 'accept', content: { approved: false, reason: 'too much' } } };
  await rawResult(other.url, 'tasks/update', { taskId, inputResponses: no }, ASKS_TOO);
  const done = await until(taskId, 'completed');
  expect(done.result?.structuredContent).toMatchObject({ status: 'COMPLETED', output: { approved: false } });
});

test('the MCP task of a failed execution is completed, and its result contains the reason', async () => {
  const created = await start({ name: `${name}_fails` });
  const ended = created.resultType === 'task' ? (await until(String(created.taskId), 'completed')).result : created;
  expect(JSON.stringify(ended)).toContain('out of stock');
  expect(JSON.stringify(ended)).toContain('FAILED');
});

test('tasks/cancel terminates the execution; a second tasks/cancel changes nothing', async () => {
  const { taskId } = await start({ name });
  const cancel = () => rawResult(other.url, 'tasks/cancel', { taskId: String(taskId) });
  expect(await cancel()).toMatchObject({ resultType: 'complete' });
  await until(String(taskId), 'cancelled');
  expect(await cancel()).toMatchObject({ resultType: 'complete' });
});

test('a client without the tasks extension gets the execution id instead of a task', async () => {
  const answered = await start({ name }, {});
  expect(answered).toMatchObject({ structuredContent: { status: 'RUNNING' } });
  const { executionId } = z
    .object({ structuredContent: z.object({ executionId: z.string() }) })
    .parse(answered).structuredContent;
  const taskId = `${executionId}.execute_workflow`;
  expect(await raw(one.url, 'tasks/get', { taskId }, {})).toMatchObject({ error: { code: -32021 } });
  await rawResult(one.url, 'tasks/cancel', { taskId });
});

test.each([
  ['no execution and no tool', 'nothing'],
  ['an unknown execution', `${randomUUID()}.execute_workflow`],
  ['a tool that starts no execution', `${randomUUID()}.get_execution_status`],
  ['an unknown tool', `${randomUUID()}.no_such_tool`],
  ['a path', '../metadata/taskdefs.execute_workflow'],
])('tasks/get and tasks/cancel refuse a task id with %s', async (_what, taskId) => {
  for (const method of ['tasks/get', 'tasks/cancel']) {
    expect(await raw(one.url, method, { taskId })).toMatchObject({ error: { code: -32602 } });
  }
});
