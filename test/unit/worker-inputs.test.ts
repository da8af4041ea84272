import { expect, test } from 'vitest';
import { z } from 'zod';
import { defineTask } from '../../core/contract.ts';
import { runTask } from '../../workers/testing/harness.ts';

const probe = defineTask({
  name: 'probe',
  description: '',
  input: z.strictObject({ who: z.string() }),
  output: z.object({ seen: z.unknown(), key: z.string() }),
}).worker(async (seen, { idempotencyKey }) => ({ seen, key: idempotencyKey }));

const where = { workflowId: 'second', taskReferenceName: 'refund' };

test('a compensation that runs a second time has the same idempotency keys', async () => {
  const { output } = await runTask(probe, { who: 'x', _idempotencyScope: 'failed:undo' }, where);
  expect(output).toEqual({ seen: { who: 'x' }, key: 'failed:undo:refund' });
});

test.each([undefined, null, ''])(
  'without a scope (%j), the idempotency key contains the id of the execution',
  async (_idempotencyScope) => {
    const { output } = await runTask(probe, { who: 'x', _idempotencyScope }, where);
    expect(output?.key).toBe('second:refund');
  },
);

test('if compensation has undone an execution, its tasks fail without a retry', async () => {
  const { outcome } = await runTask(probe, { who: 'x', _undoneBy: 'a-compensation' });
  expect(outcome).toMatchObject({
    kind: 'failed',
    retryable: false,
    reason: expect.stringContaining('undone by a-compensation. Start a new one.'),
  });
});

test.each([
  ['never failed', null],
  ['could not be undone', 'Error workflow TripCompensation failed to start.  reason: No such workflow'],
])('the tasks of an execution that %s run normally', async (_, _undoneBy) => {
  const { output } = await runTask(probe, { who: 'x', _undoneBy });
  expect(output?.seen).toEqual({ who: 'x' });
});
