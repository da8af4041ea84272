import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { defineTask, type Worker, z } from 'conductor-fleet';
import { type FakeConductor, startFakeConductor } from 'conductor-fleet/testing';
import { createWorkers, type FleetEvent, loadTasks, type Workers, type WorkersOptions } from 'conductor-fleet/workers';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { pause } from '../../core/pause.ts';

/** On a busy machine, vitest's default of one second is too short. */
const PATIENT = { timeout: 20_000 };

/** Tests workers in the process of a host. The test is the host. */

let server: FakeConductor;
let dataDir: string;
const created: Workers[] = [];

beforeEach(async () => {
  server = await startFakeConductor();
  dataDir = mkdtempSync(join(tmpdir(), 'embed-'));
});
afterEach(async () => {
  await Promise.all(created.splice(0).map((workers) => workers.stop()));
  await server.close();
});

function create(tasks: readonly Worker[], options: Partial<WorkersOptions> = {}): Workers {
  const conductorServerUrl = server.url.replace(/\/api$/, '');
  const workers = createWorkers({ tasks, conductorServerUrl, dataDir, workerPollIntervalMs: 5, ...options });
  created.push(workers);
  return workers;
}

/** A task that ends after `ms`. */
function waits(name: string, ms: number) {
  return defineTask({
    name,
    description: '',
    input: z.object({ n: z.number() }),
    output: z.object({ n: z.number() }),
  }).worker(async ({ n }, { signal }) => {
    await pause(ms, signal);
    signal.throwIfAborted();
    return { n };
  });
}

describe('two pools in one process', () => {
  test('each pool serves its own tasks under its own name, and the process keeps its signal handlers', async () => {
    const signals = ['SIGTERM', 'SIGINT', 'SIGHUP', 'exit', 'beforeExit', 'uncaughtException', 'unhandledRejection'];
    const listeners = () => signals.map((name) => [name, process.listenerCount(name)]);
    const before = listeners();
    const exit = vi.spyOn(process, 'exit');
    const [a, b] = [create([waits('quick', 0)]), create([waits('slow', 200)])];
    expect(a.status()).toMatchObject({ state: 'created', running: 0, concurrency: 50, types: [] });
    await Promise.all([a.start(), b.start()]);
    const quick = server.enqueue('quick', { n: 1 });
    const slow = server.enqueue('slow', { n: 2 });
    expect(await server.result(quick)).toMatchObject({ status: 'COMPLETED', workerId: a.workerId });
    expect(await server.result(slow)).toMatchObject({ status: 'COMPLETED', workerId: b.workerId });
    expect(a.workerId).not.toBe(b.workerId);
    expect(b.status()).toMatchObject({ state: 'running', types: [{ name: 'slow' }] });
    expect(listeners()).toEqual(before);
    await Promise.all([a.stop(), b.stop()]);
    expect(a.status().state).toBe('stopped');
    expect(listeners()).toEqual(before);
    expect(exit).not.toHaveBeenCalled();
    exit.mockRestore();
  });

  test('when both stop, running tasks end, waiting tasks stay in the queue, and the next pools execute them', async () => {
    const pools = [create([waits('a', 150)], { workerConcurrency: 3 }), create([waits('b', 150)])];
    const ids = Array.from({ length: 40 }, (_, n) => server.enqueue(n % 2 === 0 ? 'a' : 'b', { n }));
    await Promise.all(pools.map((pool) => pool.start()));
    await vi.waitFor(() => expect(server.running()).toBeGreaterThan(3), PATIENT);
    const reports = await Promise.all(pools.map((pool) => pool.stop()));
    expect(reports).toMatchObject(pools.map(() => ({ handedBack: 0, undelivered: 0, unfinished: 0 })));
    expect(server.running()).toBe(0);
    const done = server.results.length;
    expect(done).toBeLessThan(40);
    await create([waits('a', 0), waits('b', 0)]).start();
    await Promise.all(ids.map((id) => server.result(id)));
    expect(server.results.map(({ taskId }) => taskId).sort()).toEqual([...ids].sort());
    expect(server.results.every(({ status }) => status === 'COMPLETED')).toBe(true);
  });

  test('a task that outlasts the drain goes back to its queue, and the report says so', async () => {
    const endless = create([waits('endless', 60_000)], { workerDrainSeconds: 0 });
    await endless.start();
    const id = server.enqueue('endless', { n: 1 });
    await vi.waitFor(() => expect(endless.status().running).toBe(1), PATIENT);
    expect(await endless.stop()).toEqual({
      handedBack: 1,
      undelivered: 0,
      unfinished: 0,
      message: 'The workers have stopped: 0 running tasks ended, after 0 s 1 task went back to the queue.',
    });
    await create([waits('endless', 0)]).start();
    expect(await server.result(id)).toMatchObject({ status: 'COMPLETED' });
  });

  test('pools share a spool folder, and a new pool of the process delivers what a stopped pool could not', async () => {
    const away = await startFakeConductor();
    const conductorServerUrl = away.url;
    const began = Promise.withResolvers<void>();
    const held = defineTask({ name: 'held', description: '', input: z.object({}), output: z.object({}) });
    const serves = held.worker(async () => {
      began.resolve();
      await pause(100);
      return {};
    });
    const [first, other] = [create([serves], { conductorServerUrl, workerDrainSeconds: 1 }), create([waits('x', 0)])];
    await Promise.all([first.start(), other.start()]);
    const id = away.enqueue('held', {});
    await began.promise;
    await away.close();
    expect(await first.stop()).toMatchObject({ handedBack: 0, undelivered: 1 });
    await other.stop();
    expect(readdirSync(join(dataDir, 'spool'))).toHaveLength(1);
    await create([waits('x', 0)]).start();
    await vi.waitFor(() => expect(server.updates.map(({ taskId }) => taskId)).toContain(id), PATIENT);
  });
});

describe('events', () => {
  test('a listener hears every event until it is removed, and its errors change nothing', async () => {
    const heard: FleetEvent[] = [];
    const workers = create([waits('quick', 0)]);
    workers.on(() => {
      throw new Error('a listener that fails');
    });
    const forget = workers.on((event) => heard.push(event));
    await workers.start();
    const id = server.enqueue('quick', { n: 1 });
    await server.result(id);
    await vi.waitFor(() => expect(heard.map(({ type }) => type)).toContain('result-delivered'), PATIENT);
    const ended = heard.find((event) => event.type === 'task-ended');
    expect(ended).toMatchObject({ task: { taskId: id }, outcome: { kind: 'completed', output: { n: 1 } } });
    forget();
    const before = heard.length;
    await server.result(server.enqueue('quick', { n: 2 }));
    expect(heard).toHaveLength(before);
  });

  test('pause, resume and setConcurrency act on one task type', async () => {
    const workers = create([waits('quick', 0)]);
    await workers.start();
    workers.pause('quick');
    await vi.waitFor(() => expect(workers.status().types).toMatchObject([{ state: 'paused' }]), PATIENT);
    const id = server.enqueue('quick', { n: 1 });
    workers.setConcurrency(2, 'quick');
    workers.resume('quick');
    expect(await server.result(id)).toMatchObject({ status: 'COMPLETED' });
    expect(workers.status().types).toMatchObject([{ concurrency: 2 }]);
  });
});

describe('words', () => {
  test('a second stop waits for the same drain and says so, while it drains and afterwards', async () => {
    const workers = create([waits('slow', 200)]);
    await workers.start();
    server.enqueue('slow', { n: 1 });
    await vi.waitFor(() => expect(workers.status().running).toBe(1), PATIENT);
    const [first, second] = await Promise.all([workers.stop(), workers.stop()]);
    expect(first.message).toBe('The workers have stopped: 1 running task ended.');
    expect(second.message).toBe(`These workers were already stopping. The first stop(): ${first.message}`);
    expect((await workers.stop()).message).toMatch(/^These workers had already stopped\./);
  });

  test('workers start once; stopped workers, also those that never started, do not start again', async () => {
    const workers = create([waits('quick', 0)]);
    expect(() => workers.pause()).toThrow('These workers have not been started.');
    await workers.start();
    await expect(workers.start()).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('already'),
    });
    await workers.stop();
    await expect(workers.start()).rejects.toMatchObject({
      code: 'conflict',
      message: 'These workers have been stopped, and stopped workers cannot start again.',
      remedy: 'Create new workers with createWorkers and start those.',
    });
    const never = create([waits('quick', 0)]);
    expect(await never.stop()).toMatchObject({ message: 'The workers were never started.' });
    expect(never.status().state).toBe('stopped');
    await expect(never.start()).rejects.toMatchObject({ code: 'conflict' });
  });

  const task = waits('quick', 0);
  const { worker: _, execute: __, ...contract } = { worker: undefined, ...task };
  test.each<[string, Record<string, unknown>, string, string]>([
    ['no tasks', { tasks: [] }, 'createWorkers was given no tasks', 'tasks: ['],
    [
      'two tasks with one name',
      { tasks: [task, waits('quick', 9)] },
      'Two tasks have the name "quick".',
      'another name',
    ],
    ['a task without code', { tasks: [task, contract] }, 'tasks[1] is not a worker.', '.worker('],
    ['a thread without a file', { tasks: [{ ...task, thread: true }] }, '"quick" runs in a thread', 'loadTasks'],
    ['an unknown option', { workerConcurency: 5 }, '"workerConcurency" is not an option', '"workerConcurrency"'],
    ['a wrong value', { workerConcurrency: 0 }, 'workerConcurrency', 'docs/configuration.md'],
    ['no server', { conductorServerUrl: undefined }, 'was not told which Conductor server', 'conductorServerUrl:'],
  ])('createWorkers refuses %s, and says what to do', (_, change, message, remedy) => {
    const options = { tasks: [task], conductorServerUrl: server.url, ...change } as WorkersOptions;
    expect(() => createWorkers(options)).toThrow(
      expect.objectContaining({
        code: 'config',
        message: expect.stringContaining(message),
        remedy: expect.stringContaining(remedy),
      }),
    );
  });

  test('setConcurrency refuses less than one', async () => {
    const workers = create([task]);
    await workers.start();
    expect(() => workers.setConcurrency(0)).toThrow(/at least 1, not 0/);
    expect(() => workers.pause('other')).toThrow(/does not serve other/);
  });
});

describe('settings', () => {
  test('the environment counts only if the host passes it, and an option wins', async () => {
    const env = { WORKER_CONCURRENCY: '7', CONDUCTOR_SERVER_URL: server.url };
    vi.stubEnv('WORKER_CONCURRENCY', '9');
    expect(create([waits('quick', 0)]).status().concurrency).toBe(50);
    vi.unstubAllEnvs();
    const passed = createWorkers({ tasks: [waits('quick', 0)], env });
    expect(passed.status().concurrency).toBe(7);
    expect(create([waits('quick', 0)], { env, workerConcurrency: 3 }).status().concurrency).toBe(3);
  });

  test('the lines of the log go to the logger of the host, and nothing is written without one', async () => {
    const lines: string[] = [];
    const say = (level: string) => (fields: object | string, text?: string) =>
      void lines.push(`${level} ${text ?? fields}`);
    const log = {
      ...{ trace: say('trace'), debug: say('debug'), info: say('info') },
      ...{ warn: say('warn'), error: say('error'), fatal: say('fatal'), child: () => log },
    };
    const workers = create([waits('quick', 0)], { log });
    await workers.start();
    await workers.stop();
    expect(lines).toEqual([
      expect.stringMatching(/^info .* does not end in \/api/),
      `info ${workers.workerId} serves 1 task type of ${server.url}`,
      'info The workers have stopped: 0 running tasks ended.',
    ]);
  });
});

test('loadTasks loads a folder, and its workers may run in threads', async () => {
  const tasks = await loadTasks(new URL('../support/runtime-tasks/', import.meta.url));
  const threaded = tasks.filter(({ thread }) => thread);
  expect(threaded.length).toBeGreaterThan(0);
  const workers = create(threaded);
  await workers.start();
  expect(workers.status().types.map(({ name }) => name)).toEqual(threaded.map(({ name }) => name));
});

test('a program that has stopped its workers ends by itself, without output', async () => {
  const program = `
    import { defineTask, z } from 'conductor-fleet';
    import { createWorkers } from 'conductor-fleet/workers';
    const empty = z.object({});
    const task = defineTask({ name: 'held', description: '', input: empty, output: empty }).worker(async () => ({}));
    const pools = [0, 1].map(() => createWorkers({ tasks: [task], conductorServerUrl: '${server.url}', dataDir: '${dataDir}' }));
    await Promise.all(pools.map((pool) => pool.start()));
    await new Promise((resolve) => pools[0].on(({ type }) => type === 'result-delivered' && resolve()));
    await Promise.all(pools.map((pool) => pool.stop()));`;
  const keepQueueFull = setInterval(() => server.enqueue('held', {}), 50);
  try {
    const run = promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], { cwd: process.cwd() });
    expect(await run).toMatchObject({ stdout: '', stderr: '' });
  } finally {
    clearInterval(keepQueueFull);
  }
});
