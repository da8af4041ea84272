import { describe, expect, test, vi } from 'vitest';
import { scene } from '../../support/acceptance-scene.ts';
import { origins } from '../../support/acceptance-tasks/acceptance-alien.ts';

vi.setConfig({ maxConcurrency: 8 }); // These tests mostly wait, so more of them can run at once.

const soon = { timeout: 30_000, interval: 10 };
/** A worker process asks the server every five seconds whether its running tasks are still open. */
const CANCEL_MS = 8000;

describe.concurrent('cancellation', () => {
  test(
    '12. a workflow is terminated: the signal of its handler is aborted within 8 s, and its slot becomes free (D22, F8)',
    {
      timeout: 90_000,
    },
    scene(async ({ conductor, start, give, notes }) => {
      const task = give('acceptance_hold');
      await start({ only: ['acceptance_hold', 'acceptance_echo'], env: { WORKER_CONCURRENCY: '1' } });
      await vi.waitFor(() => expect(notes('start')).toHaveLength(1), soon);
      const next = give('acceptance_echo');
      conductor.queues.terminate(task.workflowInstanceId);
      const from = Date.now();
      await vi.waitFor(() => expect(notes('aborted', { taskId: task.taskId })).toHaveLength(1), soon);
      expect((notes('aborted')[0]?.at ?? 0) - from).toBeLessThan(CANCEL_MS);
      await vi.waitFor(() => expect(next.status).toBe('COMPLETED'), soon);
      expect(task).toMatchObject({ status: 'CANCELED', accepted: [] });
      expect(conductor.tasks('acceptance_hold')).toHaveLength(1);
    }),
  );

  test(
    '12. a handler is also aborted if its workflow was removed, or if its attempt timed out on the server',
    {
      timeout: 90_000,
    },
    scene(async ({ conductor, start, give, notes }) => {
      const removed = give('acceptance_hold', { label: 'removed' });
      const timedOut = give('acceptance_hold', { label: 'timed out' }, { responseTimeoutSeconds: 4 });
      conductor.order('reset', ({ body, taskId }) => body.extendLease === true && taskId === timedOut.taskId);
      await start({ only: ['acceptance_hold'] });
      await vi.waitFor(() => expect(notes('start')).toHaveLength(2), soon);
      conductor.queues.remove(removed.workflowInstanceId);
      await vi.waitFor(
        () =>
          expect(
            notes('aborted')
              .map(({ label }) => label)
              .sort(),
          ).toEqual(['removed', 'timed out']),
        {
          timeout: 40_000,
          interval: 20,
        },
      );
      await vi.waitFor(() => expect(notes('failed')).toHaveLength(2), soon);
    }),
  );

  test(
    '12. a handler is not aborted if the request for the state of its task fails',
    {
      timeout: 90_000,
    },
    scene(async ({ conductor, start, give, notes }) => {
      const lookUps = () => conductor.requests.filter(({ route }) => route === 'task');
      const task = give('acceptance_hold', { ms: 12_000 });
      conductor.order('html', ({ route }) => route === 'task' && lookUps().length % 2 === 1);
      conductor.order(
        { status: 500, body: { message: 'down' } },
        ({ route }) => route === 'task' && lookUps().length % 2 === 0,
      );
      await start({ only: ['acceptance_hold'] });
      await vi.waitFor(() => expect(task.status).toBe('COMPLETED'), { timeout: 40_000 });
      expect(lookUps().length).toBeGreaterThanOrEqual(2);
      expect(notes('aborted')).toEqual([]);
    }),
  );

  test(
    '12. the slot of a cancelled task becomes free even if its handler ignores the cancellation',
    {
      timeout: 90_000,
    },
    scene(async ({ conductor, start, give, notes }) => {
      const task = give('acceptance_hold', { stubborn: true });
      await start({ only: ['acceptance_hold', 'acceptance_echo'], env: { WORKER_CONCURRENCY: '1' } });
      await vi.waitFor(() => expect(notes('start')).toHaveLength(1), soon);
      conductor.queues.terminate(task.workflowInstanceId);
      const next = give('acceptance_echo');
      await vi.waitFor(() => expect(next.status).toBe('COMPLETED'), { timeout: 40_000 });
    }),
  );
});

describe.concurrent('time limits', () => {
  test.each<[string, boolean]>([
    ['', false],
    [' that ignores its signal', true],
  ])(
    '13. a handler%s exceeds its time limit: it is aborted, the task fails, and its slot becomes free',
    (_, stubborn) =>
      scene(async ({ conductor, start, give, notes }) => {
        const limits = { timeoutSeconds: 2, responseTimeoutSeconds: 60 };
        const task = give('acceptance_limited', { stubborn, ms: 6000 }, limits);
        const next = give('acceptance_echo');
        await start({ only: ['acceptance_limited', 'acceptance_echo'], env: { WORKER_CONCURRENCY: '1' } });
        await vi.waitFor(() => expect(task.status).toBe('FAILED'), soon);
        expect(task.reasonForIncompletion).toMatch(/time|2 s/);
        const ran = (notes('aborted')[0]?.at ?? 0) - (notes('start', { taskId: task.taskId })[0]?.at ?? 0);
        expect(ran).toBeGreaterThan(1500);
        expect(ran).toBeLessThan(4000);
        await vi.waitFor(() => expect(next.status).toBe('COMPLETED'), soon);
        if (stubborn) await vi.waitFor(() => expect(notes('end', { taskId: task.taskId })).toHaveLength(1), soon);
        expect(conductor.results(task.taskId)).toHaveLength(1); // the worker ignores what the handler returns later
      })(),
    120_000,
  );

  test(
    '13. a CPU-bound handler exceeds its time limit: its thread is killed, the task fails, and the process stays responsive',
    {
      timeout: 90_000,
    },
    scene(async ({ conductor, start, give, notes }) => {
      const limits = { timeoutSeconds: 6, responseTimeoutSeconds: 6 };
      const task = give('acceptance_spin', {}, limits);
      const worker = await start({ only: ['acceptance_spin', 'acceptance_echo'], env: { WORKER_CONCURRENCY: '2' } });
      await vi.waitFor(() => expect(notes('start')).toHaveLength(1), soon);
      const from = Date.now();
      const next = give('acceptance_echo');
      expect((await worker.health('/livez')).status).toBe(200);
      await vi.waitFor(() => expect(next.status).toBe('COMPLETED'), soon);
      expect(Date.now() - from).toBeLessThan(4000); // long before the CPU-bound handler would end
      await vi.waitFor(() => expect(task.status).toBe('FAILED'), soon);
      expect(conductor.heartbeats(task.taskId).length).toBeGreaterThan(0);
      const short = give('acceptance_spin', { ms: 50 });
      await vi.waitFor(() => expect(short.status).toBe('COMPLETED'), soon);
      expect(notes('end', { taskId: task.taskId })).toEqual([]);
      const idleFrom = worker.cpuSeconds();
      const idleAt = Date.now();
      await vi.waitUntil(() => Date.now() - idleAt > 2000, { timeout: 40_000 });
      expect(worker.cpuSeconds() - idleFrom).toBeLessThan(1); // no thread still computes in the background
    }),
  );

  test(
    '13. a CPU-bound handler ends when its workflow is terminated, and when the process drains',
    {
      timeout: 90_000,
    },
    scene(async ({ conductor, start, give, notes }) => {
      const limits = { timeoutSeconds: 60, responseTimeoutSeconds: 60 };
      const cancelled = give('acceptance_spin', { label: 'cancelled' }, limits);
      const worker = await start({
        only: ['acceptance_spin'],
        env: { WORKER_CONCURRENCY: '1', WORKER_DRAIN_SECONDS: '1' },
      });
      await vi.waitFor(() => expect(notes('start')).toHaveLength(1), soon);
      const drained = give('acceptance_spin', { label: 'drained' }, limits);
      conductor.queues.terminate(cancelled.workflowInstanceId);
      await vi.waitFor(() => expect(notes('start', { label: 'drained' })).toHaveLength(1), { timeout: 40_000 });
      const from = Date.now();
      expect(await worker.stop()).toBe(0);
      expect(Date.now() - from).toBeLessThan(8000);
      expect(drained).toMatchObject({ status: 'SCHEDULED', retryCount: 0 });
    }),
  );
});

describe.concurrent('non-retryable errors', () => {
  const RETRIED = ['a plain error', 'nearly the name'];

  test(
    '14. a NonRetryableError from another copy of the package still prevents a retry (D21)',
    {
      timeout: 90_000,
    },
    scene(async ({ conductor, start, give, notes }) => {
      const tasks = Object.keys(origins).map(
        (origin) => [origin, give('acceptance_alien', { origin, label: origin })] as const,
      );
      await start({ only: ['acceptance_alien'] });
      await vi.waitFor(() => expect(conductor.unfinished()).toEqual([]), soon);
      expect(Object.fromEntries(tasks.map(([origin, { status }]) => [origin, status]))).toEqual(
        Object.fromEntries(
          tasks.map(([origin]) => [origin, RETRIED.includes(origin) ? 'FAILED' : 'FAILED_WITH_TERMINAL_ERROR']),
        ),
      );
      for (const [origin, { reasonForIncompletion }] of tasks)
        expect(reasonForIncompletion, origin).toMatch(/^(of |declined|may be retried)/);
      expect(notes('start')).toHaveLength(tasks.length);
    }),
  );

  test(
    '14. a NonRetryableError from a worker thread prevents a retry (D21); a thread that ends does not end the process',
    {
      timeout: 90_000,
    },
    scene(async ({ conductor, start, give }) => {
      const expected: Record<string, string> = {
        'says where it runs': 'COMPLETED',
        'throws ours': 'FAILED_WITH_TERMINAL_ERROR',
        'throws one of the same name': 'FAILED_WITH_TERMINAL_ERROR',
        'throws a plain error': 'FAILED',
        'throws null': 'FAILED',
        'throws what cannot be cloned': 'FAILED',
        'returns what cannot be cloned': 'FAILED_WITH_TERMINAL_ERROR',
        'returns a wrong output': 'FAILED_WITH_TERMINAL_ERROR',
        'ends its thread': 'FAILED',
      };
      const tasks = Object.keys(expected).map((ending) => [ending, give('acceptance_thread', { ending })] as const);
      const worker = await start({ only: ['acceptance_thread'], env: { WORKER_CONCURRENCY: '2' } });
      await vi.waitFor(() => expect(conductor.unfinished()).toEqual([]), { timeout: 40_000 });
      expect(Object.fromEntries(tasks.map(([ending, { status }]) => [ending, status]))).toEqual(expected);
      expect(tasks[0]?.[1].outputData).toEqual({ isMainThread: false });
      expect(worker.alive).toBe(true);
      expect(await worker.stop()).toBe(0);
    }),
  );
});
