import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { startChecked } from '../../core/conductor/start-checked.ts';
import type { Execution } from '../../core/conductor/types.ts';
import { exclusively, SHIPPED_WORKERS } from '../support/exclusive.ts';
import {
  booksOf,
  failureWorkflowOf,
  orderFault,
  type Running,
  realConductor,
  requestsTo,
  startShipped,
  unique,
} from '../support/product.ts';

const conductor = realConductor();
const shopUrl = inject('shopUrl');
let worker: Running;
let done: () => void;

beforeAll(async () => {
  done = await exclusively(SHIPPED_WORKERS);
  worker = await startShipped();
});

afterAll(async () => {
  worker.child.kill('SIGTERM');
  await worker.ended;
  done();
  conductor.close();
});

async function run(name: string, input: Record<string, unknown>): Promise<Execution> {
  const workflowId = await startChecked(conductor, { name, input });
  return conductor.waitForEnd(workflowId);
}

const attemptsAt = ({ tasks }: Execution, ref: string) =>
  tasks.filter(({ referenceTaskName }) => referenceTaskName === ref);

describe.concurrent('OrderProcessing', () => {
  const order = (orderId: string, sku = 'lamp') => ({ orderId, sku, quantity: 2, amount: 19.9 });

  test('reserves, charges and ships', async () => {
    const orderId = unique('order');
    const execution = await run('OrderProcessing', order(orderId));
    expect(execution.status).toBe('COMPLETED');
    expect(execution.output).toEqual({
      reservationId: expect.any(String),
      paymentId: expect.any(String),
      trackingId: expect.any(String),
    });
    expect(await booksOf(orderId)).toEqual(['reserved', 'charged', 'shipped']);
  });

  test('if shipping fails, the compensation refunds, releases and notifies, each once and in reverse order', async () => {
    const orderId = unique('order');
    await orderFault({ path: '/shipments', orderId, status: 503 });
    const execution = await run('OrderProcessing', order(orderId));
    expect(execution.status).toBe('FAILED');
    expect(attemptsAt(execution, 'ship')).toHaveLength(3);
    const compensation = await failureWorkflowOf(conductor, execution.workflowId);
    expect(compensation).toMatchObject({ workflowName: 'OrderProcessingCompensation', status: 'COMPLETED' });
    expect(compensation.output).toMatchObject({ refunded: true, released: true, notified: true });
    expect(await booksOf(orderId)).toEqual(['reserved', 'charged', 'refunded', 'released', 'notified']);
  });

  test('if the payment is declined, it is not retried, and the compensation only releases and notifies', async () => {
    const orderId = unique('order');
    await orderFault({ path: '/payments', orderId, status: 402 });
    const execution = await run('OrderProcessing', order(orderId));
    expect(execution.status).toBe('FAILED');
    expect(attemptsAt(execution, 'charge')).toHaveLength(1);
    const compensation = await failureWorkflowOf(conductor, execution.workflowId);
    expect(compensation.output).toMatchObject({ refunded: false, released: true, notified: true });
    expect(await booksOf(orderId)).toEqual(['reserved', 'declined', 'released', 'notified']);
  });

  test('if the reservation fails, the compensation only notifies', async () => {
    const orderId = unique('order');
    const execution = await run('OrderProcessing', order(orderId, 'sold-out-lamp'));
    expect(execution.status).toBe('FAILED');
    const compensation = await failureWorkflowOf(conductor, execution.workflowId);
    expect(compensation.output).toMatchObject({ refunded: false, released: false, notified: true });
    expect(await booksOf(orderId)).toEqual(['notified']);
  });

  test('a start with a wrong input is refused, and the error names the field', async () => {
    const refused = startChecked(conductor, { name: 'OrderProcessing', input: { orderId: 'x', sku: 's', amount: -1 } });
    await expect(refused).rejects.toMatchObject({ code: 'input', message: expect.stringContaining('amount') });
  });
});

describe.concurrent('ResilientHttpWorkflow', () => {
  test('for a 200, the workflow returns the processed body', async () => {
    const { status, output } = await run('ResilientHttpWorkflow', { url: `${shopUrl}/weather?city=Dubai` });
    expect(status).toBe('COMPLETED');
    expect(output).toMatchObject({
      statusCode: 200,
      outcome: 'success',
      data: { processed: true, body: { city: 'Dubai' } },
    });
  });

  test('for a 404, the workflow uses the fallback without a retry', async () => {
    const key = unique('missing');
    await orderFault({ path: `/flaky/${key}`, status: 404 });
    const execution = await run('ResilientHttpWorkflow', { url: `${shopUrl}/flaky/${key}` });
    expect(execution.output).toEqual({ statusCode: 404, outcome: 'fallback', data: { fallback: true, cached: true } });
    expect(await requestsTo(`/flaky/${key}`)).toHaveLength(1);
  });

  test('for any other status, the workflow logs it', async () => {
    const execution = await run('ResilientHttpWorkflow', { url: `${shopUrl}/echo/status/418` });
    expect(execution).toMatchObject({ status: 'COMPLETED', output: { statusCode: 418, outcome: 'logged' } });
    expect(attemptsAt(execution, 'log_error')[0]?.status).toBe('COMPLETED');
  });

  test('after two 503, the workflow retries after 5 and 10 seconds and completes', async () => {
    const key = unique('twice');
    await orderFault({ path: `/flaky/${key}`, status: 503, times: 2 });
    const execution = await run('ResilientHttpWorkflow', { url: `${shopUrl}/flaky/${key}` });
    expect(execution).toMatchObject({ status: 'COMPLETED', output: { outcome: 'success' } });
    const requests = await requestsTo(`/flaky/${key}`);
    expect(requests.map(({ status }) => status)).toEqual([503, 503, 200]);
    const [first = 0, second = 0, third = 0] = requests.map(({ at }) => at);
    expect(second - first).toBeGreaterThanOrEqual(5_000);
    expect(third - second).toBeGreaterThanOrEqual(10_000);
    // The second delay is about twice the first. The test compares them, because a slow machine lengthens both.
    expect(third - second).toBeGreaterThan(1.4 * (second - first));
  });

  test('if all retries fail, HandleWorkflowFailure runs and sends a POST and a DELETE', async () => {
    const key = unique('down');
    await orderFault({ path: `/flaky/${key}`, status: 503 });
    const execution = await run('ResilientHttpWorkflow', { url: `${shopUrl}/flaky/${key}` });
    expect(execution.status).toBe('FAILED');
    expect(await requestsTo(`/flaky/${key}`)).toHaveLength(4);
    const handled = await failureWorkflowOf(conductor, execution.workflowId);
    expect(handled).toMatchObject({ workflowName: 'HandleWorkflowFailure', status: 'COMPLETED' });
    expect(handled.output).toMatchObject({ failedWorkflowId: execution.workflowId, notified: 202, cleaned: 200 });
    expect(await booksOf(execution.workflowId)).toEqual(['notified', 'cleaned']);
  });
});

describe.runIf(inject('scriptedLlm'))('ResearchAgent (scripted model)', { concurrent: true }, () => {
  test('the agent searches by HTTP, gets the weather by MCP, and ends once it is confident', async () => {
    const question = 'What is durable execution, and what is the temperature in Dubai?';
    const execution = await run('ResearchAgent', { question });
    expect(execution.status).toBe('COMPLETED');
    expect(execution.output).toMatchObject({ iterations: 3, model: expect.stringContaining('scripted') });
    expect(execution.output.confidence).toBeGreaterThanOrEqual(0.9);
    expect(execution.output.answer).toMatch(/^\[scripted\].*38 °C/);
    const types = execution.tasks.map(({ taskType }) => taskType);
    expect(types).toEqual(expect.arrayContaining(['LLM_CHAT_COMPLETE', 'HTTP', 'CALL_MCP_TOOL']));
  });

  test('the agent stops after five rounds without an answer', async () => {
    const execution = await run('ResearchAgent', { question: unique('unanswerable') });
    expect(execution).toMatchObject({ status: 'COMPLETED', output: { iterations: 5, confidence: 0.2 } });
  });

  test('the agent continues after an answer of the model that is not JSON', async () => {
    const execution = await run('ResearchAgent', { question: unique('malformed') });
    expect(execution.status).toBe('COMPLETED');
    expect(attemptsAt(execution, 'decide__1').map(({ status }) => status)).toContain('FAILED');
  });
});

describe.concurrent('FileProcessing', () => {
  test('the workflow compresses and analyses a real file', async () => {
    const { status, output } = await run('FileProcessing', { path: 'LICENSE' });
    const text = readFileSync('LICENSE', 'utf8');
    expect(status).toBe('COMPLETED');
    expect(output).toMatchObject({
      compressed: { originalBytes: Buffer.byteLength(text) },
      analysis: { characters: text.length, lines: text.split('\n').length - 1, encoding: 'ascii' },
    });
    const { outputPath } = output.compressed as { outputPath: string };
    expect(gunzipSync(readFileSync(outputPath)).toString()).toBe(text);
  });

  test.each([
    ['compress', 'compressed', 'analysis'],
    ['analyze', 'analysis', 'compressed'],
  ])('the operation %s runs alone', async (operation, done, left) => {
    const { output } = await run('FileProcessing', { path: 'package.json', operation });
    expect(output[done]).toBeTruthy();
    expect(output[left]).toBeNull();
  });

  test('for a missing file, the workflow fails without a retry, and the reason says that the file does not exist', async () => {
    const execution = await run('FileProcessing', { path: 'no-such-file', operation: 'analyze' });
    expect(execution.status).toBe('FAILED');
    expect(attemptsAt(execution, 'analyze')).toHaveLength(1);
    expect(execution.reasonForIncompletion).toContain('the file does not exist');
  });

  test('for an unknown operation, the workflow fails with the reason, even if the start did not check the input', async () => {
    const workflowId = await conductor.startWorkflow({
      name: 'FileProcessing',
      input: { path: 'LICENSE', operation: 'shred' },
    });
    const execution = await conductor.waitForEnd(workflowId);
    expect(execution.status).toBe('FAILED');
    expect(execution.reasonForIncompletion).toContain('There is no operation "shred"');
  });
});
