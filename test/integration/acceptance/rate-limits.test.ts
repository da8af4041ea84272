import { describe, expect, test, vi } from 'vitest';
import { type Scene, scene } from '../../support/acceptance-scene.ts';
import type { Recorded } from '../../support/faulty-conductor.ts';
import type { WorkerCommand } from '../../support/worker-command.ts';

vi.setConfig({ maxConcurrency: 8 }); // These tests mostly wait, so more of them can run at once.

const WARN = 40;
const INFO = 30;
const TYPES = ['acceptance_echo', 'acceptance_hold', 'acceptance_late'];
const FAULT_MS = 6000;

/** Returns the pauses between successive polls, in milliseconds. */
function gaps(polls: Recorded[]): number[] {
  return polls.slice(1).map(({ at }, index) => at - (polls[index]?.at ?? 0));
}

async function watchFaults({ conductor, workers, give }: Scene): Promise<void> {
  const inVain = () => conductor.polls().filter(({ fault }) => fault !== undefined);
  const began = () => inVain()[0]?.at ?? Number.POSITIVE_INFINITY;
  await vi.waitUntil(() => Date.now() - began() > FAULT_MS, { timeout: FAULT_MS + 40_000, interval: 50 });
  const failed = inVain();
  const late = failed.filter(({ at }) => at - began() > FAULT_MS / 2);
  // A poller without backoff makes more than seven polls per second and type.
  expect(failed.length).toBeLessThan(workers.length * TYPES.length * (FAULT_MS / 1000));
  expect(late.length).toBeLessThan(failed.length / 2);
  // Once a process has opened its circuit breaker, only one of its pollers still polls. So its pauses follow one backoff.
  const [mine = [], other = []] = workers.map(({ child }) =>
    gaps(failed.filter(({ query }) => query.get('workerid')?.includes(String(child.pid)))).filter((gap) => gap > 200),
  );
  const differences = mine.slice(0, other.length).map((gap, rank) => Math.abs(gap - (other[rank] ?? 0)));
  expect(differences.length).toBeGreaterThan(1);
  expect(Math.max(...differences)).toBeGreaterThan(20); // the two processes have different pauses, because of jitter
  const complaints = (worker: WorkerCommand) => worker.logs().filter(({ level }) => level >= WARN);
  for (const worker of workers) {
    expect(complaints(worker).length).toBeGreaterThan(0);
    expect(complaints(worker).length, JSON.stringify(complaints(worker))).toBeLessThanOrEqual(TYPES.length + 2);
  }
  const soFar = workers.map((worker) => worker.logs().length);
  conductor.recover();
  const tasks = TYPES.map((type) => give(type, { ms: 1 }));
  await vi.waitFor(() => expect(tasks.map(({ status }) => status)).toEqual(tasks.map(() => 'COMPLETED')), {
    timeout: 40_000,
    interval: 20,
  });
  await vi.waitFor(
    () => {
      workers.forEach((worker, index) => {
        const news = worker.logs().slice(soFar[index]);
        expect(news.filter(({ level }) => level === INFO).length).toBeGreaterThan(0); // the process logs that its polls succeed again
        expect(news.filter(({ level }) => level >= WARN).length).toBeLessThanOrEqual(1);
        expect(news.length).toBeLessThanOrEqual(TYPES.length + 2);
      });
    },
    { timeout: 40_000 },
  );
}

function isOfLeaseWatch({ route, type }: Recorded): boolean {
  return type === '_fleet_lease_watch' || ['polldata', 'search', 'open-tasks'].includes(route);
}

describe.concurrent('rates', () => {
  test(
    '11. an idle worker process sends at most 0.25 requests per second and type (D15)',
    {
      timeout: 90_000,
    },
    scene(async ({ conductor, start }) => {
      await start({ only: TYPES });
      await vi.waitFor(() => TYPES.map((type) => expect(conductor.polls(type).length).toBeGreaterThan(0)), {
        timeout: 40_000,
      });
      // The limit is 0.25 requests per second and type, and one request at the start of the window: hence the `+ 1`.
      const from = Date.now();
      const WINDOW_MS = 13_000;
      await vi.waitUntil(() => Date.now() - from > WINDOW_MS, { timeout: 40_000, interval: 50 });
      for (const type of TYPES) {
        const list = gaps(conductor.polls(type));
        expect(list.length).toBeGreaterThan(0);
        expect(list.reduce((sum, gap) => sum + gap, 0) / list.length).toBeGreaterThanOrEqual(4000);
      }
      const all = conductor.requests.filter(({ at }) => at >= from);
      const [watch, others] = [all.filter(isOfLeaseWatch), all.filter((request) => !isOfLeaseWatch(request))];
      const seen = all.map(({ method, path, query }) => `${method} ${path}?${query}`).join('\n');
      expect(others.length, seen).toBeLessThanOrEqual(0.25 * TYPES.length * (WINDOW_MS / 1000) + 1);
      // A process that watches leases sends three requests every 1.6 to 2.4 seconds. On a server without an index it sends one more for each type.
      expect(watch.length, seen).toBeLessThanOrEqual(((3 + 1 + TYPES.length) * WINDOW_MS) / 1600);
    }),
  );

  test(
    '11. the server answers 500: polls use backoff with jitter, and each change of state is logged once (D16)',
    {
      timeout: 120_000,
    },
    scene(async (own) => {
      await Promise.all([own.start({ only: TYPES }), own.start({ only: TYPES })]);
      own.conductor.order({ status: 500, body: { status: 500, message: 'database is locked' } }, 'poll');
      for (const type of [...TYPES, ...TYPES]) own.give(type, { ms: 1 }); // ends the open long polls, so that the next polls get the fault
      await watchFaults(own);
    }),
  );

  test(
    '11. the server answers 401 without a status in the body: polls use backoff with jitter, and each change of state is logged once (D16)',
    {
      timeout: 120_000,
    },
    scene(async (own) => {
      own.conductor.order({ status: 401, body: { error: 'unauthorized' } }, 'poll');
      await Promise.all([own.start({ only: TYPES }), own.start({ only: TYPES })]);
      await watchFaults(own);
    }),
  );

  test(
    '11. the server goes down: polls use backoff, and tasks run again within 8 s after its return',
    {
      timeout: 120_000,
    },
    scene(async ({ conductor, start, give }) => {
      const worker = await start({ only: TYPES });
      await vi.waitFor(() => expect(conductor.openPolls()).toHaveLength(TYPES.length), { timeout: 40_000 });
      await conductor.refuse();
      await vi.waitFor(() => expect(worker.logs().some(({ level }) => level >= WARN)).toBe(true), { timeout: 40_000 });
      const from = Date.now();
      await vi.waitUntil(() => Date.now() - from > 3000, { timeout: 40_000 });
      expect(worker.logs().filter(({ level }) => level >= WARN).length).toBeLessThanOrEqual(TYPES.length + 2);
      await conductor.listen();
      const task = give('acceptance_echo');
      await vi.waitFor(() => expect(task.status).toBe('COMPLETED'), { timeout: 8000 });
    }),
  );
});
