import { appendFileSync, globSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { processEnvironment } from '../../../core/config.ts';
import { resultsIn } from '../../../workers/runtime/report/spool.ts';
import { type Scene, scene } from '../../support/acceptance-scene.ts';
import { isResult, refusal } from '../../support/faulty-conductor.ts';
import type { Fault } from '../../support/faulty-conductor-faults.ts';
import type { ServerTask } from '../../support/faulty-conductor-queues.ts';

vi.setConfig({ maxConcurrency: 8 }); // These tests mostly wait, so more of them can run at once.

/** The acceptance test requires 300 seconds. The default here is shorter. */
const OUTAGE_SECONDS = Number(processEnvironment().FLEET_TEST_OUTAGE_SECONDS ?? 3);
const OUTAGE_MS = OUTAGE_SECONDS * 1000;
const LIMIT_MS = 120_000 + 2 * OUTAGE_MS;
/** The leases last longer than the outage, so the server starts no second attempt during the outage. */
const lease = { responseTimeoutSeconds: 60 + 2 * OUTAGE_SECONDS, retries: 3 };
const soon = { timeout: 30_000, interval: 10 };
const afterOutage = { timeout: 30_000, interval: 20 };
const COUNT = 20;
const only = ['acceptance_hold'];

const statuses = (tasks: readonly ServerTask[]) => tasks.map(({ status }) => status);
const outage = async () => {
  const until = Date.now() + OUTAGE_MS;
  await vi.waitUntil(() => Date.now() > until, { timeout: OUTAGE_MS + 5000, interval: 20 });
};

/** Starts a worker process, and returns its tasks once all of them run. */
async function running({ give, notes, start }: Scene, env: Record<string, string> = {}) {
  const tasks = Array.from({ length: COUNT }, (_, i) => give('acceptance_hold', { label: `${i}` }, lease));
  const worker = await start({ only, env: { WORKER_BATCH_SIZE: '50', ...env } });
  await vi.waitFor(() => expect(notes('start')).toHaveLength(COUNT), soon);
  return { tasks, worker };
}

/** Expects that every task ended in its first attempt, and that the server accepted its result once. */
function expectDeliveredOnce({ conductor, notes }: Scene, tasks: readonly ServerTask[]): void {
  expect(statuses(tasks)).toEqual(tasks.map(() => 'COMPLETED'));
  expect(conductor.tasks()).toHaveLength(tasks.length);
  for (const task of tasks) {
    expect(conductor.results(task.taskId).filter(({ status }) => status === 200)).toHaveLength(1);
    expect(task.accepted.filter(({ status }) => status === 'COMPLETED')).toHaveLength(1);
    expect(notes('start', { taskId: task.taskId })).toHaveLength(1);
  }
}

/** Returns tasks whose handlers ended while the server was down. All their results are in the spool. */
async function undelivered(own: Scene) {
  const { conductor, release, spooled } = own;
  const all = await running(own);
  await conductor.refuse();
  release();
  await vi.waitFor(() => {
    const text = spooled();
    expect(all.tasks.filter(({ taskId }) => !text.includes(taskId))).toEqual([]);
  }, soon);
  return all;
}

const completed = (tasks: readonly ServerTask[]) =>
  vi.waitFor(() => expect(statuses(tasks)).toEqual(tasks.map(() => 'COMPLETED')), afterOutage);

async function deliveredOnce(own: Scene, tasks: readonly ServerTask[]): Promise<void> {
  await completed(tasks);
  expectDeliveredOnce(own, tasks);
}

describe.concurrent('an outage', () => {
  test(
    '4. the server goes down while results are sent: every result is delivered once (D6, F7)',
    { timeout: LIMIT_MS },
    scene(async (own) => {
      const { conductor, release, notes, start } = own;
      const { tasks, worker } = await running(own);
      await conductor.refuse();
      release();
      await vi.waitFor(() => expect(notes('end')).toHaveLength(COUNT), soon);
      await outage();
      const complaint = worker.logs().find(({ taskId }) => tasks.some((task) => task.taskId === taskId));
      expect(complaint).toMatchObject({ taskType: only[0], workflowId: expect.any(String), attempt: 1 });
      await conductor.listen();
      await completed(tasks);
      expect(await worker.stop()).toBe(0);
      await start({ only }); // this process would send any result that was left in the spool
      await vi.waitFor(() => expect(conductor.openPolls()).toHaveLength(1), soon);
      expectDeliveredOnce(own, tasks);
    }),
  );

  test(
    '4. the server goes down, and the worker process is killed and restarted: every result is delivered once (D6, F7)',
    { timeout: LIMIT_MS },
    scene(async (own) => {
      const { conductor, start } = own;
      const { tasks, worker } = await undelivered(own);
      await worker.kill();
      const second = await start({ only });
      await outage();
      await second.kill(); // this process had taken over the results of the first
      const heirs = await Promise.all([start({ only }), start({ only })]); // both look for results in the spool
      await conductor.listen();
      await completed(tasks);
      // Kill only once each delivery is noted in the spool. Otherwise the next process would send results again.
      await vi.waitFor(() => expect(resultsIn(own.spooled())).toEqual([]), soon);
      await Promise.all(heirs.map((heir) => heir.kill()));
      await start({ only });
      await vi.waitFor(() => expect(conductor.openPolls()).toHaveLength(1), soon);
      expectDeliveredOnce(own, tasks);
    }),
  );

  test(
    '4. if a kill truncated the last line of a spool, only that line is lost',
    { timeout: LIMIT_MS },
    scene(async (own) => {
      const { conductor, start, dataDir } = own;
      const { tasks, worker } = await undelivered(own);
      await worker.kill();
      const files = globSync('spool/**/*', { cwd: dataDir, withFileTypes: true }).filter((entry) => entry.isFile());
      expect(files.length).toBeGreaterThan(0);
      for (const { parentPath, name } of files) appendFileSync(join(parentPath, name), '{"taskId":"cut-o');
      await conductor.listen();
      await start({ only });
      await deliveredOnce(own, tasks);
    }),
  );

  test(
    '4. a process does not send results from the spool of a running process',
    { timeout: LIMIT_MS },
    scene(async (own) => {
      const { conductor, start } = own;
      const { tasks } = await undelivered(own);
      await start({ only });
      await conductor.listen();
      await deliveredOnce(own, tasks);
    }),
  );

  test(
    '4. if the spool folder cannot be written, results wait in memory until the server is back',
    { timeout: LIMIT_MS },
    scene(async (own) => {
      const { conductor, folder, release, notes } = own;
      const occupied = join(folder, 'a-file');
      writeFileSync(occupied, '');
      const { tasks, worker } = await running(own, { WORKER_SPOOL_DIR: join(occupied, 'spool') });
      await conductor.refuse();
      release();
      await vi.waitFor(() => expect(notes('end')).toHaveLength(COUNT), soon);
      await outage();
      await conductor.listen();
      await deliveredOnce(own, tasks);
      expect(worker.logs().filter(({ level, folder: named }) => level >= 40 && named !== undefined)).toHaveLength(1);
    }),
  );

  test(
    '4. SIGTERM while the server is down: the next process delivers the results',
    { timeout: LIMIT_MS },
    scene(async (own) => {
      const { conductor, release, start } = own;
      const { tasks, worker } = await running(own, { WORKER_DRAIN_SECONDS: '1' });
      await conductor.refuse();
      release();
      expect(await worker.stop()).toBe(0);
      await conductor.listen();
      await start({ only });
      await deliveredOnce(own, tasks);
    }),
  );

  test(
    '4. SIGTERM while the server answers no update: the process ends, and the next process delivers its results',
    { timeout: LIMIT_MS },
    scene(async (own) => {
      const { conductor, release, start, notes } = own;
      const { tasks, worker } = await running(own, { WORKER_DRAIN_SECONDS: '2' });
      const recover = conductor.order('black-hole', isResult);
      release();
      await vi.waitFor(() => expect(notes('end')).toHaveLength(COUNT), soon);
      const from = Date.now();
      expect(await worker.stop()).toBe(0);
      expect(Date.now() - from).toBeLessThan(12_000);
      recover();
      await start({ only });
      await deliveredOnce(own, tasks);
    }),
  );

  test.each<[string, Fault]>([
    ['no answer', 'black-hole'],
    ['an answer without an end', 'trickle'],
    ['a login page', 'html'],
    ['503', refusal(503, 'no healthy upstream', true)],
    ['a 500 whose body says that a retry is useless', refusal(500, 'database is locked')],
    ['401', { status: 401, body: { error: 'token expired' } }],
    ['429', refusal(429, 'slow down')],
    ['no answer, although the server accepted them', 'lost-answer'],
  ])(
    '4. updates get %s: every result arrives and no task runs twice',
    (_, fault) =>
      scene(async (own) => {
        const { conductor, release, notes } = own;
        const { tasks } = await running(own, { CONDUCTOR_REQUEST_TIMEOUT_MS: '1000' });
        const recover = conductor.order(fault, isResult);
        release();
        await vi.waitFor(() => expect(conductor.results().length).toBeGreaterThanOrEqual(COUNT / 2), soon);
        recover();
        await completed(tasks);
        expect(conductor.tasks()).toHaveLength(COUNT);
        expect(notes('start')).toHaveLength(COUNT);
        await vi.waitFor(() => {
          const taken = new Set(conductor.results().flatMap(({ status, taskId }) => (status === 200 ? [taskId] : [])));
          expect(taken.size).toBe(COUNT); // includes results whose answer was lost: the worker sends them until the server confirms
        }, afterOutage);
      })(),
    LIMIT_MS,
  );

  test(
    '4. kill -9 under load: the leases of tasks without a delivered result expire, and the next process runs them',
    { timeout: LIMIT_MS },
    scene(async ({ conductor, start, give }) => {
      let update = 0;
      conductor.order('reset', (request) => isResult(request) && ++update % 2 === 0);
      for (let i = 0; i < 60; i++) give('acceptance_hold', { ms: 20 }, { responseTimeoutSeconds: 2, retries: 5 });
      const first = await start({ only, env: { WORKER_CONCURRENCY: '10' } });
      await vi.waitFor(() => expect(conductor.results().length).toBeGreaterThan(20), soon);
      await first.kill();
      await start({ only, env: { WORKER_CONCURRENCY: '10' } });
      await vi.waitFor(() => expect(conductor.unfinished()).toEqual([]), afterOutage);
      expect(conductor.tasks().filter(({ status }) => status === 'COMPLETED')).toHaveLength(60);
    }),
  );
});
