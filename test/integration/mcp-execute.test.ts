import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parseExactly } from '../../core/json.ts';
import { keyFromInput } from '../../mcp/shared/start-once.ts';
import executeWorkflow from '../../mcp/tools/execute-workflow.ts';
import getExecutionStatus from '../../mcp/tools/get-execution-status.ts';
import { respond } from '../support/fake-calls.ts';
import {
  type FakeConductor,
  type FakeRequest,
  fakeExecution,
  fakeTask,
  startFakeConductor,
} from '../support/fake-conductor.ts';
import { callTool } from '../support/tool-calls.ts';

let fake: FakeConductor;
let lock: unknown;

beforeAll(async () => {
  fake = await startFakeConductor();
});
afterAll(() => fake.close());
beforeEach(() => {
  fake.fault = 'none';
  fake.faultAt = () => true;
  fake.routes = () => undefined;
});

const call = (args: Record<string, unknown>) => callTool(fake.url, executeWorkflow, args);
const sent = (method: string, path: string) =>
  fake.requests.filter((request) => request.method === method && request.path === path);

test('for an unknown name, the error of execute_workflow suggests similar names', async () => {
  const index = Object.fromEntries(['OrderProcessing', 'GetWeather'].map((name) => [name, [{ name, version: 1 }]]));
  fake.routes = respond('/api/metadata/workflow/names-and-versions', index);
  await expect(call({ name: 'OrderProcesing' })).rejects.toMatchObject({
    code: 'not-found',
    remedy: expect.stringMatching(/OrderProcessing.*: get_workflow \{"name":"OrderProcessing"\}$/),
  });
});

test('for an unknown version, the error of execute_workflow names the highest version', async () => {
  fake.routes = ({ path, query }) =>
    path === '/api/metadata/workflow/fake_flow' && query.has('version')
      ? { status: 404, body: { status: 404, message: 'No such workflow' } }
      : undefined;
  await expect(call({ name: 'fake_flow', version: 7 })).rejects.toMatchObject({
    message: 'fake_flow has no version 7; its highest is 1.',
  });
});

test('execute_workflow refuses an input that does not fit the schema of the definition, and starts nothing', async () => {
  const data = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
  fake.routes = respond('/api/metadata/workflow/fake_flow', { name: 'fake_flow', tasks: [], inputSchema: { data } });
  const before = sent('POST', '/api/workflow').length;
  await expect(call({ name: 'fake_flow', input: { city: 3 } })).rejects.toMatchObject({
    code: 'input',
  });
  expect(sent('POST', '/api/workflow')).toHaveLength(before);
});

test('if the answer to a start is lost, the error does not suggest another start', async () => {
  fake.fault = 'hang-up';
  fake.faultAt = ({ method }) => method === 'POST';
  await expect(call({ name: 'fake_flow' })).rejects.toMatchObject({
    retryable: false,
    remedy: expect.stringContaining('list_workflow_executions {"workflowName":"fake_flow","limit":5}'),
  });
});

test('execute_workflow sends a start only once, even if the server fails', async () => {
  const before = sent('POST', '/api/workflow').length;
  fake.fault = 'error-500';
  fake.faultAt = ({ method }) => method === 'POST';
  await expect(call({ name: 'fake_flow' })).rejects.toThrow();
  expect(sent('POST', '/api/workflow')).toHaveLength(before + 1);
});

test('the output of a failed execution is not shown as its result', async () => {
  const ended = fakeExecution({ status: 'FAILED', output: { outcome: 'approved' } });
  fake.routes = respond('/api/workflow/exec-1', ended);
  const { text } = await call({ name: 'fake_flow', waitSeconds: 1 });
  expect(text).toContain('Output (not a result, because the execution is FAILED): {"outcome":"approved"}');
});

test('execute_workflow returns the id of the execution even if it cannot read its state', async () => {
  fake.routes = respond('/api/workflow/exec-1', { message: 'broken' }, 500);
  const answer = await call({ name: 'fake_flow' });
  expect(answer.structured).toMatchObject({ executionId: 'exec-1', status: 'UNKNOWN', isNew: true });
  expect(answer.text).toContain('Do not start it again');
});

test('execute_workflow reads the execution after the start, unless its first task needs a worker', async () => {
  const begins = (type: string) =>
    respond('/api/metadata/workflow/fake_flow', { tasks: [{ name: 'a', taskReferenceName: 'a', type }], ...flow });
  const flow = { name: 'fake_flow', version: 1 };
  const reads = () => sent('GET', '/api/workflow/exec-1').length;
  const before = reads();
  fake.routes = begins('SIMPLE');
  expect(await call({ name: 'fake_flow' })).toMatchObject({
    text: expect.stringContaining('fake_flow v1 exec-1: RUNNING.'),
    structured: { executionId: 'exec-1', status: 'RUNNING', version: 1, isNew: true },
    continues: 'exec-1',
  });
  expect(reads()).toBe(before);
  fake.routes = begins('INLINE');
  expect((await call({ name: 'fake_flow' })).structured).toMatchObject({ status: 'COMPLETED', output: { answer: 42 } });
  expect(reads()).toBe(before + 1);
});

test('execute_workflow stops waiting after the given time and returns the execution id', async () => {
  const running = { status: 'RUNNING', endTime: 0, output: {} };
  fake.routes = (request) =>
    respond('/api/workflow/exec-1', fakeExecution(running))(request) ??
    respond('/api/workflow/exec-1/status', { workflowId: 'exec-1', ...running })(request);
  const answer = await call({ name: 'fake_flow', waitSeconds: 1 });
  expect(answer.structured).toMatchObject({ executionId: 'exec-1', status: 'RUNNING' });
  expect(answer.text).toContain('Follow it: get_execution_status {"executionId":"exec-1"}');
});

test('execute_workflow returns an output that is too large for the answer as a resource', async () => {
  fake.routes = respond('/api/workflow/exec-1', fakeExecution({ output: { text: 'x'.repeat(90_000) } }));
  const answer = await call({ name: 'fake_flow', waitSeconds: 1 });
  expect(answer.structured).not.toHaveProperty('output');
  expect(answer.links).toEqual([
    expect.objectContaining({
      uri: 'conductor://executions/exec-1/output',
      mimeType: 'application/json',
      size: 90_011,
    }),
  ]);
  expect(answer.text).toContain('The whole output is the resource conductor://executions/exec-1/output.');
  expect(Buffer.byteLength(JSON.stringify(answer))).toBeLessThan(30_000);
});

test('execute_workflow refuses an input of more than a million characters', () => {
  const { error } = executeWorkflow.input.safeParse({ name: 'a', input: { text: 'x'.repeat(1_000_000) } });
  expect(error?.issues[0]?.message).toContain('1000000 characters');
});

test('execute_workflow fills the template of an idempotency key with fields of the input', () => {
  expect(keyFromInput('order-{orderId}-{customer.id}', { orderId: 17, customer: { id: 'c1' } })).toBe('order-17-c1');
  expect(() => keyFromInput('order-{orderId}', {})).toThrow('names {orderId}, but the input has no field orderId');
});

test('if the answer to a start with an idempotency key is lost, the error allows a repetition', async () => {
  fake.fault = 'hang-up';
  fake.faultAt = ({ method, path }) => method === 'POST' && path === '/api/workflow';
  fake.routes = keysAndLocks;
  await expect(call({ name: 'fake_flow', idempotencyKey: 'k1' })).rejects.toMatchObject({
    retryable: true,
    remedy: expect.stringContaining('Repeat the call with the same key'),
  });
});

test('if an idempotency key belongs to an execution with another input, the error names this execution', async () => {
  const taken = fakeExecution({ workflowId: 'exec-9', input: { a: 2 } });
  fake.routes = respond('/api/workflow/fake_flow/correlated/k2', [taken]);
  await expect(call({ name: 'fake_flow', input: { a: 1 }, idempotencyKey: 'k2' })).rejects.toMatchObject({
    code: 'conflict',
    remedy: expect.stringContaining('get_execution_status {"executionId":"exec-9"}'),
  });
});

/** A fake server on which no key has an execution and the lock is free. */
function keysAndLocks({ method, path, body }: FakeRequest) {
  if (path.includes('/correlated/')) return { body: [] };
  if (method === 'POST' && path === '/api/metadata/workflow') lock = body;
  return path.includes('fleet_start_lock_') ? { body: method === 'GET' ? lock : '' } : undefined;
}

test('D1: an integer beyond 2^53 in an output is shown digit by digit', async () => {
  const execution = fakeExecution({ output: parseExactly('{"n":9007199254740993}') });
  fake.routes = respond('/api/workflow/exec-1', execution);
  const { text, structured } = await call({ name: 'fake_flow', waitSeconds: 5 });
  expect(text).toContain('9007199254740993');
  expect(JSON.stringify(structured)).toContain('9007199254740993');
});

describe('M10: a wait ends when only a person or a signal can continue the execution', () => {
  const open = (taskType: string, changes: Record<string, unknown> = {}) =>
    fakeTask({ taskType, referenceTaskName: taskType.toLowerCase(), status: 'IN_PROGRESS', ...changes });
  const serve = (...tasks: Record<string, unknown>[]) => {
    const running = { status: 'RUNNING', endTime: 0, output: {} };
    const child = fakeExecution({ ...running, workflowId: 'child-1', tasks: [open('HUMAN', { seq: 1 })] });
    fake.routes = (request) =>
      respond('/api/workflow/child-1', child)(request) ??
      respond('/api/workflow/exec-1', fakeExecution({ ...running, tasks }))(request) ??
      respond('/api/workflow/exec-1/status', { workflowId: 'exec-1', ...running })(request);
  };
  const decide = (executionId: string) => `decide_approval {"executionId":"${executionId}","taskRef":"human"`;

  test.each([
    ['a HUMAN task', [open('HUMAN')], decide('exec-1')],
    ['a WAIT task without a time', [open('WAIT')], 'signal_workflow {"executionId":"exec-1","taskRef":"wait"}'],
    ['two branches at a JOIN', [open('FORK'), open('HUMAN'), open('WAIT'), open('JOIN')], decide('exec-1')],
    ['a sub-workflow', [open('SUB_WORKFLOW', { subWorkflowId: 'child-1' })], decide('child-1')],
  ])('M10: at %s, the answer comes at once and names the call', async (_, tasks, next) => {
    serve(...tasks);
    const started = performance.now();
    const answers = [
      await call({ name: 'fake_flow', waitSeconds: 10 }),
      await callTool(fake.url, getExecutionStatus, { executionId: 'exec-1', waitSeconds: 10 }),
    ];
    expect(performance.now() - started).toBeLessThan(5000);
    for (const { text } of answers) expect(text).toContain(next);
    expect(answers[0]?.structured.waitsFor).toBeTypeOf('string');
  });

  test('M10: the wait goes on while another task is open', async () => {
    serve(open('HUMAN'), open('HTTP'), open('JOIN'));
    const started = performance.now();
    const { structured } = await call({ name: 'fake_flow', waitSeconds: 1 });
    expect(performance.now() - started).toBeGreaterThan(900);
    expect(structured).not.toHaveProperty('waitsFor');
  });

  test('M10: a WAIT task with a duration ends by itself', async () => {
    serve(open('WAIT', { inputData: { duration: '1 s' } }));
    const started = performance.now();
    await call({ name: 'fake_flow', waitSeconds: 1 });
    expect(performance.now() - started).toBeGreaterThan(900);
  });
});
