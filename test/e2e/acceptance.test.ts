import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import type { Task } from '../../core/conductor/types.ts';
import { type Scene, scene } from '../support/acceptance-scene.ts';
import { realConductor, runFleetCommand, unique } from '../support/product.ts';
import { acceptanceTasks } from '../support/worker-command.ts';

const conductor = realConductor();
const conductorUrl = inject('conductorServerUrl');
const soon = { timeout: 30_000, interval: 20 };

beforeAll(async () => {
  const registered = await runFleetCommand(['apply', '--yes', '--wait', '60', '--tasks-dir', acceptanceTasks]);
  expect(registered, registered.stderr).toMatchObject({ code: 0 });
});
afterAll(() => conductor.close());

/** Starts an execution of one task. The start itself contains the definition, so nothing is registered. */
async function begin({ inputs }: Scene, type: string, input: Record<string, unknown> = {}): Promise<string> {
  const name = unique('acceptance');
  const task = { name: type, taskReferenceName: 'only', type: 'SIMPLE', inputParameters: { ...inputs(), ...input } };
  const workflowDef = {
    name,
    version: 1,
    schemaVersion: 2,
    tasks: [task],
    timeoutSeconds: 300,
    timeoutPolicy: 'TIME_OUT_WF',
  };
  const response = await fetch(`${conductorUrl}/workflow`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name, version: 1, workflowDef, input: {} }),
  });
  const answer = await response.text();
  expect(response.status, answer).toBe(200);
  return answer;
}

const attempts = async (workflowId: string): Promise<Task[]> => (await conductor.getExecution(workflowId)).tasks;
const allAttempts = async (ids: readonly string[]) => (await Promise.all(ids.map(attempts))).flat();

/** All tests share the server, so each test uses a task type of its own. */
describe.concurrent('acceptance tests on the real server', () => {
  test(
    '1. SIGTERM with a backlog: after the drain no task is IN_PROGRESS, and all are back in the queue with retryCount 0',
    {
      timeout: 90_000,
    },
    scene(async (own) => {
      const { start, notes, release } = own;
      const only = ['acceptance_hold'];
      const ids = await Promise.all(Array.from({ length: 12 }, () => begin(own, 'acceptance_hold')));
      const first = await start({ conductorUrl, only, env: { WORKER_CONCURRENCY: '4', WORKER_DRAIN_SECONDS: '1' } });
      await vi.waitFor(() => expect(notes('start')).toHaveLength(4), soon);
      expect(await first.stop()).toBe(0);
      const left = await allAttempts(ids);
      expect(left.map(({ status }) => status)).toEqual(left.map(() => 'SCHEDULED'));
      expect(left.map(({ retryCount }) => retryCount)).toEqual(left.map(() => 0));
      release();
      const from = Date.now();
      await start({ conductorUrl, only });
      await vi.waitFor(() => expect(notes('end')).toHaveLength(12), soon);
      const again = notes('start').filter(({ pid }) => pid !== first.child.pid);
      expect(again).toHaveLength(12);
      expect((again[0]?.at ?? 0) - from).toBeLessThan(5000); // includes the start of the second process
      await Promise.all(ids.map((id) => conductor.waitForEnd(id)));
      const done = await allAttempts(ids);
      expect(done.map(({ status, retryCount }) => [status, retryCount])).toEqual(ids.map(() => ['COMPLETED', 0]));
    }),
  );

  test(
    '2. heartbeats continue during the drain: a task that takes longer than its lease needs one attempt',
    {
      timeout: 60_000,
    },
    scene(async (own) => {
      const id = await begin(own, 'acceptance_beat', { ms: 9000 });
      const worker = await own.start({ conductorUrl, only: ['acceptance_beat'] });
      await vi.waitFor(() => expect(own.notes('start')).toHaveLength(1), soon);
      expect(await worker.stop()).toBe(0);
      expect((await conductor.waitForEnd(id)).status).toBe('COMPLETED');
      expect(await attempts(id)).toHaveLength(1);
    }),
  );

  test(
    '12. a workflow is terminated: the signal of its handler is aborted within 8 s',
    {
      timeout: 60_000,
    },
    scene(async (own) => {
      const id = await begin(own, 'acceptance_cancel');
      await own.start({ conductorUrl, only: ['acceptance_cancel'] });
      await vi.waitFor(() => expect(own.notes('start')).toHaveLength(1), soon);
      await conductor.terminate(id, 'the test says so');
      const from = Date.now();
      await vi.waitFor(() => expect(own.notes('aborted')).toHaveLength(1), soon);
      expect((own.notes('aborted')[0]?.at ?? 0) - from).toBeLessThan(8000);
      expect((await attempts(id)).map(({ status }) => status)).toEqual(['CANCELED']);
    }),
  );

  test(
    '13. a handler exceeds its time limit: it is aborted, and the execution ends',
    {
      timeout: 60_000,
    },
    scene(async (own) => {
      const id = await begin(own, 'acceptance_limited');
      await own.start({ conductorUrl, only: ['acceptance_limited'] });
      const { status } = await conductor.waitForEnd(id);
      expect(['FAILED', 'TIMED_OUT']).toContain(status);
      await vi.waitFor(() => expect(own.notes('aborted')).toHaveLength(1), soon); // the abort may follow later, because the server may time the task out first
      expect(own.notes('start')).toHaveLength(1);
    }),
  );

  test(
    '15. with a batch size of 50, a single task on an idle queue is picked up within 250 ms',
    {
      timeout: 60_000,
    },
    scene(async (own) => {
      await own.start({ conductorUrl, only: ['acceptance_echo'], env: { WORKER_BATCH_SIZE: '50' } });
      const waited: number[] = [];
      for (let i = 0; i < 9; i++) {
        const id = await begin(own, 'acceptance_echo');
        await conductor.waitForEnd(id, { everyMs: 50 });
        const [task] = await attempts(id);
        const begun = own.notes('start', { taskId: task?.taskId ?? '' })[0]?.at ?? Number.POSITIVE_INFINITY;
        waited.push(begun - (task?.scheduledTime ?? 0));
      }
      const median = waited.sort((a, b) => a - b)[4] ?? Number.NaN;
      expect(median, String(waited)).toBeLessThanOrEqual(250);
    }),
  );
});
