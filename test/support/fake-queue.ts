import { afterEach, beforeEach } from 'vitest';
import { z } from 'zod';
import { createConductor } from '../../core/conductor/api.ts';
import { createCaller } from '../../core/conductor/connection/caller.ts';
import type { TaskResult } from '../../core/conductor/types.ts';
import { loadConfig } from '../../core/config.ts';
import { defineTask, type Worker } from '../../core/contract.ts';
import { silentLogger } from '../../core/log.ts';
import { type Fleet, startFleet } from '../../workers/runtime/fleet.ts';
import { type FakeConductor, type FakeReply, type FakeRequest, startFakeConductor } from './fake-conductor.ts';

/** A queue of one task type behind the fake server's poll and update calls. */
export class FakeQueue {
  readonly queued: string[] = [];
  readonly results: TaskResult[] = [];
  readonly polls: { count: number; timeout: number; got: number }[] = [];
  /** If this function is set, it answers polls instead of the queue. */
  poll: ((request: FakeRequest) => { status?: number; body?: unknown } | undefined) | undefined;
  /** If this function is set, it answers updates, unless it returns undefined. A promise that never resolves is a server without an answer. */
  update: ((result: TaskResult) => FakeReply | undefined | Promise<FakeReply>) | undefined;
  #updated = Promise.withResolvers<void>();

  readonly routes = (request: FakeRequest) => {
    if (request.path.startsWith('/api/tasks/poll/batch/')) return this.poll?.(request) ?? this.#take(request);
    if (request.method === 'POST' && request.path === '/api/tasks') {
      const refused = this.update?.(request.body as TaskResult);
      if (refused) return refused;
      this.results.push(request.body as TaskResult);
      this.#updated.resolve();
      this.#updated = Promise.withResolvers();
      return { body: (request.body as TaskResult).taskId };
    }
    return undefined;
  };

  /** Resolves once the server has received `count` results. */
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

/** The task type of these tests. */
export const contract = defineTask({
  name: 'probe',
  description: '',
  input: z.object({ id: z.string() }),
  output: z.object({ id: z.string() }),
});
/** A worker that returns the id in its input. */
export const echo = contract.worker(async ({ id }) => ({ id }));

/** The fake server and the queue of the current test. */
export let fake: FakeConductor;
export let queue: FakeQueue;
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

/** Starts a real worker runtime that polls the queue. After the test it is stopped. */
export function start(worker: Worker = echo, settings: Record<string, unknown> = {}, others: Worker[] = []): Fleet {
  const { config } = loadConfig({ env: {}, flags: { workerPollIntervalMs: 5, ...settings } });
  const conductor = createConductor(createCaller({ ...config, conductorServerUrl: fake.url }));
  const workerSettings = { shopUrl: 'http://shop', filesRoot: '.', outputDir: '.' };
  fleet = startFleet({ workers: [worker, ...others], conductor, config, settings: workerSettings, log: silentLogger });
  return fleet;
}
