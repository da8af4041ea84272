import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { defineTask, type Worker } from '../../core/contract.ts';
import { pause } from '../../core/pause.ts';
import { type FakeConductor, startFakeConductor } from '../../workers/testing/fake-conductor.ts';
import { startTestFleet, type TestFleet } from '../../workers/testing/test-fleet.ts';

/** Tests the fake server and the test fleet, with which authors test several workers together. */
let server: FakeConductor;
let running: TestFleet[] = [];
beforeEach(async () => {
  server = await startFakeConductor();
});
afterEach(async () => {
  await Promise.all(running.map(({ stop }) => stop()));
  running = [];
  await server.close();
});

function serve(workers: readonly Worker[], options?: Record<string, unknown>): TestFleet {
  const started = startTestFleet(server, workers, options);
  running.push(started);
  return started;
}

const contract = defineTask({
  name: 'double',
  description: '',
  input: z.object({ n: z.number() }),
  output: z.object({ n: z.number() }),
  responseTimeoutSeconds: 1,
});
const double = contract.worker(async ({ n }) => ({ n: 2 * n }));

test('a test fleet executes the tasks in the queue of the fake server', async () => {
  serve([double]);
  const ids = Array.from({ length: 30 }, (_, n) => server.enqueue('double', { n }));
  const results = await Promise.all(ids.map((id) => server.result(id)));
  expect(results.map(({ outputData }) => outputData?.n)).toEqual(ids.map((_, n) => 2 * n));
  expect(server.results).toHaveLength(30);
});

test('the fake server records wrong inputs, task logs and heartbeats as the real server does', async () => {
  const slow = contract.worker(async ({ n }, { addLog, progress }) => {
    addLog('began');
    await progress({ n: 0 });
    await pause(1_200);
    return { n };
  });
  serve([slow]);
  const wrong = server.enqueue('double', { n: 'one' });
  const right = server.enqueue('double', { n: 1 });
  expect(await server.result(wrong)).toMatchObject({ status: 'FAILED_WITH_TERMINAL_ERROR' });
  expect(await server.result(right)).toMatchObject({ status: 'COMPLETED' });
  expect(server.logs(right)).toEqual(['began']);
  expect(
    server.updates.filter(({ taskId, status }) => taskId === right && status === 'IN_PROGRESS').length,
  ).toBeGreaterThan(1);
});

test('if a task is cancelled, its handler is aborted and no result is sent', async () => {
  const began = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<unknown>();
  const endless = contract.worker(async (_, { signal }) => {
    began.resolve();
    await pause(60_000, signal);
    ended.resolve(signal.reason);
    throw signal.reason;
  });
  serve([endless]);
  const id = server.enqueue('double', { n: 1 });
  await began.promise;
  server.cancel(id);
  expect(await ended.promise).toMatchObject({ reason: 'cancelled' });
  expect(server.results).toEqual([]);
});

test('a stopping fleet hands back its tasks, and the next fleet gets them with their progress', async () => {
  const began = Promise.withResolvers<void>();
  const first = contract.worker(async (_, { signal, progress }) => {
    await progress({ n: 41 });
    began.resolve();
    await pause(60_000, signal);
    throw signal.reason;
  });
  const { stop } = serve([first], { workerDrainSeconds: 0 });
  const id = server.enqueue('double', { n: 1 }, { domain: '' });
  await began.promise;
  await stop();
  serve([contract.worker(async (_, { previousOutput, attempt }) => ({ n: Number(previousOutput.n) + attempt }))]);
  expect(await server.result(id)).toMatchObject({ status: 'COMPLETED', outputData: { n: 42 } });
});
