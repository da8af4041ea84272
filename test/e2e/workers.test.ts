import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import type { WorkflowTask } from '../../core/conductor/types.ts';
import { realConductor, runFleetCommand, unique } from '../support/product.ts';
import { WorkerCommand } from '../support/worker-command.ts';

const conductorUrl = inject('conductorServerUrl');
const conductor = realConductor();
const tasksDir = join(import.meta.dirname, '../support/runtime-tasks');
const folder = mkdtempSync(join(tmpdir(), 'runtime-'));
const soon = { timeout: 20_000, interval: 50 };

beforeAll(async () => {
  const registered = await runFleetCommand(['apply', '--yes', '--wait', '60', '--tasks-dir', tasksDir]);
  expect(registered, registered.stderr).toMatchObject({ code: 0 });
});
const started: WorkerCommand[] = [];
afterAll(async () => {
  await Promise.all(started.filter(({ alive }) => alive).map((worker) => worker.kill()));
  conductor.close();
});

/** Starts an execution with one task of this type. */
async function begin(type: string, input: object = {}, taskToDomain: Record<string, string> = {}): Promise<string> {
  const name = unique('runtime');
  const tasks = [{ name: type, taskReferenceName: 'only', type: 'SIMPLE', inputParameters: input }];
  const response = await fetch(`${conductorUrl}/workflow`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      name,
      version: 1,
      taskToDomain,
      workflowDef: { name, version: 1, schemaVersion: 2, tasks },
    }),
  });
  return response.text();
}

const taskOf = async (workflowId: string) => (await conductor.getExecution(workflowId)).tasks.at(-1);
async function logOf(taskId: string): Promise<string[]> {
  const lines = (await (await fetch(`${conductorUrl}/tasks/${taskId}/log`)).json()) as { log: string }[];
  return lines.map(({ log }) => log);
}
async function work(only: string, env: Record<string, string> = {}): Promise<WorkerCommand> {
  const dataDir = mkdtempSync(join(folder, 'data-'));
  const worker = await WorkerCommand.start({ conductorUrl, dataDir, tasksDir, only: [only], env });
  started.push(worker);
  return worker;
}

/** Starts an execution of these tasks, with a time limit that is far away. */
async function beginAll(tasks: WorkflowTask[]): Promise<string> {
  const name = unique('runtime');
  const limit = { timeoutSeconds: 600, timeoutPolicy: 'TIME_OUT_WF' } as const;
  return conductor.startWorkflow({
    name,
    version: 1,
    input: {},
    workflowDef: { name, version: 1, schemaVersion: 2, tasks, ...limit },
  });
}

const NAP_LEASE_MS = 5_000;
const nap = (taskReferenceName: string): WorkflowTask => ({
  name: 'runtime_nap',
  taskReferenceName,
  type: 'SIMPLE',
  inputParameters: {},
});

/** A nap beside a task that waits for a person. While the person is awaited, the server never looks at the execution by itself. */
const besidePerson: WorkflowTask[] = [
  {
    name: 'fork',
    taskReferenceName: 'fork',
    type: 'FORK_JOIN',
    forkTasks: [[nap('a')], [{ name: 'ask', taskReferenceName: 'ask', type: 'HUMAN', inputParameters: {} }]],
  },
  { name: 'join', taskReferenceName: 'join', type: 'JOIN', joinOn: ['a', 'ask'] },
];

describe.concurrent('a worker process', () => {
  test('W3: after kill -9 every task of the process returns within its lease and ten seconds', {
    timeout: 120_000,
  }, async () => {
    const [killed] = await Promise.all([work('runtime_nap'), work('runtime_nap'), work('runtime_nap')]);
    const besides: string[] = [];
    const tasks = async () => {
      const executions = await Promise.all([...chains, ...besides].map((id) => conductor.getExecution(id)));
      return executions.flatMap((execution) => execution.tasks);
    };
    const ofKilled = async (status: string) =>
      (await tasks()).filter((task) => task.workerId?.endsWith(`-${killed.child.pid}`) && task.status === status);

    const chains = await Promise.all(Array.from({ length: 24 }, () => beginAll([nap('a'), nap('b'), nap('c')])));
    await vi.waitFor(async () => {
      expect((await ofKilled('IN_PROGRESS')).map((task) => task.referenceTaskName)).toContain('b');
    }, soon);
    // Chance decides which process takes a task, so tasks are started until the process that is killed next has one.
    await vi.waitFor(
      async () => {
        besides.push(...(await Promise.all(Array.from({ length: 6 }, () => beginAll(besidePerson)))));
        expect((await ofKilled('IN_PROGRESS')).map((task) => besides.includes(task.workflowInstanceId))).toContain(
          true,
        );
      },
      { timeout: 20_000, interval: 500 },
    );
    await killed.kill();

    await vi.waitFor(
      async () => {
        const naps = (await tasks()).filter(({ taskType }) => taskType === 'runtime_nap');
        expect(naps.filter(({ status }) => status !== 'COMPLETED' && status !== 'TIMED_OUT')).toEqual([]);
        for (const id of chains) expect((await conductor.getStatus(id)).status).toBe('COMPLETED');
      },
      { timeout: 60_000, interval: 500 },
    );
    const late = (await ofKilled('TIMED_OUT')).map(({ startTime, endTime }) => endTime - startTime - NAP_LEASE_MS);
    expect(late.length).toBeGreaterThan(0);
    expect(Math.max(...late), `late by ${late.join(', ')} ms`).toBeLessThan(10_000);
    await Promise.all(besides.map((id) => conductor.terminate(id, 'the test is over')));
  });

  test('a worker process serves its configured domains, and no other domain', { timeout: 60_000 }, async () => {
    const worker = await work('runtime_where', {
      WORKER_TYPES: JSON.stringify({ runtime_where: { concurrency: 10, domains: { '': 9, canary: 1 } } }),
    });
    const ids = await Promise.all([
      begin('runtime_where'),
      begin('runtime_where', {}, { runtime_where: 'canary' }),
      begin('runtime_where', {}, { runtime_where: 'elsewhere' }),
    ]);
    const statuses = async () => Promise.all(ids.map(async (id) => (await conductor.getStatus(id)).status));
    await vi.waitFor(async () => expect(await statuses()).toEqual(['COMPLETED', 'COMPLETED', 'RUNNING']), soon);
    const { body } = await worker.get('/status');
    expect(body).toHaveProperty('types', [
      expect.objectContaining({ name: 'runtime_where', domain: '', concurrency: 9 }),
      expect.objectContaining({ name: 'runtime_where', domain: 'canary', concurrency: 1 }),
    ]);
    expect(await worker.stop()).toBe(0);
  });

  test('a task shows its progress and log, stays with its process for many leases, and its next process gets the progress', {
    timeout: 60_000,
  }, async () => {
    const file = join(folder, unique('go'));
    const first = await work('runtime_steps', { WORKER_DRAIN_SECONDS: '0' });
    const id = await begin('runtime_steps', { file });
    await vi.waitFor(async () => expect((await taskOf(id))?.outputData).toEqual({ done: 1 }), soon);
    await new Promise((resolve) => setTimeout(resolve, 7_000)); // longer than three leases
    const taskId = (await taskOf(id))?.taskId ?? '';
    expect(await logOf(taskId)).toEqual(['first step done']);
    expect(await taskOf(id)).toMatchObject({ taskId, pollCount: 1, outputData: { done: 1 } });
    const second = await work('runtime_steps'); // waits for the task already, because its lease is shorter than a start
    expect(await first.stop()).toBe(0);
    writeFileSync(file, '');
    await vi.waitFor(async () => expect((await conductor.getStatus(id)).status).toBe('COMPLETED'), soon);
    expect(await taskOf(id)).toMatchObject({ taskId, retryCount: 0, outputData: { before: { done: 1 } } });
    expect(await second.stop()).toBe(0);
  });

  test('a worker process runs a CPU-bound handler in a thread, and delivers its log lines', {
    timeout: 60_000,
  }, async () => {
    const worker = await work('runtime_hard');
    const id = await begin('runtime_hard', { upTo: 1000 });
    await vi.waitFor(async () => expect((await conductor.getStatus(id)).status).toBe('COMPLETED'), soon);
    const task = await taskOf(id);
    expect(task?.outputData).toMatchObject({ sum: 500_500 });
    expect(task?.outputData.thread).not.toBe(0);
    expect(await logOf(task?.taskId ?? '')).toEqual(['added up']);
    expect(worker.output).toMatch(/"taskId":"[^"]+".*"upTo":1000.*added up in a thread/);
    expect(await worker.stop()).toBe(0);
  });
});
