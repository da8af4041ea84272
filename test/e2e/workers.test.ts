import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest';
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

describe.concurrent('a worker process', () => {
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
    expect(await first.stop()).toBe(0);
    writeFileSync(file, '');
    const second = await work('runtime_steps');
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
