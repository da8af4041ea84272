import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import { scene } from '../../support/acceptance-scene.ts';
import { isResult, type Recorded, refusal } from '../../support/faulty-conductor.ts';
import type { ServerTask } from '../../support/faulty-conductor-queues.ts';

vi.setConfig({ maxConcurrency: 8 }); // These tests mostly wait, so more of them can run at once.

const soon = { timeout: 30_000, interval: 10 };
const many = (count: number, make: (index: number) => ServerTask) => Array.from({ length: count }, (_, i) => make(i));
const STATUS = ({ status }: ServerTask) => status;

describe.concurrent('stopping', () => {
  test(
    '1. SIGTERM with a backlog: after the drain no task is IN_PROGRESS; unfinished tasks, even those polled after the stop, are handed back with retryCount 0 (D1, D2, D22)',
    {
      timeout: 90_000,
    },
    scene(async ({ conductor, start, give, notes }) => {
      const quick = many(2, () => give('acceptance_hold', { ms: 1500, label: 'quick' }));
      const long = many(2, () => give('acceptance_hold', { label: 'long' }));
      const backlog = many(20, () => give('acceptance_hold', { label: 'backlog', ms: 5 }));
      const worker = await start({
        only: ['acceptance_hold', 'acceptance_echo', 'acceptance_late'],
        env: {
          WORKER_DRAIN_SECONDS: '3',
          WORKER_CONCURRENCY: '8',
          WORKER_TYPES: JSON.stringify({ acceptance_hold: { concurrency: 4 } }),
        },
      });
      await vi.waitFor(() => {
        expect(notes('start')).toHaveLength(4);
        expect(conductor.openPolls('acceptance_echo')).toHaveLength(1);
        expect(conductor.openPolls('acceptance_late')).toHaveLength(1);
      }, soon);

      const ended = worker.stop();
      await worker.says(/Stopping/);
      await pause(200); // until the polls that the process sent before have arrived
      const polls = conductor.polls().length;
      const afterStop = give('acceptance_echo', { label: 'after stop' });
      await vi.waitFor(() => expect(notes('aborted')).toHaveLength(2), soon);
      const afterDeadline = give('acceptance_late', { label: 'after deadline' });
      expect(await ended).toBe(0);

      expect(conductor.tasks().filter(({ status }) => status === 'IN_PROGRESS')).toEqual([]);
      expect(conductor.polls()).toHaveLength(polls); // no poll began after the stop
      expect(quick.map(STATUS)).toEqual(['COMPLETED', 'COMPLETED']);
      expect(long.map(STATUS)).toEqual(['SCHEDULED', 'SCHEDULED']);
      for (const task of [afterStop, afterDeadline]) {
        expect(task.status).toBe('SCHEDULED');
        expect(notes('start', { taskId: task.taskId })).toEqual([]);
      }
      for (const task of [...long, afterStop, afterDeadline].filter(({ deliveries }) => deliveries.length > 0)) {
        expect(task.retryCount).toBe(0);
        expect(task.accepted.at(-1)).toMatchObject({
          status: 'IN_PROGRESS',
          callbackAfterSeconds: 0,
          extendLease: false,
        });
      }
      expect(afterStop.deliveries).toHaveLength(1); // the open poll took this task: otherwise this test would prove nothing
      expect(backlog.every(({ deliveries }) => deliveries.length === 0)).toBe(true);
      expect(conductor.tasks()).toHaveLength(26); // 26 attempts: no task timed out or was retried
    }),
  );

  test(
    '1. another worker process gets a handed-back task within a second, with an unchanged retry count',
    {
      timeout: 90_000,
    },
    scene(async ({ conductor, start, give, notes }) => {
      const only = ['acceptance_hold'];
      const task = give('acceptance_hold');
      const first = await start({ only, env: { WORKER_DRAIN_SECONDS: '0' } });
      await vi.waitFor(() => expect(notes('start')).toHaveLength(1), soon);
      await start({ only });
      await vi.waitFor(() => expect(conductor.openPolls('acceptance_hold').length).toBeGreaterThan(1), soon);
      first.child.kill('SIGTERM');
      await vi.waitFor(() => expect(notes('start')).toHaveLength(2), soon);
      // The stopping process may receive its task again through an open long poll. Then it hands it back once more.
      const handedBack = conductor.updates(task.taskId).find(({ body }) => body.callbackAfterSeconds === 0);
      const again = notes('start')[1];
      expect(again?.pid).not.toBe(first.child.pid);
      expect((again?.at ?? 0) - (handedBack?.at ?? 0)).toBeLessThan(1000);
      expect(task.retryCount).toBe(0);
      expect(await first.ended).toBe(0);
      expect(task.status).toBe('IN_PROGRESS'); // the second process runs it
    }),
  );

  test(
    '1. SIGTERM while a handler ignores its signal: the process hands the task back and ends',
    {
      timeout: 90_000,
    },
    scene(async ({ start, give, notes }) => {
      const stubborn = give('acceptance_hold', { stubborn: true });
      const worker = await start({ only: ['acceptance_hold'], env: { WORKER_DRAIN_SECONDS: '1' } });
      await vi.waitFor(() => expect(notes('start')).toHaveLength(1), soon);
      const from = Date.now();
      expect(await worker.stop()).toBe(0);
      expect(Date.now() - from).toBeLessThan(10_000);
      expect(stubborn).toMatchObject({ status: 'SCHEDULED', retryCount: 0 });
    }),
  );

  test(
    '1. a hand-back is sent again because its answer was lost: the task stays with its next worker process',
    {
      timeout: 90_000,
    },
    scene(async ({ conductor, start, give, notes }) => {
      const only = ['acceptance_hold'];
      const task = give('acceptance_hold', { ms: 6000 });
      const first = await start({ only, env: { WORKER_DRAIN_SECONDS: '0' } });
      await vi.waitFor(() => expect(notes('start')).toHaveLength(1), soon);
      await start({ only });
      await vi.waitFor(() => expect(conductor.openPolls('acceptance_hold').length).toBeGreaterThan(1), soon);
      const lost = ({ body }: Recorded) => body.callbackAfterSeconds === 0 && body.taskId === task.taskId;
      conductor.order('lost-answer', lost);
      await first.stop();
      conductor.recover();
      const third = await start({ only }); // this process finds the unconfirmed hand-back in the spool
      await vi.waitFor(() => expect(task.status).toBe('COMPLETED'), { timeout: 40_000, interval: 20 });
      expect(notes('start')).toHaveLength(2);
      expect(await third.stop()).toBe(0);
    }),
  );

  test(
    '1. SIGTERM, and the drain ends while handlers end: each task is either completed or handed back, never both',
    {
      timeout: 90_000,
    },
    scene(async ({ conductor, start, give, notes }) => {
      const tasks = many(40, (i) => give('acceptance_hold', { ms: 1500 + 25 * i }));
      const worker = await start({
        only: ['acceptance_hold'],
        env: { WORKER_DRAIN_SECONDS: '1', WORKER_BATCH_SIZE: '50' },
      });
      await vi.waitFor(() => expect(notes('start')).toHaveLength(40), soon);
      expect(await worker.stop()).toBe(0);
      const ended = new Set(notes('end').map(({ taskId }) => taskId));
      for (const task of tasks) {
        expect(task.status).toBe(ended.has(task.taskId) ? 'COMPLETED' : 'SCHEDULED');
        // An open long poll may receive a task that was just handed back. The worker process then hands it back again.
        const told = new Set(task.accepted.flatMap(({ extendLease, status }) => (extendLease ? [] : [status])));
        expect([...told]).toEqual([ended.has(task.taskId) ? 'COMPLETED' : 'IN_PROGRESS']);
        expect(task.retryCount).toBe(0);
      }
      expect(conductor.tasks()).toHaveLength(40);
    }),
  );

  test(
    '1. SIGTERM before the first task, while the server is down: the process ends',
    {
      timeout: 90_000,
    },
    scene(async ({ conductor, start }) => {
      const worker = await start({ only: ['acceptance_echo'], env: { WORKER_DRAIN_SECONDS: '2' } });
      await vi.waitFor(() => expect(conductor.openPolls()).toHaveLength(1), soon);
      await conductor.refuse();
      const from = Date.now();
      expect(await worker.stop()).toBe(0);
      expect(Date.now() - from).toBeLessThan(8000);
    }),
  );
});

describe.concurrent('heartbeats', () => {
  test(
    '2. heartbeats continue during the drain (D3): a task that takes longer than its lease runs once',
    {
      timeout: 90_000,
    },
    scene(async ({ conductor, start, give, notes }) => {
      const task = give('acceptance_hold', { ms: 8000 }, { responseTimeoutSeconds: 3, retries: 3 });
      const worker = await start({ only: ['acceptance_hold'], env: { WORKER_DRAIN_SECONDS: '20' } });
      await vi.waitFor(() => expect(notes('start')).toHaveLength(1), soon);
      const stoppedAt = Date.now();
      expect(await worker.stop()).toBe(0);
      expect(conductor.tasks().map(STATUS)).toEqual(['COMPLETED']); // one attempt: the task neither timed out nor was retried
      expect(conductor.heartbeats(task.taskId).filter(({ at }) => at > stoppedAt).length).toBeGreaterThanOrEqual(2);
      expect(notes('start')).toHaveLength(1);
    }),
  );

  test(
    '2. heartbeats continue while a result waits for delivery (D13): the task does not run again',
    {
      timeout: 90_000,
    },
    scene(async ({ conductor, start, give, notes }) => {
      const recover = conductor.order(refusal(503, 'no healthy upstream', true), isResult);
      const task = give('acceptance_echo', { value: 1 }, { responseTimeoutSeconds: 3, retries: 3 });
      await start({ only: ['acceptance_echo'] });
      await vi.waitFor(() => expect(notes('end')).toHaveLength(1), soon);
      const finishedAt = Date.now();
      await vi.waitUntil(() => Date.now() - finishedAt > 7000, { timeout: 40_000 }); // more than two leases
      const beats = conductor.heartbeats(task.taskId).filter(({ at }) => at > finishedAt);
      expect(beats.length).toBeGreaterThanOrEqual(3);
      recover();
      await vi.waitFor(() => expect(task.status).toBe('COMPLETED'), { timeout: 40_000, interval: 20 });
      expect(conductor.tasks()).toHaveLength(1);
      expect(notes('start')).toHaveLength(1);
    }),
  );

  test(
    '2. a task keeps its lease although some heartbeats fail',
    {
      timeout: 90_000,
    },
    scene(async ({ conductor, start, give, notes }) => {
      let beats = 0;
      conductor.order('reset', (request) => request.body.extendLease === true && beats++ % 2 === 0);
      give('acceptance_hold', { ms: 9000 }, { responseTimeoutSeconds: 4, retries: 3 });
      await start({ only: ['acceptance_hold'] });
      await vi.waitFor(() => expect(conductor.tasks().map(STATUS)).toEqual(['COMPLETED']), { timeout: 40_000 });
      expect(notes('start')).toHaveLength(1);
      expect(beats).toBeGreaterThan(2);
    }),
  );
});
