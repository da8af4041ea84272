import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createConductor } from '../../core/conductor/api.ts';
import { createCaller } from '../../core/conductor/connection/caller.ts';
import { loadConfig } from '../../core/config.ts';
import { silentLogger } from '../../core/log.ts';
import { Events, type FleetEvent } from '../../workers/runtime/events.ts';
import { LeaseWatch } from '../../workers/runtime/watch/lease-watch.ts';
import { type FakeConductor, type FakeRequest, fakeTask, startFakeConductor } from '../support/fake-conductor.ts';

const MARK = '_fleet_lease_watch';
const EVERY_MS = 60;
const LEASE_SECONDS = 30;
const soon = { timeout: 10_000, interval: 5 };

/** A server that has not noticed the end of leases. Its clock can differ from ours. */
class Server {
  aheadMs = 0;
  hasIndex = true;
  /** Whether a decision ends a lease. It does not while an execution is paused. */
  decides = true;
  tasks: Record<string, unknown>[] = [];
  polled: Record<string, unknown>[] = [{ queueName: 'charge', workerId: 'dead-1', lastPollTime: 1 }];
  requests: string[] = [];

  get now(): number {
    return Date.now() + this.aheadMs;
  }

  /** A task that a worker has, and whose lease ended `lateMs` ago. */
  lose(taskId: string, lateMs: number, fields: Record<string, unknown> = {}): void {
    const updateTime = this.now - LEASE_SECONDS * 1000 - lateMs;
    const times = { startTime: updateTime, updateTime, responseTimeoutSeconds: LEASE_SECONDS };
    const task = { taskId, taskType: 'charge', workflowInstanceId: `of-${taskId}`, workerId: 'dead-1' };
    this.tasks.push(fakeTask({ ...task, status: 'IN_PROGRESS', ...times, ...fields }));
  }

  /** The ids of the executions that were decided, in order. */
  get decided(): string[] {
    return this.requests.flatMap((line) => /^PUT \/api\/workflow\/decide\/(.*)$/.exec(line)?.[1] ?? []);
  }

  readonly routes = ({ method, path, query }: FakeRequest) => {
    this.requests.push(`${method} ${path}`);
    const name = path.split('/').at(-1) ?? '';
    if (path.startsWith('/api/tasks/poll/batch/')) return this.#poll(name, query.get('workerid'));
    if (path === '/api/tasks/queue/polldata/all') return { body: this.polled };
    if (path === '/api/workflow/search') return { body: { totalHits: this.hasIndex ? 1 : 0, results: [] } };
    if (path === '/api/tasks/search-v2') return { body: this.#search(query.get('query') ?? '') };
    if (path.startsWith('/api/admin/task/')) return { body: this.tasks.filter(({ taskType }) => taskType === name) };
    if (method === 'PUT') return this.#decide(name);
    return { body: this.tasks.find(({ taskId }) => taskId === name) };
  };

  #poll(queueName: string, workerId: string | null) {
    this.polled = this.polled.filter((queue) => queue.queueName !== queueName);
    this.polled.push({ queueName, workerId, lastPollTime: this.now });
    return { body: [] };
  }

  #search(query: string) {
    const before = Number(/updateTime<(\d+)/.exec(query)?.[1]);
    const isAsked = (task: Record<string, unknown>) =>
      query.includes(`IN (${task.taskType})`) && Number(task.updateTime) < before && task.status === 'IN_PROGRESS';
    const results = this.hasIndex ? this.tasks.filter(isAsked) : [];
    return { totalHits: results.length, results };
  }

  #decide(workflowId: string) {
    for (const task of this.decides ? this.tasks : []) {
      const isOver = Number(task.updateTime) + LEASE_SECONDS * 1000 < this.now;
      if (task.workflowInstanceId === workflowId && isOver) task.status = 'TIMED_OUT';
    }
    return { body: '' };
  }
}

let fake: FakeConductor;
let server: Server;
const events: FleetEvent[] = [];
const stops = new Map<string, AbortController>();
const ended: Promise<void>[] = [];

beforeEach(async () => {
  fake = await startFakeConductor();
  server = new Server();
  fake.routes = server.routes;
  events.splice(0);
});

afterEach(async () => {
  for (const stop of stops.values()) stop.abort();
  await Promise.all(ended.splice(0));
  stops.clear();
  await fake.close();
});

/** Starts the watch of one process. */
function watch(workerId = 'alive-2', isFailing = () => false): void {
  const stop = new AbortController();
  stops.set(workerId, stop);
  const own = new Events(silentLogger, [(event) => void events.push(event)]);
  const { config } = loadConfig({ env: {} });
  const conductor = createConductor(createCaller({ ...config, conductorServerUrl: fake.url }));
  const options = { conductor, workerId, everyMs: EVERY_MS, events: own, log: silentLogger };
  ended.push(new LeaseWatch({ ...options, stop: stop.signal, isFailing }).run());
}

const looks = () => server.requests.filter((line) => line.endsWith(MARK)).length;
const looksOf = () => server.polled.find(({ queueName }) => queueName === MARK)?.workerId;
const moreLooks = async (count: number) => {
  const from = looks();
  await vi.waitFor(() => expect(looks()).toBeGreaterThanOrEqual(from + count), soon);
};

describe('W3: the lease watch', () => {
  test('has the execution of a lost task decided, and says so once', async () => {
    server.lose('lost', 5_000);
    server.lose('held', -20_000);
    watch();
    await vi.waitFor(() => expect(events).toHaveLength(1), soon);
    await moreLooks(2);
    expect(server.decided).toEqual(['of-lost']);
    expect(events).toEqual([
      { type: 'task-recovered', task: expect.objectContaining({ taskId: 'lost' }), lateMs: expect.any(Number) },
    ]);
  });

  test('decides an execution with several lost tasks once', async () => {
    for (const taskId of ['a', 'b', 'c']) server.lose(taskId, 5_000, { workflowInstanceId: 'one' });
    watch();
    await vi.waitFor(() => expect(events).toHaveLength(3), soon);
    expect(server.decided).toEqual(['one']);
  });

  test('reads the open tasks of each type if the server has no index', async () => {
    server.hasIndex = false;
    server.lose('lost', 5_000);
    watch();
    await vi.waitFor(() => expect(server.decided).toEqual(['of-lost']), soon);
  });

  test('does not read the open tasks of a type if the server has an index', async () => {
    watch();
    await moreLooks(3);
    expect(server.requests.filter((line) => line.includes('/api/admin/task/'))).toEqual([]);
  });

  test.each([-120_000, 120_000])('uses the clock of the server, which differs by %i ms', async (aheadMs) => {
    server.aheadMs = aheadMs;
    server.lose('lost', 5_000);
    server.lose('held', -20_000);
    watch();
    await vi.waitFor(() => expect(events.map((event) => 'task' in event && event.task.taskId)).toContain('lost'), soon);
    const from = server.decided.length;
    await moreLooks(3);
    expect(server.decided.slice(from)).toEqual([]);
  });

  test('repeats a decision without effect less and less often', async () => {
    server.decides = false;
    server.lose('paused', 5_000);
    watch();
    await vi.waitFor(() => expect(server.decided).toHaveLength(1), soon);
    await moreLooks(5);
    expect(server.decided).toHaveLength(1);
    expect(events).toEqual([]);
  });

  test('runs in one process at a time, and another process takes over when this one dies', async () => {
    const names = ['alive-2', 'alive-3', 'alive-4'];
    for (const name of names) watch(name);
    await moreLooks(names.length + 1); // at first, several may look
    const [from, before] = [Date.now(), looks()];
    await moreLooks(8);
    const EACH_MS = 0.8 * EVERY_MS; // the shortest sleep of a process
    expect(looks() - before).toBeLessThan(1.5 * ((Date.now() - from) / EACH_MS + 1));
    const first = looksOf();
    stops.get(String(first))?.abort();
    server.lose('lost', 5_000);
    await vi.waitFor(() => expect(events.length).toBeGreaterThan(0), soon);
    expect(names.filter((name) => name !== first)).toContain(looksOf());
  });

  test('rests while the server fails', async () => {
    watch('alive-2', () => true);
    await new Promise((resolve) => setTimeout(resolve, 5 * EVERY_MS));
    expect(server.requests).toEqual([]);
  });
});
