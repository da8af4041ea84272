import { describe, expect, test, vi } from 'vitest';
import { scene } from '../../support/acceptance-scene.ts';
import { ways } from '../../support/acceptance-tasks/acceptance-spoil.ts';
import { isResult, isUpdate, type Recorded, refusal } from '../../support/faulty-conductor.ts';

vi.setConfig({ maxConcurrency: 8 }); // These tests mostly wait, so more of them can run at once.

const soon = { timeout: 30_000, interval: 10 };

/** After these results a retry is useless, because the same handler would return the same again. The task must end without a retry. */
const TERMINAL = [
  'returns undefined',
  'returns null',
  'returns a text',
  'returns a number',
  'returns a list',
  'returns a function',
  'returns a circular output',
  'returns a BigInt',
  'returns 40 MB',
  'returns what throws when written',
  'returns what throws when read',
];
const COMPLETED = ['leaves a rejection behind'];
const MAX_SENT_BYTES = 5_000_000;

describe.concurrent('results', () => {
  test(
    '5. a handler throws or returns an invalid value: only its task fails, without a retry where one is useless (D7, D8, D28)',
    {
      timeout: 120_000,
    },
    scene(async ({ conductor, start, give, notes }) => {
      const tasks = Object.keys(ways).map((way) => ({ way, task: give('acceptance_spoil', { way, label: way }) }));
      const worker = await start({ only: ['acceptance_spoil', 'acceptance_echo'], env: { WORKER_CONCURRENCY: '2' } });
      await vi.waitFor(
        () => {
          expect(worker.alive).toBe(true);
          expect(tasks.filter(({ task }) => task.status === 'SCHEDULED' || task.status === 'IN_PROGRESS')).toEqual([]);
        },
        { timeout: 30_000, interval: 20 },
      );
      const statusOf = (way: string) =>
        TERMINAL.includes(way) ? 'FAILED_WITH_TERMINAL_ERROR' : COMPLETED.includes(way) ? 'COMPLETED' : 'FAILED';
      expect(Object.fromEntries(tasks.map(({ way, task }) => [way, task.status]))).toEqual(
        Object.fromEntries(tasks.map(({ way }) => [way, statusOf(way)])),
      );
      for (const { way, task } of tasks) {
        if (task.status !== 'COMPLETED') expect(task.reasonForIncompletion ?? '', way).not.toBe('');
        expect(notes('start', { label: way }), way).toHaveLength(1);
        expect(conductor.results(task.taskId), way).toHaveLength(1);
      }
      const reason = (way: string) => tasks.find((each) => each.way === way)?.task.reasonForIncompletion;
      expect(reason('rejects with a text')).toContain('only words');
      expect(reason('throws an object')).toContain('E_BROKE');
      expect(reason('returns 40 MB')).toMatch(/\d{8} bytes|too large|MB/);
      expect(Math.max(...conductor.results().map(({ body }) => JSON.stringify(body).length))).toBeLessThan(
        MAX_SENT_BYTES,
      );

      const after = [1, 2, 3].map((value) => give('acceptance_echo', { value }));
      await vi.waitFor(() => expect(after.map(({ status }) => status)).toEqual(after.map(() => 'COMPLETED')), soon);
      expect(await worker.stop()).toBe(0);
    }),
  );

  test.each([400, 404, 409])(
    '6. the server refuses a result with %i: it is sent once, and the slot is free within 1 s (D8)',
    (status) =>
      scene(async ({ conductor, start, give, notes }) => {
        const refused = give('acceptance_echo', { label: 'refused' });
        const recover = conductor.order(
          refusal(status, 'not now and not later'),
          (request) => isUpdate(request) && request.taskId === refused.taskId,
        );
        const next = give('acceptance_echo', { label: 'next' });
        const worker = await start({ only: ['acceptance_echo'], env: { WORKER_CONCURRENCY: '1' } });
        await vi.waitFor(() => expect(notes('start', { label: 'next' })).toHaveLength(1), soon);
        const answeredAt = conductor.results(refused.taskId)[0]?.endedAt ?? 0;
        expect((notes('start', { label: 'next' })[0]?.at ?? 0) - answeredAt).toBeLessThan(1000);
        await vi.waitFor(() => expect(next.status).toBe('COMPLETED'), soon);

        recover();
        const completed = () => conductor.results(refused.taskId).filter(({ body }) => body.status === 'COMPLETED');
        expect(completed()).toHaveLength(1);
        await worker.kill();
        await start({ only: ['acceptance_echo'] }); // the refused result must not be in the spool
        const last = [give('acceptance_echo'), give('acceptance_echo')]; // two tasks, because the open poll of the killed process may take one
        await vi.waitFor(() => expect(last.map((task) => task.status)).toContain('COMPLETED'), soon);
        expect(completed()).toHaveLength(1);
      })(),
    120_000,
  );

  test.each(['swallowed-answer', 'black-hole'] as const)(
    'W1: a result whose request meets "%s" is sent again before its lease is over',
    (fault) =>
      scene(async ({ conductor, start, give }) => {
        const LEASE_SECONDS = 6;
        const task = give('acceptance_echo', {}, { responseTimeoutSeconds: LEASE_SECONDS, retries: 1 });
        const isFirst = (request: Recorded) => isResult(request) && conductor.results().length === 1;
        conductor.order(fault, isFirst);
        await start({ only: ['acceptance_echo'] });
        await vi.waitFor(() => expect(conductor.results().map(({ status }) => status)).toEqual([undefined, 200]), soon);
        const [first, second] = conductor.results(task.taskId);
        expect((second?.at ?? 0) - (first?.at ?? 0)).toBeLessThan((LEASE_SECONDS / 2) * 1000);
        expect(conductor.tasks().map(({ status }) => status)).toEqual(['COMPLETED']);
      })(),
    60_000,
  );

  test(
    '6. a result that the server refuses does not delay other results',
    {
      timeout: 90_000,
    },
    scene(async ({ conductor, start, give }) => {
      const refused = give('acceptance_echo');
      conductor.order(refusal(503, 'no healthy upstream', true), isResult);
      const others = Array.from({ length: 10 }, (_, value) => give('acceptance_echo', { value }));
      await start({ only: ['acceptance_echo'] });
      await vi.waitFor(() => expect(conductor.results(refused.taskId).length).toBeGreaterThan(0), soon);
      await vi.waitFor(
        () => expect(new Set(conductor.results().map(({ taskId }) => taskId)).size).toBeGreaterThan(1),
        soon,
      );
      conductor.recover();
      conductor.order(refusal(404, 'no such task'), ({ taskId }) => taskId === refused.taskId);
      await vi.waitFor(() => expect(others.map(({ status }) => status)).toEqual(others.map(() => 'COMPLETED')), {
        timeout: 40_000,
        interval: 20,
      });
      const tries = conductor.results(refused.taskId).filter(({ status }) => status === 404);
      expect(tries.length).toBeLessThanOrEqual(1);
    }),
  );
});
