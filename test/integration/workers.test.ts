import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createConductor } from '../../core/conductor/api.ts';
import { createCaller } from '../../core/conductor/client.ts';
import type { TaskResult } from '../../core/conductor/types.ts';
import { loadConfig } from '../../core/config.ts';
import { defineTask, type Worker } from '../../core/contract.ts';
import { NonRetryableError } from '../../core/errors.ts';
import { silentLogger } from '../../core/log.ts';
import { type Fleet, startFleet } from '../../workers/runtime/fleet.ts';
import { serveHealth } from '../../workers/runtime/health.ts';
import { type FakeConductor, type FakeRequest, startFakeConductor } from '../support/fake-conductor.ts';

/** A queue of one task type behind the fake server's poll and update calls. */
class FakeQueue {
  readonly queued: string[] = [];
  readonly results: TaskResult[] = [];
  readonly polls: { count: number; timeout: number; got: number }[] = [];
  /** Answers a poll in place of the queue. */
  poll: ((request: FakeRequest) => { status?: number; body?: unknown } | undefined) | undefined;
  update: (() => { status?: number; body?: unknown } | undefined) | undefined;
  #updated = Promise.withResolvers<void>();

  readonly routes = (request: FakeRequest) => {
    if (request.path.startsWith('/api/tasks/poll/batch/')) return this.poll?.(request) ?? this.#take(request);
    if (request.method === 'POST' && request.path === '/api/tasks') {
      const refused = this.update?.();
      if (refused) return refused;
      this.results.push(request.body as TaskResult);
      this.#updated.resolve();
      this.#updated = Promise.withResolvers();
      return { body: 'ok' };
    }
    return undefined;
  };

  /** Resolves once so many results have come. */
  async hasResults(count: number): Promise<void> {
    while (this.results.length < count) await this.#updated.promise;
  }

  #take({ path, query }: FakeRequest) {
    const type = path.split('/').at(-1) ?? '';
    const count = Number(query.get('count'));
    const ids = this.queued.splice(0, count);
    this.polls.push({ count, timeout: Number(query.get('timeout')), got: ids.length });
    return {
      body: ids.map((taskId) => ({
        taskId,
        taskType: type,
        referenceTaskName: 'r',
        workflowInstanceId: 'w',
        status: 'IN_PROGRESS',
        inputData: { id: taskId },
      })),
    };
  }
}

const contract = defineTask({
  name: 'probe',
  description: '',
  input: z.object({ id: z.string() }),
  output: z.object({ id: z.string() }),
});
const echo = contract.worker(async ({ id }) => ({ id }));

let fake: FakeConductor;
let queue: FakeQueue;
let fleet: Fleet | undefined;

beforeEach(async () => {
  fake = await startFakeConductor();
  queue = new FakeQueue();
  fake.routes = queue.routes;
});

afterEach(async () => {
  await fleet?.stop();
  fleet = undefined;
  await fake.close();
});

function start(worker: Worker = echo, settings: Record<string, unknown> = {}): Fleet {
  const { config } = loadConfig({ env: {}, flags: { workerPollIntervalMs: 5, ...settings } });
  const conductor = createConductor(createCaller({ ...config, conductorServerUrl: fake.url }));
  const workerSettings = { shopUrl: 'http://shop', filesRoot: '.', outputDir: '.' };
  fleet = startFleet({ workers: [worker], conductor, config, settings: workerSettings, log: silentLogger });
  return fleet;
}

describe('polling', () => {
  test('watches with one long poll for one task, then takes as many as there are slots', async () => {
    queue.queued.push(...Array.from({ length: 23 }, (_, i) => `t${i}`));
    start(echo, { workerBatchSize: 10 });
    await queue.hasResults(23);
    expect(queue.polls[0]).toMatchObject({ count: 1 });
    expect(queue.polls[0]?.timeout).toBeGreaterThan(0);
    expect(queue.polls[1]).toEqual({ count: 10, timeout: 0, got: 10 });
    expect(new Set(queue.results.map(({ taskId }) => taskId)).size).toBe(23);
  });

  test('never runs more at once than the process may, and never asks for more than are free', async () => {
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

  test('a limit for one type holds within the limit of the process', async () => {
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

  test.each<[string, { status?: number; body?: unknown }]>([
    ['a web page', { body: '<html>login</html>' }],
    ['null', { body: null }],
    ['an object', { body: { length: 25 } }],
    ['items that are no tasks', { body: [{ junk: true }] }],
    ['a server error', { status: 503, body: { message: 'down' } }],
  ])('goes on after a poll was answered with %s', async (_, answer) => {
    let bad = 2;
    queue.poll = () => (bad-- > 0 ? answer : undefined);
    queue.queued.push('t');
    const { status } = start();
    await queue.hasResults(1);
    expect(status().running).toBeLessThanOrEqual(1);
  });
});

describe('results', () => {
  test('say what became of each task', async () => {
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

  test('are sent again until the server takes them', async () => {
    let refusals = 3;
    queue.update = () => (refusals-- > 0 ? { status: 503, body: { message: 'down', retryable: true } } : undefined);
    queue.queued.push('t');
    start();
    await queue.hasResults(1);
    expect(queue.results).toHaveLength(1);
    expect(refusals).toBe(-1);
  });

  test('are not sent again once the server has said that the task is gone', async () => {
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

describe('stopping', () => {
  test('waits for running tasks', async () => {
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

  test('hands back what does not end in time, without counting it as a try', async () => {
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

  test('hands back what a long poll under way still brings', async () => {
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

test('ready means that the server answers the polls, live means that the process does', async () => {
  const running = start();
  const health = await serveHealth({ host: '127.0.0.1', port: 0 }, running.status);
  const code = async (path: string) => (await fetch(`${health.url}${path}`)).status;
  while ((await code('/readyz')) !== 200) await new Promise(setImmediate);
  expect(await code('/livez')).toBe(200);
  await running.stop();
  expect(await code('/readyz')).toBe(503);
  expect(await code('/livez')).toBe(200);
  await health.close();
});
