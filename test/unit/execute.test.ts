import { describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { type AbortReason, defineTask, type TaskContext } from '../../core/contract.ts';
import { FleetError, NonRetryableError } from '../../core/errors.ts';
import { toTaskResult } from '../../workers/runtime/report/task-result.ts';
import { Attempt } from '../../workers/runtime/run/attempt.ts';
import { executed, executedAs } from '../support/attempt.ts';
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
type Handler = (input: unknown, context: TaskContext) => unknown;

function attemptOf(handler: Handler, inputData: unknown = { who: 'x' }): Attempt {
  const worker = contract.worker(async (input, context) => ({ value: await handler(input, context) }));
  return new Attempt(worker, aTask({ inputData, retryCount: 2 }));
}

function run(handler: Handler, inputData?: unknown) {
  return executedAs(attemptOf(handler, inputData));
}

describe('input', () => {
  test('if the input does not match the schema, the task fails without a retry and the reason names the field', async () => {
    const outcome = await run(() => 'never', { who: 1 });
    expect(outcome).toMatchObject({ kind: 'failed', retryable: false });
    expect(outcome).toHaveProperty('reason', expect.stringContaining('who'));
  });

  test('if the schema does not accept a null, the field counts as absent, at any depth', async () => {
    expect(await run((input) => input, { who: 'x', note: null, nested: { n: null } })).toMatchObject({
      kind: 'completed',
      output: { value: { who: 'x', nested: {} } },
    });
  });

  test('a null inside a union also counts as absent', async () => {
    const union = defineTask({
      name: 'p',
      description: '',
      input: z.object({ u: z.union([z.object({ a: z.string(), b: z.string().optional() }), z.number()]) }),
      output: z.object({ u: z.unknown() }),
    }).worker(async ({ u }) => ({ u }));
    const task = aTask({ inputData: { u: { a: 'x', b: null } } });
    const outcome = await executed(union, task);
    expect(outcome).toMatchObject({ kind: 'completed', output: { u: { a: 'x' } } });
  });

  test.each([
    ['throws', z.object({ id: z.string().transform((text) => JSON.parse(text)) })],
    ['is asynchronous', z.object({ id: z.string().refine(async () => true) })],
  ])('an input schema that %s fails the task and does not end the process', async (_, input) => {
    const worker = defineTask({ name: 'p', description: '', input, output: z.object({}) }).worker(async () => ({}));
    const outcome = await executed(worker, aTask({ inputData: { id: '{bad' } }));
    expect(outcome).toMatchObject({
      kind: 'failed',
      retryable: false,
      reason: expect.stringContaining('cannot be checked'),
    });
  });

  test('if the server stores the input outside the task, the task fails with "too large"', async () => {
    const worker = contract.worker(async () => ({ value: 'never' }));
    const task = aTask({ inputData: {}, externalInputPayloadStoragePath: '/tmp/x' });
    const outcome = await executed(worker, task);
    expect(outcome).toMatchObject({ retryable: false, reason: expect.stringContaining('too large') });
  });

  test('a null for a required field fails the task without a retry', async () => {
    expect(await run(() => 'never', { who: null })).toMatchObject({ kind: 'failed', retryable: false });
  });
});

describe('a handler that throws', () => {
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
    ['a FleetError that is not retryable', new FleetError('input', 'bad'), false, 'bad'],
    ['a retryable FleetError', new FleetError('upstream', 'down'), true, 'down'],
  ])('a handler that throws %s fails the task with that text as the reason', async (_, thrown, retryable, reason) => {
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
  ])('an output that is %s fails the task without a retry', async (_, value, reason) => {
    const outcome = await run(() => value);
    expect(outcome).toMatchObject({ kind: 'failed', retryable: false, reason: expect.stringContaining(reason) });
  });

  test('an output that does not match the schema fails the task without a retry', async () => {
    const worker = defineTask({
      name: 'p',
      description: '',
      input: z.object({}),
      output: z.object({ n: z.number() }),
    }).worker(async () => JSON.parse('{"n":"one"}'));
    const outcome = await executed(worker, aTask({ inputData: {} }));
    expect(outcome).toMatchObject({
      kind: 'failed',
      retryable: false,
      reason: 'p returned a wrong output: n must be a number, not a string.',
    });
  });
});

test('the context has the number of the attempt, and an idempotency key without that number', async () => {
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

const untilAborted: Handler = (_, { signal }) =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

describe('an abort', () => {
  test.each<[AbortReason, object]>([
    ['stopping', { kind: 'handed-back' }],
    ['cancelled', { kind: 'cancelled' }],
    ['time-out', { kind: 'failed', retryable: true, reason: 'probe ran out of time.' }],
  ])('an abort with the reason %s ends the handler', async (reason, outcome) => {
    const attempt = attemptOf(untilAborted);
    const ended = executedAs(attempt);
    attempt.abort(reason);
    attempt.abort('time-out'); // a second abort has no effect
    expect(await ended).toEqual(outcome);
  });

  test('if the handler completes after an abort, its output is kept', async () => {
    const attempt = attemptOf(async () => 'done');
    attempt.abort('stopping');
    expect(await executedAs(attempt)).toMatchObject({ kind: 'completed', output: { value: 'done' } });
  });

  test('if the handler ignores an abort, the attempt still ends', async () => {
    vi.useFakeTimers();
    try {
      const attempt = attemptOf(() => new Promise(() => undefined));
      const ended = executedAs(attempt);
      attempt.abort('stopping');
      await vi.advanceTimersByTimeAsync(1_000);
      expect(await ended).toEqual({ kind: 'handed-back' });
    } finally {
      vi.useRealTimers();
    }
  });

  test('the attempt is aborted at the time limit of the polled task, even if the code has another limit', async () => {
    vi.useFakeTimers();
    try {
      const worker = { ...attemptOf(untilAborted).worker, options: { timeoutSeconds: 3600 } };
      const task = aTask({ inputData: { who: 'x' }, taskDefinition: { timeoutSeconds: 2 } });
      const ended = executed(worker, task);
      await vi.advanceTimersByTimeAsync(2_000);
      expect(await ended).toMatchObject({ kind: 'failed', retryable: true });
    } finally {
      vi.useRealTimers();
    }
  });
});

test('each kind of outcome is reported to the server with its own status', () => {
  const status = (outcome: Parameters<typeof toTaskResult>[1]) =>
    toTaskResult(
      attemptOf(() => 1),
      outcome,
      'me',
    );
  expect(status({ kind: 'completed', output: { a: 1 }, bytes: 7 })).toMatchObject({
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
