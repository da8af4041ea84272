import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { pause } from '../../core/pause.ts';
import { startOf } from '../../core/processes.ts';
import { type FakeConductor, startFakeConductor } from '../../workers/testing/fake-conductor.ts';
import { freePort } from '../support/free-port.ts';
import { type Running, root, startFleetCommand } from '../support/product.ts';

vi.setConfig({ testTimeout: 60_000 });
const WAIT = { timeout: 20_000, interval: 50 };

let server: FakeConductor;
let dataDir: string;
let tasksDir: string;
let watching: Running;
beforeEach(async () => {
  server = await startFakeConductor();
  dataDir = mkdtempSync(join(tmpdir(), 'watch-'));
  mkdirSync(join(root, '.fleet'), { recursive: true });
  tasksDir = mkdtempSync(join(root, '.fleet/watch-'));
});
afterEach(async () => {
  watching.child.kill('SIGKILL');
  await watching.ended; // waits for the workers too, because they share the output pipe
  await server.close();
  for (const folder of [dataDir, tasksDir]) rmSync(folder, { recursive: true });
});

/** Writes a file as editors do: a new file replaces the old file. */
function write(name: string, text: string): void {
  writeFileSync(join(tasksDir, `${name}~`), text);
  renameSync(join(tasksDir, `${name}~`), join(tasksDir, name));
}

function worker(version: number, handler = `await new Promise((resolve) => setTimeout(resolve, 300));`): string {
  return `import { z } from 'zod';
    import { defineTask } from '${join(root, 'core/contract.ts')}';
    import { text } from './shared/text.ts';
    export default defineTask({
      name: 'probe', description: '', input: z.object({}), output: z.object({ version: z.number(), text: z.string() }),
    }).worker(async () => { ${handler} return { version: ${version}, text }; });`;
}

function start(env: Record<string, string> = {}): void {
  mkdirSync(join(tasksDir, 'shared'));
  write('shared/text.ts', `export const text = 'one';`);
  watching = startFleetCommand(['work', '--watch', '--only', 'probe', '--tasks-dir', tasksDir], {
    CONDUCTOR_SERVER_URL: server.url,
    FLEET_DIR: dataDir,
    WORKER_POLL_INTERVAL_MS: '10',
    ...env,
  });
}

/** The ids of the worker processes that have announced themselves in the data folder. */
function pids(): number[] {
  try {
    const folder = join(dataDir, 'workers');
    return readdirSync(folder).map((name) => Number(JSON.parse(readFileSync(join(folder, name), 'utf8')).pid));
  } catch {
    return [];
  }
}

/** True if the process has ended, even if its parent has not collected its exit code yet. */
async function hasEnded(pid: number): Promise<boolean> {
  return (await startOf(pid)) === undefined;
}

async function theOnlyWorker(): Promise<number> {
  await vi.waitUntil(() => pids().length === 1, WAIT);
  return pids()[0] ?? 0;
}

async function answer(): Promise<Record<string, unknown>> {
  return (await server.result(server.enqueue('probe', {}))).outputData ?? {};
}

test('fleet work --watch replaces a changed worker while tasks run, and loses no task', async () => {
  write('probe.ts', worker(1));
  start();
  const first = await theOnlyWorker();
  const ids: string[] = [];
  let feeding = true;
  const feeder = (async () => {
    while (feeding) {
      ids.push(server.enqueue('probe', {}));
      await pause(20);
    }
  })();
  await vi.waitUntil(() => server.results.length > 5, WAIT);
  write('probe.ts', worker(2));
  await vi.waitUntil(() => server.results.at(-1)?.outputData?.version === 2, WAIT);
  await vi.waitUntil(() => hasEnded(first), WAIT);
  feeding = false;
  await feeder;
  const results = await Promise.all(ids.map((id) => server.result(id)));
  expect(new Set(results.map(({ status }) => status))).toEqual(new Set(['COMPLETED']));
  expect(server.results).toHaveLength(ids.length);
  expect(new Set(results.map(({ outputData }) => outputData?.version))).toEqual(new Set([1, 2]));
  expect(await answer()).toMatchObject({ version: 2 });
});

test('a change to an imported file restarts the worker, even in a new folder; a change to a test does not', async () => {
  write('probe.ts', worker(1));
  start();
  const first = await theOnlyWorker();
  write('probe.test.ts', '');
  await pause(500);
  expect(pids()).toEqual([first]);
  write('shared/text.ts', `export const text = 'two';`);
  await vi.waitUntil(() => hasEnded(first), WAIT);
  expect(await answer()).toMatchObject({ text: 'two' });
  const second = await theOnlyWorker();
  mkdirSync(join(tasksDir, 'shared/deep'));
  await pause(500);
  write('shared/deep/more.ts', `export const more = 'three';`);
  write('shared/text.ts', `export { more as text } from './deep/more.ts';`);
  await vi.waitUntil(() => hasEnded(second), WAIT);
  const third = await theOnlyWorker();
  write('shared/deep/more.ts', `export const more = 'four';`);
  await vi.waitUntil(() => hasEnded(third), WAIT);
  expect(await answer()).toMatchObject({ text: 'four' });
});

test('if a changed worker cannot be loaded, an error is shown and the earlier worker still runs', async () => {
  write('probe.ts', worker(1));
  start();
  const first = await theOnlyWorker();
  write('probe.ts', 'export default {');
  await watching.says(/probe\.ts[\s\S]*did not start\. The earlier one keeps serving\./);
  expect(await answer()).toMatchObject({ version: 1 });
  expect(pids()).toEqual([first]);
  write('probe.ts', worker(3));
  await vi.waitUntil(() => hasEnded(first), WAIT);
  expect(await answer()).toMatchObject({ version: 3 });
});

test('a worker process that could not start, or has died, starts again after the next change', async () => {
  write('probe.ts', 'nonsense(');
  start();
  await watching.says(/did not start\. No tasks are served\. Waiting for a change\./);
  write('probe.ts', worker(1));
  const first = await theOnlyWorker();
  await watching.says(/serves 1 task/);
  expect(await answer()).toMatchObject({ version: 1 });
  await pause(200); // until the supervisor knows that the worker serves
  process.kill(first, 'SIGKILL');
  await watching.says(/The worker process was ended by SIGKILL\. Waiting for a change\./);
  await vi.waitUntil(() => server.polling() === 0, WAIT); // a task that the open poll of the dead worker receives would be lost
  write('probe.ts', worker(2));
  expect(await answer()).toMatchObject({ version: 2 });
});

test('Ctrl-C drains the running tasks of the current and the earlier worker process', async () => {
  write('probe.ts', worker(1, `await new Promise((resolve) => setTimeout(resolve, 2000));`));
  start();
  const first = await theOnlyWorker();
  const early = server.enqueue('probe', {});
  await vi.waitUntil(() => server.running() === 1, WAIT);
  write('probe.ts', worker(2));
  await vi.waitUntil(() => pids().some((pid) => pid !== first), WAIT);
  await watching.says(/Stopping/);
  watching.child.kill('SIGINT');
  expect(await watching.ended).toMatchObject({ code: 0 });
  expect(await server.result(early)).toMatchObject({ status: 'COMPLETED', outputData: { version: 1 } });
  expect(await hasEnded(first)).toBe(true);
  expect(pids()).toEqual([]);
});

test('a second Ctrl-C ends all processes at once', async () => {
  write('probe.ts', worker(1, `await new Promise((resolve) => setTimeout(resolve, 60_000));`));
  start();
  const pid = await theOnlyWorker();
  server.enqueue('probe', {});
  await vi.waitUntil(() => server.running() === 1, WAIT);
  watching.child.kill('SIGINT');
  await watching.says(/Stopping/);
  await pause(700);
  watching.child.kill('SIGINT');
  expect(await watching.ended).toMatchObject({ code: 130 });
  expect(await hasEnded(pid)).toBe(true);
});

test('if the supervisor is killed, its worker processes drain and end', async () => {
  write('probe.ts', worker(1, `await new Promise((resolve) => setTimeout(resolve, 1000));`));
  start();
  const pid = await theOnlyWorker();
  const id = server.enqueue('probe', {});
  await vi.waitUntil(() => server.running() === 1, WAIT);
  watching.child.kill('SIGKILL');
  expect(await server.result(id)).toMatchObject({ status: 'COMPLETED' });
  await watching.ended;
  await vi.waitUntil(() => hasEnded(pid), WAIT);
});

test('if the supervisor is killed while a worker process starts, this process also ends', async () => {
  write('probe.ts', worker(1));
  start();
  await watching.says(/Watching/);
  await pause(60);
  watching.child.kill('SIGKILL');
  await watching.ended;
  expect(pids()).toEqual([]);
});

test('with --watch the configured ports are ignored, because two worker processes can run at the same time', async () => {
  write('probe.ts', worker(1));
  const port = String(await freePort());
  start({ WORKER_HEALTH_PORT: port, WORKER_CONTROL_PORT: port });
  const first = await theOnlyWorker();
  write('probe.ts', worker(2));
  await vi.waitUntil(() => hasEnded(first), WAIT);
  expect(await answer()).toMatchObject({ version: 2 });
});
