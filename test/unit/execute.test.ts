import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineTask, type TaskContext } from '../../core/contract.ts';
import { FleetError, NonRetryableError } from '../../core/errors.ts';
import { silentLogger } from '../../core/log.ts';
import { execute } from '../../workers/runtime/execute.ts';
import { toTaskResult } from '../../workers/runtime/result.ts';
import { aTask } from '../support/task.ts';

const contract = defineTask({
  name: 'probe',
  description: '',
  input: z.object({
    who: z.string(),
    note: z.string().optional(),
    nested: z.object({ n: z.number().optional() }).optional(),
  }),
  output: z.object({ value: z.unknown() }),
});
const settings = { shopUrl: 'http://shop', filesRoot: '.', outputDir: '.' };
const never = new AbortController().signal;

function run(
  handler: (input: unknown, context: TaskContext) => unknown,
  inputData: unknown = { who: 'x' },
  stop = never,
) {
  const worker = contract.worker(async (input, context) => ({ value: await handler(input, context) }));
  return execute(worker, aTask({ inputData, retryCount: 2 }), { log: silentLogger, settings, stop });
}

describe('input', () => {
  test('is parsed before the worker sees it; a wrong one fails for good and names the field', async () => {
    const outcome = await run(() => 'never', { who: 1 });
    expect(outcome).toMatchObject({ kind: 'failed', retryable: false });
    expect(outcome).toHaveProperty('reason', expect.stringContaining('who'));
  });

  test('null stands for absent where the schema takes no null, at any depth', async () => {
    expect(await run((input) => input, { who: 'x', note: null, nested: { n: null } })).toEqual({
      kind: 'completed',
      output: { value: { who: 'x', nested: {} } },
    });
  });

  test('null stands for absent within a union as well', async () => {
    const union = defineTask({
      name: 'p',
      description: '',
      input: z.object({ u: z.union([z.object({ a: z.string(), b: z.string().optional() }), z.number()]) }),
      output: z.object({ u: z.unknown() }),
    }).worker(async ({ u }) => ({ u }));
    const task = aTask({ inputData: { u: { a: 'x', b: null } } });
    const outcome = await execute(union, task, { log: silentLogger, settings, stop: never });
    expect(outcome).toEqual({ kind: 'completed', output: { u: { a: 'x' } } });
  });

  test.each([
    ['throws', z.object({ id: z.string().transform((text) => JSON.parse(text)) })],
    ['is asynchronous', z.object({ id: z.string().refine(async () => true) })],
  ])('a schema that %s fails the task, not the process', async (_, input) => {
    const worker = defineTask({ name: 'p', description: '', input, output: z.object({}) }).worker(async () => ({}));
    const outcome = await execute(worker, aTask({ inputData: { id: '{bad' } }), {
      log: silentLogger,
      settings,
      stop: never,
    });
    expect(outcome).toMatchObject({
      kind: 'failed',
      retryable: false,
      reason: expect.stringContaining('cannot be checked'),
    });
  });

  test('an input that the server keeps to itself is said to be too large', async () => {
    const worker = contract.worker(async () => ({ value: 'never' }));
    const task = aTask({ inputData: {}, externalInputPayloadStoragePath: '/tmp/x' });
    const outcome = await execute(worker, task, { log: silentLogger, settings, stop: never });
    expect(outcome).toMatchObject({ retryable: false, reason: expect.stringContaining('too large') });
  });

  test('null for a required field stays a mistake', async () => {
    expect(await run(() => 'never', { who: null })).toMatchObject({ kind: 'failed', retryable: false });
  });
});

describe('what a worker throws', () => {
  class NonRetryableException extends Error {
    override name = 'NonRetryableException';
  }
  test.each<[string, unknown, boolean, string]>([
    ['an error', new Error('boom'), true, 'boom'],
    ['a string', 'just text', true, 'just text'],
    ['null', null, true, 'null'],
    ['undefined', undefined, true, 'undefined'],
    ['an object', { a: 1 }, true, '{"a":1}'],
    ['an error without a message', new TypeError(), true, 'TypeError'],
    ['a NonRetryableError', new NonRetryableError('no'), false, 'no'],
    ["the SDK's NonRetryableException", new NonRetryableException('no'), false, 'no'],
    ['a FleetError that says not to retry', new FleetError('input', 'bad'), false, 'bad'],
    ['a FleetError that says to retry', new FleetError('upstream', 'down'), true, 'down'],
  ])('%s', async (_, thrown, retryable, reason) => {
    const outcome = await run(() => Promise.reject(thrown));
    expect(outcome).toMatchObject({ kind: 'failed', retryable, reason });
  });
});

describe('output', () => {
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  test.each<[string, unknown, string]>([
    ['circular', circular, 'cannot be written as JSON'],
    ['a BigInt', 1n, 'cannot be written as JSON'],
    ['too large', 'x'.repeat(3_000_001), 'return a reference'],
  ])('%s fails for good with a reason', async (_, value, reason) => {
    const outcome = await run(() => value);
    expect(outcome).toMatchObject({ kind: 'failed', retryable: false, reason: expect.stringContaining(reason) });
  });

  test('of the wrong shape fails for good', async () => {
    const worker = defineTask({
      name: 'p',
      description: '',
      input: z.object({}),
      output: z.object({ n: z.number() }),
    }).worker(async () => JSON.parse('{"n":"one"}'));
    const outcome = await execute(worker, aTask({ inputData: {} }), { log: silentLogger, settings, stop: never });
    expect(outcome).toMatchObject({ kind: 'failed', retryable: false, reason: expect.stringContaining('n: ') });
  });
});

test('the context tells the attempt, and a key that is the same for every attempt', async () => {
  const outcome = await run((_, { attempt, idempotencyKey, taskId, workflowId }) => ({
    attempt,
    idempotencyKey,
    taskId,
    workflowId,
  }));
  expect(outcome).toHaveProperty('output.value', {
    attempt: 3,
    idempotencyKey: 'workflow-1:probe_ref',
    taskId: 'task-1',
    workflowId: 'workflow-1',
  });
});

test("the lease of the polled task counts, not the definition's, however long it is", async () => {
  const signals: boolean[] = [];
  const worker = contract.worker(async (_, { signal }) => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    signals.push(signal.aborted);
    return { value: 1 };
  });
  const task = aTask({ inputData: { who: 'x' }, responseTimeoutSeconds: 30 * 24 * 3600 });
  expect(await execute(worker, task, { log: silentLogger, settings, stop: never })).toMatchObject({
    kind: 'completed',
  });
  expect(signals).toEqual([false]);
});

test('a worker that is aborted because the process stops is handed back, not failed', async () => {
  const stop = new AbortController();
  const outcome = run(
    (_, { signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    undefined,
    stop.signal,
  );
  stop.abort(new Error('stopping'));
  expect(await outcome).toEqual({ kind: 'handed-back' });
});

test('every outcome has one status', () => {
  const status = (outcome: Parameters<typeof toTaskResult>[1]) => toTaskResult(aTask(), outcome, 'me');
  expect(status({ kind: 'completed', output: { a: 1 } })).toMatchObject({
    status: 'COMPLETED',
    outputData: { a: 1 },
    workerId: 'me',
  });
  expect(status({ kind: 'failed', retryable: true, reason: 'r' })).toMatchObject({
    status: 'FAILED',
    reasonForIncompletion: 'r',
  });
  expect(status({ kind: 'failed', retryable: false, reason: 'r' })).toMatchObject({
    status: 'FAILED_WITH_TERMINAL_ERROR',
  });
  expect(status({ kind: 'handed-back' })).toMatchObject({ status: 'IN_PROGRESS', callbackAfterSeconds: 0 });
});
