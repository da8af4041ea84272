import { trace } from '@opentelemetry/api';
import { expect, test, vi } from 'vitest';
import { type Logger, silentLogger } from '../../core/log.ts';
import { firstSpanIdOf, rootSpanIdOf } from '../../workers/runtime/observe/trace-ids.ts';
import { Tracing } from '../../workers/runtime/observe/tracing.ts';
import {
  CARD,
  fake,
  hasResults,
  observed,
  queued,
  queuedTask,
  receiver,
  routes,
  traceId,
  workflowId,
} from '../support/observed-scene.ts';
import chargeCard from '../support/observed-tasks/charge-card.ts';
import { aTask } from '../support/task.ts';

test('the tasks of an execution form one trace, even in several processes; a retry has a link to the previous attempt', async () => {
  const caller = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const flags = { otelEndpoint: receiver.url, otelServiceName: 'shop-workers' };
  const reserve = { ...chargeCard, name: 'reserve_stock' };
  queued.charge_card = [queuedTask('charge_card', 'first', { inputData: { fail: true, traceparent: caller } })];
  queued.reserve_stock = [queuedTask('reserve_stock', 'other')];
  const one = await observed([chargeCard], flags);
  const two = await observed([reserve], flags);
  await hasResults(2);
  queued.charge_card.push(queuedTask('charge_card', 'second', { retryCount: 1, retriedTaskId: 'first' }));
  await hasResults(3);
  await one.stop();
  await two.stop();

  const [failed, retry] = await receiver.named('task charge_card', 2);
  const [reserved] = await receiver.named('task reserve_stock');
  expect([failed, retry, reserved].map((span) => [span?.traceId, span?.parentSpanId, span?.kind])).toEqual(
    Array(3).fill([traceId, rootSpanIdOf(workflowId), 5]),
  );
  expect(failed?.status).toEqual({ code: 2, message: 'the bank says no' });
  expect(failed?.links).toEqual([
    { traceId: caller.slice(3, 35), spanId: caller.slice(36, 52), attributes: { 'conductor.link': 'caller' } },
  ]);
  expect(failed?.attributes).toMatchObject({
    'conductor.workflow.id': workflowId,
    'conductor.task.id': 'first',
    'conductor.task.type': 'charge_card',
    'conductor.task.attempt': 1,
    'conductor.task.outcome': 'failed',
  });
  expect(failed?.spanId).toBe(firstSpanIdOf('first'));
  expect(retry?.links).toEqual([
    { traceId, spanId: failed?.spanId, attributes: { 'conductor.link': 'previous attempt' } },
  ]);
  expect(retry?.attributes).toMatchObject({ 'conductor.task.attempt': 2, 'conductor.task.outcome': 'completed' });

  const deliveries = await receiver.named('deliver result', 3);
  expect(new Set(deliveries.map(({ parentSpanId }) => parentSpanId))).toEqual(
    new Set([failed?.spanId, retry?.spanId, reserved?.spanId]),
  );
  expect(receiver.services).toEqual(new Set(['shop-workers']));
  expect(receiver.text).not.toContain(CARD);
});

test('the span of a delivered result records the number of tries', async () => {
  const failures = [{ status: 503, body: { message: 'busy', retryable: true } }];
  fake.routes = (request) =>
    (request.path === '/api/tasks' && request.method === 'POST' && failures.pop()) || routes(request);
  queued.charge_card = [queuedTask('charge_card', 'a')];
  const { stop } = await observed([chargeCard], { otelTracesEndpoint: `${receiver.url}/v1/traces` });
  await hasResults(1);
  await stop();
  const [delivery] = await receiver.named('deliver result');
  expect(delivery?.attributes).toEqual({ 'conductor.result.tries': 2 });
  expect(delivery?.events).toEqual([{ name: 'not taken', attributes: { exception: 'HTTP_503' } }]);
});

test('the delivery of a result that an earlier process left belongs to the trace of its execution', async () => {
  const tracing = new Tracing({ url: `${receiver.url}/v1/traces`, serviceName: 's', ratio: 1, log: silentLogger });
  const task = { taskId: 'a', workflowId, taskType: '' };
  tracing.listener({ type: 'result-delivered', task, tries: 1, durationMs: 5 });
  await tracing.close();
  const [delivery] = await receiver.named('deliver result');
  expect(delivery).toMatchObject({ traceId, parentSpanId: firstSpanIdOf('a') });
});

test('spans that a handler starts are children of its task span, and the task has a traceparent', async () => {
  const tracing = new Tracing({ url: `${receiver.url}/v1/traces`, serviceName: 's', ratio: 1, log: silentLogger });
  const task = aTask({ taskId: 'a', workflowInstanceId: workflowId });
  tracing.listener({ type: 'task-started', task, waitedMs: 0 });
  await tracing.intercept(task, async () => {
    await new Promise(setImmediate);
    trace.getTracer('of the handler').startSpan('inner').end();
  });
  expect(tracing.traceparent('a')).toBe(`00-${traceId}-${firstSpanIdOf('a')}-01`);
  expect(tracing.traceparent('unknown')).toBeUndefined();
  tracing.listener({ type: 'task-ended', task, outcome: { kind: 'cancelled' }, durationMs: 1 });
  await tracing.close();
  const [inner] = await receiver.named('inner');
  expect(inner).toMatchObject({ traceId, parentSpanId: firstSpanIdOf('a') });
});

test('a handler runs in the span of its task, and updates send a traceparent to the server', async () => {
  queued.charge_card = [queuedTask('charge_card', 'a')];
  const execute: typeof chargeCard.execute = async (input, context) => {
    await new Promise(setImmediate);
    trace.getTracer('of the handler').startSpan('inner').end();
    await context.progress({ half: true });
    return chargeCard.execute(input, context);
  };
  const { stop } = await observed([{ ...chargeCard, execute }], { otelEndpoint: receiver.url });
  await hasResults(2);
  await stop();
  const [inner] = await receiver.named('inner');
  expect(inner).toMatchObject({ traceId, parentSpanId: firstSpanIdOf('a') });
  const [delivery] = await receiver.named('deliver result');
  const updates = fake.requests.filter(({ method, path }) => method === 'POST' && path === '/api/tasks');
  expect(updates.map(({ headers }) => headers.traceparent)).toEqual([
    `00-${traceId}-${firstSpanIdOf('a')}-01`,
    `00-${traceId}-${delivery?.spanId}-01`,
  ]);
});

test('a worker process sends no spans for an execution that is not sampled', async () => {
  queued.charge_card = [queuedTask('charge_card', 'a')];
  const { stop } = await observed([chargeCard], { otelEndpoint: receiver.url, workerTraceRatio: 0 });
  await hasResults(1);
  await stop();
  expect(receiver.spans).toEqual([]);
});

test('if the receiver fails, the process logs this once', async () => {
  receiver.status = 400;
  const warn = vi.fn();
  const log = { ...silentLogger, warn } as unknown as Logger;
  const tracing = new Tracing({ url: `${receiver.url}/v1/traces`, serviceName: 's', ratio: 1, log });
  const key = { taskId: 'a', workflowId, taskType: '' };
  // These spans fill two batches.
  for (let i = 0; i < 1025; i++) tracing.listener({ type: 'result-delivered', task: key, tries: 1, durationMs: 5 });
  await tracing.close();
  expect(warn).toHaveBeenCalledTimes(1);
});
