import { appendFileSync, globSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { processEnvironment } from '../../../core/config.ts';
import { resultsIn } from '../../../workers/runtime/report/spool.ts';
import { type Scene, scene } from '../../support/acceptance-scene.ts';
import { isResult, refusal } from '../../support/faulty-conductor.ts';
import type { Fault } from '../../support/faulty-conductor-faults.ts';
import type { ServerTask } from '../../support/faulty-conductor-queues.ts';

vi.setConfig({ maxConcurrency: 8 }); // more at once: these tests mostly wait

/** The acceptance list asks for 300; the suite uses a shorter outage. */
const OUTAGE_SECONDS = Number(processEnvironment().FLEET_TEST_OUTAGE_SECONDS ?? 3);
const OUTAGE_MS = OUTAGE_SECONDS * 1000;
const LIMIT_MS = 120_000 + 2 * OUTAGE_MS;
/** The leases outlast the outage, so the server starts no second attempt meanwhile. */
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

/** Starts a worker and returns its tasks once all of them run. */
async function running({ give, notes, start }: Scene, env: Record<string, string> = {}) {
  const tasks = Array.from({ length: COUNT }, (_, i) => give('acceptance_hold', { label: `${i}` }, lease));
  const worker = await start({ only, env: { WORKER_BATCH_SIZE: '50', ...env } });
  await vi.waitFor(() => expect(notes('start')).toHaveLength(COUNT), soon);
  return { tasks, worker };
}

/** Every task ended in its first attempt, and its result was accepted once. */
function expectDeliveredOnce({ conductor, notes }: Scene, tasks: readonly ServerTask[]): void {
  expect(statuses(tasks)).toEqual(tasks.map(() => 'COMPLETED'));
  expect(conductor.tasks()).toHaveLength(tasks.length);
  for (const task of tasks) {
    expect(conductor.results(task.taskId).filter(({ status }) => status === 200)).toHaveLength(1);
    expect(task.accepted.filter(({ status }) => status === 'COMPLETED')).toHaveLength(1);
    expect(notes('start', { taskId: task.taskId })).toHaveLength(1);
  }
}

/** Returns tasks whose handlers have ended while the server is down, so that all results are on disk. */
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
    '4. server down mid-update: every result delivered once (D6, F7)',
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
      await start({ only }); // if a result were left on disk, this process would send it again
      await vi.waitFor(() => expect(conductor.openPolls()).toHaveLength(1), soon);
      expectDeliveredOnce(own, tasks);
    }),
  );

  test(
    '4. server down mid-update, and process kill -9 then restart: every result delivered once (D6, F7)',
    { timeout: LIMIT_MS },
    scene(async (own) => {
      const { conductor, start } = own;
      const { tasks, worker } = await undelivered(own);
      await worker.kill();
      const second = await start({ only });
      await outage();
      await second.kill(); // the process that has taken over the results is killed, too
      const heirs = await Promise.all([start({ only }), start({ only })]); // both look for results on disk
      await conductor.listen();
      await completed(tasks);
      // Wait until the processes have noted each delivery: after an earlier kill, the next process would send results again.
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
    '4. without a folder on disk, results wait in memory until the server is back',
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
    '4. SIGTERM with the server down: results are kept for the next process',
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
    '4. SIGTERM with updates in a black hole: the process ends and keeps its results for the next process',
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
    ['a black hole', 'black-hole'],
    ['an answer without an end', 'trickle'],
    ['a login page', 'html'],
    ['a 5xx storm', refusal(503, 'no healthy upstream', true)],
    ['a 500 that says it is not worth a retry', refusal(500, 'database is locked')],
    ['401', { status: 401, body: { error: 'token expired' } }],
    ['429', refusal(429, 'slow down')],
    ['an answer lost after the update was accepted', 'lost-answer'],
  ])(
    '4. updates into %s: every result arrives and no task runs twice',
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
          expect(taken.size).toBe(COUNT); // also after a lost answer: the worker sends a result until the server confirms it
        }, afterOutage);
      })(),
    LIMIT_MS,
  );

  test(
    '4. kill -9 under load: the leases of undelivered tasks run out, and the next process executes them',
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
