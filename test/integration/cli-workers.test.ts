import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import statusCommand from '../../cli/commands/status.ts';
import workersCommand from '../../cli/commands/workers.ts';
import type { Command } from '../../cli/define-command.ts';
import { type FakeConductor, startFakeConductor } from '../../workers/testing/fake-conductor.ts';
import { fakeExecution, fakeTask, startFakeConductor as startFakeServer } from '../support/fake-conductor.ts';
import { freePort } from '../support/free-port.ts';
import { type Ran, type Running, root, runFleetCommand, startFleetCommand } from '../support/product.ts';
import { runCommand } from '../support/run-command.ts';

mkdirSync(join(root, '.fleet'), { recursive: true });
const tasksDir = mkdtempSync(join(root, '.fleet/workers-'));
for (const name of ['quick', 'other'])
  writeFileSync(
    join(tasksDir, `${name}.ts`),
    `import { z } from 'zod';
     import { defineTask } from '${join(root, 'core/contract.ts')}';
     export default defineTask({ name: '${name}', description: '', input: z.object({}), output: z.object({}) }).worker(async () => ({}));`,
  );
afterAll(() => rmSync(tasksDir, { recursive: true }));

let server: FakeConductor;
let dataDir: string;
let processes: Running[];
beforeEach(async () => {
  server = await startFakeConductor();
  dataDir = mkdtempSync(join(tmpdir(), 'workers-'));
  processes = [];
});
afterEach(async () => {
  for (const { child } of processes) child.kill('SIGTERM');
  await Promise.all(processes.map(({ ended }) => ended));
  await server.close();
  rmSync(dataDir, { recursive: true });
});

/** Starts a worker process and returns its id. */
async function work(env: Record<string, string> = {}, ...args: string[]): Promise<string> {
  const own = { CONDUCTOR_SERVER_URL: server.url, FLEET_DIR: dataDir, TASKS_DIR: tasksDir, WORKER_DRAIN_SECONDS: '1' };
  const running = startFleetCommand(['work', ...args], { ...own, ...env });
  processes.push(running);
  return (await running.says(/Worker (\S+) serves/))[1] ?? '';
}

function workers(...args: string[]): Promise<Ran> {
  return runFleetCommand(['workers', ...args], { CONDUCTOR_SERVER_URL: server.url, FLEET_DIR: dataDir });
}

interface Listed {
  workers: { controlUrl: string; pid: number; status: { workerId: string; concurrency: number; types: TypeRow[] } }[];
  queues: { taskType: string; domain: string; depth: number }[] | null;
}
type TypeRow = { name: string; domain: string; state: string; concurrency: number };

async function listed(): Promise<Listed> {
  const { stdout } = await workers('--json');
  return JSON.parse(stdout);
}

async function types(): Promise<TypeRow[][]> {
  return (await listed()).workers.map(({ status }) => status.types);
}

describe('fleet workers', () => {
  test('fleet workers lists every process of the data folder, its types, and their queues on the server', async () => {
    const ids = [await work(), await work({ CONDUCTOR_WORKER_QUICK_DOMAIN: 'canary' }, '--only', 'quick')].sort();
    const { code, stdout } = await workers();
    expect(code).toBe(0);
    for (const id of ids)
      expect(stdout).toMatch(new RegExp(`^${id} {2}running {2}0/50 running {2}0 undelivered {2}pid`, 'm'));
    expect(stdout).toMatch(/TYPE +STATE +RUNNING +DOMAIN +ANSWERED +QUEUED +POLLED LAST BY/);
    expect(stdout).toMatch(/quick +\w+ +0\/50 +- +\S+ (ms|s) ago +0 +\S+-\d+ \S+ (ms|s) ago/);
    expect(stdout).toMatch(/quick +\w+ +0\/50 +canary +/);
    expect((await listed()).workers.map(({ status }) => status.workerId).sort()).toEqual(ids);
  });

  test('fleet workers pause stops a type in every process; its tasks wait in the queue until resume', async () => {
    await work();
    await work();
    const paused = await workers('pause', 'quick');
    expect(paused).toMatchObject({ code: 0, stdout: expect.stringMatching(/^(\S+-\d+ {2}paused quick\n){2}$/) });
    // An open poll may still receive the task. Then the process hands it back.
    const id = server.enqueue('quick', {});
    await expect
      .poll(async () => (await types()).flat().filter(({ state }) => state === 'paused'), { timeout: 15_000 })
      .toEqual([expect.objectContaining({ name: 'quick' }), expect.objectContaining({ name: 'quick' })]);
    expect((await listed()).queues).toContainEqual(expect.objectContaining({ taskType: 'quick', depth: 1 }));
    expect(await server.result(server.enqueue('other', {}))).toMatchObject({ status: 'COMPLETED' });
    expect(server.results).toHaveLength(1);
    expect(await workers('resume')).toMatchObject({ code: 0, stdout: expect.stringContaining('resumed other, quick') });
    expect(await server.result(id)).toMatchObject({ status: 'COMPLETED' });
  });

  test('fleet workers concurrency changes a process or a type, only in the process that --worker names', async () => {
    const [first, second] = [await work(), await work()];
    expect((await workers('concurrency', '7', '--worker', first)).stdout).toBe(
      `${first}  runs up to 7 tasks at once\n`,
    );
    expect((await workers('concurrency', '3', 'quick', '--worker', second, '--json')).code).toBe(0);
    const { workers: all } = await listed();
    const of = (id: string) => all.find(({ status }) => status.workerId === id)?.status;
    expect([of(first)?.concurrency, of(second)?.concurrency]).toEqual([7, 50]);
    expect(of(first)?.types.map(({ concurrency }) => concurrency)).toEqual([7, 7]);
    expect(of(second)?.types.map(({ concurrency }) => concurrency)).toEqual([50, 3]);
  });

  test('fleet workers --url controls a process through its control address; the health port is read-only', async () => {
    const [port, health] = [String(await freePort()), String(await freePort())];
    await work({ WORKER_CONTROL_PORT: port, WORKER_HEALTH_PORT: health });
    const elsewhere = (...args: string[]) =>
      runFleetCommand(['workers', ...args], { CONDUCTOR_SERVER_URL: server.url, FLEET_DIR: tasksDir });
    expect((await elsewhere('--url', `http://127.0.0.1:${port}`)).stdout).toContain('quick');
    expect((await elsewhere('--url', `http://127.0.0.1:${health}`)).stdout).toContain('quick');
    expect(await elsewhere('pause', 'quick', '--url', `http://127.0.0.1:${port}/`)).toMatchObject({ code: 0 });
    expect(await elsewhere('pause', 'quick', '--url', `http://127.0.0.1:${health}`)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Use the control address of the process'),
    });
  });

  test('N6: without a Conductor server, fleet workers still shows the processes, says why the queue depths are missing, and exits with 1', async () => {
    await work();
    const page = createServer((_, response) => response.writeHead(404).end('<html>404 Not Found</html>'));
    await new Promise<void>((resolve) => page.listen(0, '127.0.0.1', resolve));
    const { port } = page.address() as AddressInfo;
    for (const [url, message] of [
      [`http://127.0.0.1:${await freePort()}/api`, /missing: Cannot reach .*\n.*Otherwise start a server/],
      [
        `http://127.0.0.1:${port}/api`,
        /missing: GET \S+ at \S+ answered HTTP 404 with a web page\.\nCheck that CONDUCTOR_/,
      ],
      ['', /missing: No Conductor server is configured, .*\nStart one: fleet server start\./],
    ] as const) {
      const ran = await runFleetCommand(['workers'], { CONDUCTOR_SERVER_URL: url, FLEET_DIR: dataDir });
      expect(ran).toMatchObject({ code: 1, stderr: expect.stringMatching(message) });
      expect(ran.stdout).toMatch(/quick +\w+ +0\/50 +- .* - +-$/m);
    }
    page.close().closeAllConnections();
  });

  test('fleet workers --watch refreshes until Ctrl-C, even after the worker process has ended', async () => {
    await work();
    const watching = startFleetCommand(['workers', '--watch', '--json'], {
      CONDUCTOR_SERVER_URL: server.url,
      FLEET_DIR: dataDir,
    });
    let lines = '';
    watching.child.stdout?.on('data', (chunk) => {
      lines += chunk;
    });
    await expect.poll(() => lines.split('\n').length, { timeout: 10_000 }).toBeGreaterThan(2);
    processes[0]?.child.kill('SIGTERM');
    await watching.says(/No worker process runs with the data folder/);
    watching.child.kill('SIGINT');
    expect(await watching.ended).toMatchObject({ code: 0 });
  });
});

test('N3: after kill -9, fleet workers and fleet status say which tasks were with the process, until a person has seen it', async () => {
  const id = await work();
  processes[0]?.child.kill('SIGKILL');
  await processes[0]?.ended;
  const fake = await startFakeServer();
  const held = { taskType: 'quick', status: 'IN_PROGRESS', workerId: id, responseTimeoutSeconds: 30, endTime: 0 };
  let tasks = [
    fakeTask({ ...held, taskId: 'a' }),
    fakeTask({ ...held, taskId: 'b' }),
    fakeTask({ status: 'IN_PROGRESS', referenceTaskName: 'other' }),
  ];
  fake.routes = ({ path }) => {
    if (path === '/api/tasks/search-v2') return { body: { totalHits: tasks.length, results: tasks } };
    if (path.startsWith('/api/admin/task/')) return { body: [] };
    return path === '/api/workflow/exec-1' ? { body: fakeExecution({ status: 'RUNNING', tasks }) } : undefined;
  };
  const printed = async (command: Command, ...args: string[]) => {
    const lines: string[] = [];
    const onLine = (line: string) => void lines.push(line);
    const settings = { conductorServerUrl: fake.url, dataDir };
    // Without a running process, the command also fails.
    await runCommand(command, args, { settings, onLine }).catch((error) => expect(error.code).toBe('not-found'));
    return lines.join('\n');
  };

  const wereWithIt = `${id} is gone, 2 tasks were with it. The server gives them to other workers when their lease of 30 s is over.\n  quick  task a  execution exec-1\n  quick  task b  execution exec-1`;
  for (let looks = 0; looks < 2; looks++) expect(await printed(workersCommand)).toBe(wereWithIt);
  expect(JSON.parse(await printed(workersCommand, '--json'))).toMatchObject({
    workers: [],
    gone: [{ workerId: id, tasks: [{ taskId: 'a' }, { taskId: 'b' }] }],
  });
  expect(await printed(statusCommand, 'exec-1')).toContain(
    `Its worker ${id} is gone. The server gives the task to another worker when its lease of 30 s is over.`,
  );
  await printed(workersCommand, 'pause');

  tasks = [];
  expect(await printed(workersCommand)).toBe(`${id} is gone, no task is with it.`);
  expect(await printed(workersCommand)).toBe('');
  await fake.close();
});

test('N3: if the server does not answer, the announcement of a process that is gone stays', async () => {
  const id = await work();
  processes[0]?.child.kill('SIGKILL');
  await processes[0]?.ended;
  const nowhere = { CONDUCTOR_SERVER_URL: `http://127.0.0.1:${await freePort()}/api`, FLEET_DIR: dataDir };
  for (let looks = 0; looks < 2; looks++)
    expect((await runFleetCommand(['workers'], nowhere)).stdout).toBe(
      `${id} is gone. The server did not say which tasks were with it.\n`,
    );
});

describe('an error of fleet workers says what to do', () => {
  test.each([[[]], [['pause']], [['pause', 'quick']], [['concurrency', '3']]])('no process runs: %j', async (args) => {
    const { code, stderr } = await workers(...args);
    expect(code).toBe(2);
    expect(stderr).toMatch(/error: No worker process runs with the data folder ".*"\.\nStart one: fleet work\./);
  });

  test('an unknown type, process or number', async () => {
    const id = await work();
    expect(await workers('pause', 'nope')).toMatchObject({ code: 2, stderr: expect.stringContaining('nope') });
    expect(await workers('--worker', 'nobody')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`No running worker process has the id "nobody".\nName one of these: ${id}.`),
    });
    for (const args of [['concurrency'], ['concurrency', 'many'], ['concurrency', '0'], ['pause', 'a', 'b']])
      expect(await workers(...args)).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('fleet workers --help'),
      });
    expect(await workers('stop')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Allowed choices are list, pause'),
    });
  });

  test('an address without a worker process', async () => {
    const nobody = await workers('--url', `http://127.0.0.1:${await freePort()}`);
    expect(nobody).toMatchObject({ code: 1, stdout: expect.stringContaining('ECONNREFUSED') });
    const other = await workers('pause', '--url', server.url);
    expect(other).toMatchObject({ code: 2, stderr: expect.stringContaining('This port accepts no changes.') });
    expect(await workers('--url', 'localhost')).toMatchObject({ code: 2, stderr: expect.stringContaining('--url') });
  });

  test('--help lists the actions', async () => {
    expect((await workers('--help')).stdout).toMatch(/Actions:\n {2}list[\s\S]*concurrency <n> \[type\]/);
  });
});
