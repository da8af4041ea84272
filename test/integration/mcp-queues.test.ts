import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import getQueueStatus from '../../mcp/tools/get-queue-status.ts';
import { type FakeConductor, fakeTask, startFakeConductor } from '../support/fake-conductor.ts';
import { callTool } from '../support/tool-calls.ts';

let fake: FakeConductor;
beforeAll(async () => {
  fake = await startFakeConductor();
});
afterAll(() => fake.close());

interface Server {
  /** The waiting tasks of each queue. `hidden` is the number of tasks that polls do not get yet. */
  sizes: Record<string, [waiting: number, hidden?: number]>;
  /** For each queue, the seconds since its last poll. */
  polls?: Record<string, number>;
  /** Open tasks by type. */
  open?: Record<string, Record<string, unknown>[]>;
  defs?: Record<string, unknown>[];
}

function serve({ sizes, polls = {}, open = {}, defs = [] }: Server): void {
  fake.routes = ({ path }) => {
    if (path === '/api/tasks/queue/all/verbose') {
      const shards = Object.entries(sizes).map(([name, [size, uacked = 0]]) => [name, { c: { size, uacked } }]);
      return { body: Object.fromEntries(shards) };
    }
    if (path === '/api/tasks/queue/polldata/all') {
      const rows = Object.entries(polls).map(([name, secondsAgo]) => {
        const [queueName, domain] = name.split(':').reverse();
        return { queueName, domain, workerId: 'worker-1', lastPollTime: Date.now() - secondsAgo * 1000 };
      });
      return { body: rows };
    }
    if (path === '/api/metadata/taskdefs') return { body: defs };
    const [, , area, kind, name = ''] = path.split('/');
    if (area === 'metadata' && kind === 'taskdefs') {
      const def = defs.find((one) => one.name === name);
      return def ? { body: def } : { status: 404, body: { status: 404, message: 'none' } };
    }
    return area === 'admin' ? { body: open[name] ?? [] } : undefined;
  };
}

const scheduled = (secondsAgo: number, changes = {}) =>
  fakeTask({
    status: 'SCHEDULED',
    scheduledTime: Date.now() - secondsAgo * 1000,
    startTime: 0,
    endTime: 0,
    ...changes,
  });
const running = (changes = {}) => fakeTask({ status: 'IN_PROGRESS', updateTime: Date.now(), endTime: 0, ...changes });

beforeEach(() => {
  serve({ sizes: {} });
});

const status = async (args: Record<string, unknown> = {}) => {
  const { text, structured } = await callTool(fake.url, getQueueStatus, args);
  return { text, ...(structured as { queues: Record<string, unknown>[]; states: Record<string, number> }) };
};

describe('get_queue_status', () => {
  test('get_queue_status sorts queues by state, the worst first, and then by length', async () => {
    serve({
      sizes: { idle: [0], long: [9], short: [3], busy: [5], limited: [4], HTTP: [2], _hidden: [1] },
      polls: { idle: 1, busy: 1, limited: 1 },
      open: {
        long: [scheduled(90)],
        short: [scheduled(5)],
        busy: [scheduled(60), running()],
        limited: [scheduled(60), running()],
      },
      defs: [{ name: 'limited', concurrentExecLimit: 1 }],
    });
    const { queues, states, text } = await status();
    expect(queues).toMatchObject([
      { taskType: 'long', state: 'no_worker', waiting: 9, running: 0 },
      { taskType: 'short', state: 'no_worker', waiting: 3 },
      { taskType: 'limited', state: 'limited', limit: 1, running: 1 },
      { taskType: 'busy', state: 'behind', waiting: 5, running: 1, lastPollBy: 'worker-1' },
      { taskType: 'HTTP', state: 'server' },
      { taskType: 'idle', state: 'idle', waiting: 0 },
    ]);
    expect(states).toEqual({ no_worker: 2, limited: 1, behind: 1, server: 1, idle: 1 });
    expect(Number(queues[0]?.oldestWaitMs)).toBeGreaterThanOrEqual(90_000);
    expect(text).toContain('fleet work --only long');
  });

  test('get_queue_status shows no reasons if all queues are empty', async () => {
    serve({ sizes: { idle: [0] }, polls: { idle: 1 } });
    const { text } = await status();
    expect(text).not.toContain('fleet work');
    serve({ sizes: {} });
    expect((await status()).queues).toEqual([]);
  });

  test('get_queue_status counts the queue of each domain separately, and names the domain that needs a worker', async () => {
    serve({
      sizes: { 'eu:charge': [1], charge: [1] },
      polls: { charge: 1 },
      open: { charge: [scheduled(90, { domain: 'eu' }), scheduled(1)] },
    });
    const { queues, text } = await status({ taskType: 'charge' });
    expect(queues).toMatchObject([
      { taskType: 'charge', domain: 'eu', state: 'no_worker' },
      { taskType: 'charge', state: 'working' },
    ]);
    expect(text).toContain('for its domain eu');
  });

  test('get_queue_status shows tasks that are not due yet, and tasks that the server does not hand out', async () => {
    serve({
      sizes: { later: [1, 2] },
      open: { later: [scheduled(1, { callbackAfterSeconds: 600, updateTime: Date.now() })] },
    });
    expect((await status()).queues).toMatchObject([{ state: 'delayed', waiting: 1, hidden: 2 }]);
  });

  test('get_queue_status reads only the queues that it lists, and says how to see more', async () => {
    const sizes: Server['sizes'] = Object.fromEntries(Array.from({ length: 25 }, (_, index) => [`t${index}`, [1]]));
    serve({ sizes });
    const before = fake.requests.length;
    const { queues, states, text } = await status({ limit: 2 });
    expect(queues).toHaveLength(2);
    expect(states).toEqual({ no_worker: 25 });
    expect(text).toContain('get_queue_status {"limit":100}');
    expect(fake.requests.slice(before).filter(({ path }) => path.startsWith('/api/admin/'))).toHaveLength(2);
  });

  test('get_queue_status distinguishes an idle task type from an unknown one', async () => {
    serve({ sizes: {}, defs: [{ name: 'charge_card' }] });
    expect(await status({ taskType: 'charge_card' })).toMatchObject({ queues: [] });
    await expect(status({ taskType: 'charge_cart' })).rejects.toMatchObject({
      code: 'not-found',
      remedy: expect.stringContaining('get_queue_status {"taskType":"charge_card"}'),
    });
    serve({ sizes: {} });
    await expect(status({ taskType: 'zzz' })).rejects.toMatchObject({
      remedy: expect.stringContaining('get_queue_status {}'),
    });
  });
});
