import { describe, expect, test } from 'vitest';
import { defineTask } from '../../core/contract.ts';
import { NonRetryableError } from '../../core/errors.ts';
import { isReady } from '../../workers/runtime/control/health.ts';
import { serveViews } from '../../workers/runtime/control/page-server.ts';
import { fakeTask } from '../support/fake-conductor.ts';
import { contract, echo, fake, queue, start } from '../support/fake-queue.ts';

describe('results', () => {
  test('a result says how its task ended', async () => {
    const mixed = contract.worker(async ({ id }) => {
      if (id === 'permanent') throw new NonRetryableError('never again');
      if (id === 'passing') throw new Error('once more');
      return { id };
    });
    queue.queued.push('fine', 'permanent', 'passing');
    start(mixed);
    await queue.hasResults(3);
    const byId = Object.fromEntries(queue.results.map((result) => [result.taskId, result]));
    expect(byId.fine).toMatchObject({ status: 'COMPLETED', outputData: { id: 'fine' } });
    expect(byId.permanent).toMatchObject({
      status: 'FAILED_WITH_TERMINAL_ERROR',
      reasonForIncompletion: 'never again',
    });
    expect(byId.passing).toMatchObject({ status: 'FAILED', reasonForIncompletion: 'once more' });
  });

  test('a result is sent again until the server accepts it', async () => {
    let refusals = 3;
    queue.update = () => (refusals-- > 0 ? { status: 503, body: { message: 'down', retryable: true } } : undefined);
    queue.queued.push('t');
    start();
    await queue.hasResults(1);
    expect(queue.results).toHaveLength(1);
    expect(refusals).toBe(-1);
  });

  test.each([
    [
      'an error that the server wrongly marks as not retryable',
      { status: 500, body: { message: 'SQLITE_BUSY', retryable: false } },
    ],
    ['refused credentials', { status: 401, body: { message: 'expired' } }],
    ['N6: a 404 that is not from the Conductor server', { status: 404, body: 'default backend - 404' }],
  ])('a result is sent again after %s', async (_, refusal) => {
    let refusals = 1;
    queue.update = () => (refusals-- > 0 ? refusal : undefined);
    queue.queued.push('t');
    start();
    await queue.hasResults(1);
    expect(queue.results[0]).toMatchObject({ taskId: 't', status: 'COMPLETED' });
  });

  test('a result is not sent again after the server has answered that the task does not exist', async () => {
    let updates = 0;
    queue.update = () =>
      ++updates === 1 ? { status: 404, body: { message: 'No such task', retryable: false } } : undefined;
    queue.queued.push('gone', 'there');
    start(echo, { workerConcurrency: 1 });
    await queue.hasResults(1);
    expect(queue.results[0]?.taskId).toBe('there');
    expect(updates).toBe(2);
  });
});

describe('a lease', () => {
  test('W1: heartbeats continue while the server does not answer a request that adds a log line', async () => {
    const enough = Promise.withResolvers<void>();
    const { name, description, input, output } = contract;
    const held = defineTask({ name, description, input, output, responseTimeoutSeconds: 2 });
    fake.routes = (request) => {
      if (request.path === '/api/tasks/t/log') return new Promise<never>(() => undefined);
      if (request.path === '/api/tasks/t') return { body: fakeTask({ taskId: 't', status: 'IN_PROGRESS' }) };
      return queue.routes(request);
    };
    queue.queued.push('t');
    start(
      held.worker(async ({ id }, { addLog }) => {
        addLog('a line');
        await enough.promise;
        return { id };
      }),
    );
    await queue.hasResults(3);
    expect(queue.results.map(({ extendLease }) => extendLease)).toEqual([true, true, true]);
    enough.resolve();
    await queue.hasResults(4);
    expect(queue.results.at(-1)).toMatchObject({ status: 'COMPLETED', logs: [{ log: 'a line' }] });
  }, 12_000);

  test('W1: after a result without an answer the task gets no heartbeat, and the result is sent again within the lease', async () => {
    const updates: { extendLease: boolean | undefined; at: number }[] = [];
    queue.update = ({ extendLease }) => {
      updates.push({ extendLease, at: performance.now() });
      return updates.length < 4 ? new Promise<never>(() => undefined) : undefined;
    };
    queue.queued.push('t');
    const { name, description, input, output } = contract;
    start(
      defineTask({ name, description, input, output, responseTimeoutSeconds: 6 }).worker(async ({ id }) => ({ id })),
    );
    await queue.hasResults(1);
    expect(updates.map(({ extendLease }) => extendLease ?? false)).toEqual([false, false, false, false]);
    const between = updates.slice(1).map(({ at }, n) => at - (updates[n]?.at ?? 0));
    expect(Math.max(...between)).toBeLessThan(6_000);
  }, 30_000);
});

describe('stopping', () => {
  test('a stop waits for running tasks', async () => {
    const release = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const slow = contract.worker(async ({ id }) => {
      begun.resolve();
      await release.promise;
      return { id };
    });
    queue.queued.push('t');
    const running = start(slow);
    await begun.promise;
    const stopped = running.stop();
    expect(running.status().state).toBe('draining');
    release.resolve();
    await stopped;
    expect(queue.results[0]).toMatchObject({ status: 'COMPLETED' });
    expect(running.status()).toMatchObject({ state: 'stopped', running: 0 });
  });

  test('a stop hands back tasks that do not end in time', async () => {
    const begun = Promise.withResolvers<void>();
    const endless = contract.worker(({ id }, { signal }) => {
      begun.resolve();
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error(`${id} aborted`))));
    });
    queue.queued.push('t');
    const running = start(endless, { workerDrainSeconds: 0 });
    await begun.promise;
    await running.stop();
    expect(queue.results).toEqual([expect.objectContaining({ status: 'IN_PROGRESS', callbackAfterSeconds: 0 })]);
  });

  test('a stop hands back tasks that an open long poll still receives', async () => {
    const polled = Promise.withResolvers<void>();
    const found = Promise.withResolvers<void>();
    fake.routes = async (request) => {
      if (request.path.startsWith('/api/tasks/poll/')) {
        polled.resolve();
        await found.promise;
      }
      return queue.routes(request);
    };
    queue.queued.push('late');
    const running = start();
    await polled.promise;
    const stopped = running.stop();
    found.resolve();
    await stopped;
    expect(queue.polls).toEqual([expect.objectContaining({ got: 1 })]);
    expect(queue.results).toEqual([
      expect.objectContaining({ taskId: 'late', status: 'IN_PROGRESS', callbackAfterSeconds: 0 }),
    ]);
  });
});

test('a process whose only type is at its concurrency limit is ready, although it does not poll', async () => {
  const release = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const slow = contract.worker(async ({ id }) => {
    begun.resolve();
    await release.promise;
    return { id };
  });
  queue.queued.push('t');
  const running = start(slow, { workerConcurrency: 1 });
  await begun.promise;
  while (running.status().types[0]?.state !== 'full') await new Promise(setImmediate);
  expect(isReady(running.status(), Date.now() + 3_600_000)).toBe(true);
  release.resolve();
  await queue.hasResults(1);
});

test('a process is ready while the server answers its polls, and still live after its stop', async () => {
  const running = start();
  const options = { host: '127.0.0.1', port: 0, flag: '--health-port', views: {} };
  const health = await serveViews({ ...options, fleet: () => running });
  const code = async (path: string) => (await fetch(`${health.url}${path}`)).status;
  while ((await code('/readyz')) !== 200) await new Promise(setImmediate);
  expect(await code('/livez')).toBe(200);
  await running.stop();
  expect(await code('/readyz')).toBe(503);
  expect(await code('/livez')).toBe(200);
  await health.close();
});
