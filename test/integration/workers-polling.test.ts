import { describe, expect, test } from 'vitest';
import { contract, echo, fake, queue, start } from '../support/fake-queue.ts';

describe('polling', () => {
  test('a poller waits for one task with a long poll, and then polls for a whole batch', async () => {
    queue.queued.push(...Array.from({ length: 23 }, (_, i) => `t${i}`));
    start(echo, { workerBatchSize: 10 });
    await queue.hasResults(23);
    expect(queue.polls[0]).toMatchObject({ count: 1 });
    expect(queue.polls[0]?.timeout).toBeGreaterThan(0);
    expect(queue.polls[1]).toEqual({ count: 10, timeout: 0, got: 10 });
    expect(new Set(queue.results.map(({ taskId }) => taskId)).size).toBe(23);
  });

  test('a process runs at most as many tasks as its concurrency, and polls only for free slots', async () => {
    let running = 0;
    let most = 0;
    const release = Promise.withResolvers<void>();
    const slow = contract.worker(async ({ id }) => {
      most = Math.max(most, ++running);
      await release.promise;
      running--;
      return { id };
    });
    queue.queued.push(...Array.from({ length: 9 }, (_, i) => `t${i}`));
    start(slow, { workerConcurrency: 3 });
    while (running < 3) await new Promise(setImmediate);
    expect(queue.queued).toHaveLength(6);
    release.resolve();
    await queue.hasResults(9);
    expect(most).toBe(3);
  });

  test('a type never exceeds its own concurrency, even if the process has more free slots', async () => {
    let running = 0;
    const release = Promise.withResolvers<void>();
    const slow = contract.worker(async ({ id }) => {
      running++;
      await release.promise;
      return { id };
    });
    queue.queued.push('a', 'b', 'c');
    start(slow, { workers: { probe: { concurrency: 2 } } });
    while (running < 2) await new Promise(setImmediate);
    expect(queue.queued).toHaveLength(1);
    release.resolve();
    await queue.hasResults(3);
  });

  test('the process hands back tasks without a free slot, and ignores junk in the answer', async () => {
    const surplus = ['a', 'b', 'c'].map((taskId) => ({
      taskId,
      taskType: 'probe',
      referenceTaskName: 'r',
      workflowInstanceId: 'w',
      status: 'IN_PROGRESS',
      inputData: { id: taskId },
    }));
    let answers = 1;
    queue.poll = () => (answers-- > 0 ? { body: [...surplus, { junk: true }] } : undefined);
    start(echo, { workerConcurrency: 1 });
    await queue.hasResults(3);
    expect(queue.results.map(({ status }) => status).sort()).toEqual(['COMPLETED', 'IN_PROGRESS', 'IN_PROGRESS']);
  });

  test('idle types do not occupy the slots that a busy type needs', async () => {
    const idle = Array.from({ length: 5 }, (_, i) => ({ ...echo, name: `idle_${i}` }));
    const held = Promise.withResolvers<void>();
    fake.routes = async (request) => {
      if (request.path.includes('/batch/idle_')) await held.promise; // like a long poll of an empty queue
      return queue.routes(request);
    };
    let running = 0;
    const both = Promise.withResolvers<void>();
    const busy = contract.worker(async ({ id }) => {
      if (++running === 2) both.resolve();
      await both.promise;
      return { id };
    });
    queue.queued.push('a', 'b');
    start(busy, { workerConcurrency: 2 }, idle);
    await queue.hasResults(2);
    held.resolve();
  });

  test.each<[string, { status?: number; body?: unknown }]>([
    ['a web page', { body: '<html>login</html>' }],
    ['null', { body: null }],
    ['an object', { body: { length: 25 } }],
    ['items that are not tasks', { body: [{ junk: true }] }],
    ['a server error', { status: 503, body: { message: 'down' } }],
  ])('the poller polls again after an answer with %s', async (_, answer) => {
    let bad = 2;
    queue.poll = () => (bad-- > 0 ? answer : undefined);
    queue.queued.push('t');
    const running = start();
    await queue.hasResults(1);
    expect(running.status().running).toBeLessThanOrEqual(1);
  });
});
