import { describe, expect, test, vi } from 'vitest';
import { scene } from '../../support/acceptance-scene.ts';
import { refusal } from '../../support/faulty-conductor.ts';
import type { Fault } from '../../support/faulty-conductor-faults.ts';

vi.setConfig({ maxConcurrency: 8 }); // These tests mostly wait, so more of them can run at once.

const soon = { timeout: 30_000, interval: 10 };
const CAP = 3;

/** Wrong answers that a worker may get instead of a list of tasks, for example from a proxy. */
const instead: [string, Fault][] = [
  ['html', 'html'],
  ['object', 'object'],
  ['null', 'null'],
  ['text', 'text'],
  ['a number', 'number'],
  ['junk items', 'junk-items'],
  ['truncated JSON', 'truncated'],
  ['nothing', 'empty'],
  ['204', { status: 204, body: '' }],
  ['502 with a page', { status: 502, body: '<html>Bad gateway</html>' }],
  ['a reset', 'reset'],
];
/** Answers that contain the tasks, but not only them or not in the usual way. */
const spoilt: [string, Fault][] = [
  ['junk between the tasks', 'mixed-items'],
  ['more tasks than requested', 'too-many'],
  ['every task twice', 'twice'],
  ['slow bytes', 'slow-bytes'],
];

describe.concurrent('the poll border', () => {
  test(
    '3. polls are answered with HTML, an object, null, junk or truncated JSON: no task is lost, and the process stays live (D4, D5)',
    {
      timeout: 120_000,
    },
    scene(async ({ conductor, start, give, notes, mostAtOnce }) => {
      const worker = await start({ only: ['acceptance_hold'], env: { WORKER_CONCURRENCY: String(CAP) } });
      for (const [name, fault] of instead) {
        const from = conductor.polls().length;
        const recover = conductor.order(fault, 'poll');
        give('acceptance_hold', { ms: 1 }); // ends the open long poll, so that the next poll gets the fault
        await vi.waitFor(() => {
          const met = conductor
            .polls()
            .slice(from)
            .filter((poll) => poll.fault === fault);
          expect(met.length, name).toBeGreaterThanOrEqual(2);
        }, soon);
        expect((await worker.health('/livez')).status, name).toBe(200);
        for (let i = 0; i < 2 * CAP; i++) give('acceptance_hold', { ms: 30, label: name });
        recover();
        await vi.waitFor(() => expect(conductor.unfinished(), name).toEqual([]), soon);
        expect(notes('start', { label: name }), name).toHaveLength(2 * CAP);
      }
      expect(mostAtOnce()).toBe(CAP);
      expect(conductor.tasks().filter(({ status }) => status !== 'COMPLETED')).toEqual([]);
    }),
  );

  test(
    '3. polls are answered with tasks and junk: no task is lost or run twice, and the concurrency limit holds',
    {
      timeout: 120_000,
    },
    scene(async ({ conductor, start, give, notes, mostAtOnce }) => {
      await start({ only: ['acceptance_hold'], env: { WORKER_CONCURRENCY: String(CAP) } });
      for (const [name, fault] of spoilt) {
        const recover = conductor.order(fault, 'poll');
        const tasks = Array.from({ length: 4 * CAP }, () => give('acceptance_hold', { ms: 30, label: name }));
        await vi.waitFor(() => expect(conductor.unfinished(), name).toEqual([]), soon);
        recover();
        expect(notes('start', { label: name }), name).toHaveLength(tasks.length);
        expect(tasks.map(({ status }) => status)).toEqual(tasks.map(() => 'COMPLETED'));
      }
      expect(mostAtOnce()).toBe(CAP);
    }),
  );

  test.each<[string, Fault]>([
    ['html', 'html'],
    ['an error', { status: 503, body: { message: 'down' } }],
  ])(
    '3. while polls are answered with %s, the process is live but not ready; afterwards it is ready again',
    (_, fault) =>
      scene(async ({ conductor, start, give }) => {
        const worker = await start({ only: ['acceptance_echo'] });
        await vi.waitFor(async () => expect((await worker.health('/readyz')).status).toBe(200), soon);
        const recover = conductor.order(fault, 'poll');
        await vi.waitFor(async () => expect((await worker.health('/readyz')).status).toBe(503), { timeout: 40_000 });
        expect((await worker.health('/livez')).status).toBe(200);
        recover();
        const task = give('acceptance_echo');
        await vi.waitFor(() => expect(task.status).toBe('COMPLETED'), { timeout: 40_000 });
        await vi.waitFor(async () => expect((await worker.health('/readyz')).status).toBe(200), soon);
      })(),
    120_000,
  );

  test.each<Fault>(['black-hole', 'trickle'])(
    '3. polls with the fault "%s" delay neither results nor later polls',
    (fault) =>
      scene(async ({ conductor, start, give, release, notes }) => {
        const running = Array.from({ length: 2 }, () => give('acceptance_hold'));
        await start({
          only: ['acceptance_hold', 'acceptance_echo', 'acceptance_late'],
          env: { CONDUCTOR_REQUEST_TIMEOUT_MS: '1000' },
        });
        await vi.waitFor(() => expect(notes('start')).toHaveLength(2), soon);
        const recover = conductor.order(fault, 'poll');
        await vi.waitFor(() => {
          const stuck = new Set(conductor.openPolls().flatMap((poll) => (poll.fault === fault ? [poll.type] : [])));
          expect(stuck.size).toBe(3);
        }, soon);
        release();
        await vi.waitFor(() => expect(running.map(({ status }) => status)).toEqual(['COMPLETED', 'COMPLETED']), {
          timeout: 2000,
        });
        recover();
        const later = give('acceptance_echo');
        await vi.waitFor(() => expect(later.status).toBe('COMPLETED'), { timeout: 40_000 });
      })(),
    120_000,
  );
});

describe.concurrent('endpoints', () => {
  test(
    '8. after a 404 for one task, results are still sent to the same endpoint (D10)',
    {
      timeout: 90_000,
    },
    scene(async ({ conductor, start, give }) => {
      const routes = () => new Set(conductor.results().map(({ route }) => route));
      const wave = () => Array.from({ length: 12 }, (_, value) => give('acceptance_echo', { value }));
      await start({ only: ['acceptance_echo'], env: { WORKER_CONCURRENCY: '4' } });
      wave();
      await vi.waitFor(() => expect(conductor.unfinished()).toEqual([]), soon);
      const before = routes();

      const gone = give('acceptance_echo', { value: 'gone' });
      const recover = conductor.order(refusal(404, 'Task not found'), ({ taskId }) => taskId === gone.taskId);
      await vi.waitFor(() => expect(conductor.results(gone.taskId).length).toBeGreaterThan(0), soon);
      recover();
      conductor.requests.splice(0, conductor.requests.length);
      const after = wave();
      await vi.waitFor(() => expect(after.every(({ status }) => status === 'COMPLETED')).toBe(true), soon);
      expect(routes()).toEqual(before);
      expect(conductor.results(gone.taskId)).toEqual([]);
    }),
  );

  test(
    '8. if the polls of one type get 404, the tasks of another type still run',
    {
      timeout: 90_000,
    },
    scene(async ({ conductor, start, give }) => {
      conductor.order(refusal(404, 'no such type'), ({ type }) => type === 'acceptance_late');
      await start({ only: ['acceptance_echo', 'acceptance_late'] });
      await vi.waitFor(() => expect(conductor.polls('acceptance_late').length).toBeGreaterThan(5), soon);
      const tasks = Array.from({ length: 20 }, (_, value) => give('acceptance_echo', { value }));
      const from = Date.now();
      await vi.waitFor(() => expect(tasks.every(({ status }) => status === 'COMPLETED')).toBe(true), soon);
      expect(Date.now() - from).toBeLessThan(4000);
    }),
  );
});
