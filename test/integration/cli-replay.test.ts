import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type FakeConductor, fakeTask, startFakeConductor } from '../support/fake-conductor.ts';
import { root, runFleetCommand, startFleetCommand } from '../support/product.ts';

/** A folder of workers as a user may have: one greets, one waits until its signal is aborted, one runs in a thread. */
mkdirSync(join(root, '.fleet'), { recursive: true });
const tasksDir = mkdtempSync(join(root, '.fleet/replay-'));
const source = (name: string, handler: string, options = '{}') => `
  import { z } from 'zod';
  import { defineTask } from '${join(root, 'core/contract.ts')}';
  export default defineTask({
    name: '${name}', description: 'For a test.',
    input: z.object({ who: z.string() }), output: z.object({ said: z.unknown() }),
  }).worker(async ({ who }, context) => { ${handler} }, ${options});`;
for (const [name, handler, options] of [
  [
    'greet',
    `context.addLog('a line'); context.log.warn('a warning'); await context.progress({ half: true });
     if (who === 'nobody') throw new Error('whom?');
     return { said: 'Hello, ' + who + ' (' + context.attempt + ', ' + context.idempotencyKey + ', ' + JSON.stringify(context.previousOutput) + ')' };`,
  ],
  [
    'hold',
    `process.stderr.write('holding\\n');
     await new Promise((_, reject) => { const t = setTimeout(() => {}, 60000); context.signal.addEventListener('abort', () => { clearTimeout(t); process.stderr.write('let go\\n'); reject(context.signal.reason); }); });`,
  ],
  ['compute', `return { said: 'computed for ' + who };`, '{ thread: true }'],
])
  writeFileSync(join(tasksDir, `${name}.ts`), source(name ?? '', handler ?? '', options));

afterAll(() => rmSync(tasksDir, { recursive: true }));

let fake: FakeConductor;
let tasks: Record<string, Record<string, unknown>>;
beforeEach(async () => {
  fake = await startFakeConductor();
  tasks = {};
  fake.routes = ({ path }) => {
    const id = /^\/api\/tasks\/([^/]+)$/.exec(path)?.[1];
    return id !== undefined && tasks[id] ? { body: tasks[id] } : undefined;
  };
});
afterEach(() => fake.close());

function past(taskType: string, changes: Record<string, unknown> = {}): string {
  tasks['task-1'] = fakeTask({ taskType, inputData: { who: 'Ada' }, ...changes });
  return 'task-1';
}

const start = (...args: string[]) =>
  startFleetCommand(['replay', ...args, '--tasks-dir', tasksDir], { CONDUCTOR_SERVER_URL: fake.url });
const replay = async (...args: string[]) => {
  const ran = await start(...args).ended;
  return { ...ran, said: ran.stdout === '' ? undefined : JSON.parse(ran.stdout) };
};

describe('fleet replay', () => {
  const greeting = { said: 'Hello, Ada (1, exec-1:first, {})' };

  test('fleet replay runs the worker with the stored input, shows its output, and compares the result', async () => {
    const { code, said, stderr } = await replay(past('greet', { outputData: greeting }));
    expect(code).toBe(0);
    expect(said).toEqual({
      taskId: 'task-1',
      taskType: 'greet',
      status: 'COMPLETED',
      outputData: greeting,
      sameAsServer: true,
    });
    expect(stderr).toContain('Warning: the effects of the handler are real and happen again.');
    expect(stderr).toContain('task log: a line');
    expect(stderr).toContain('progress: {"half":true}');
    expect(stderr).toContain('"msg":"a warning"');
    expect(stderr).toContain('The server has the same result.');
  });

  test('fleet replay writes nothing to the server', async () => {
    await replay(past('greet'));
    await replay(past('greet', { inputData: { who: 'nobody' } }));
    expect(fake.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'GET /api/tasks/task-1',
      'GET /api/tasks/task-1',
    ]);
  });

  test('fleet replay says that the result differs from the server, and --attempt sets the number of the attempt', async () => {
    expect(await replay(past('greet', { outputData: { said: 'Bye' } }))).toMatchObject({
      code: 0,
      said: { sameAsServer: false },
      stderr: expect.stringContaining('The server has a different result.'),
    });
    expect((await replay(past('greet', { retryCount: 1 }))).said.outputData.said).toContain('(2,');
    expect((await replay(past('greet', { retryCount: 1 }), '--attempt', '5')).said.outputData.said).toContain('(5,');
  });

  test('for a task without a result, fleet replay passes its progress to the handler and compares no result', async () => {
    const { said } = await replay(past('greet', { status: 'IN_PROGRESS', outputData: { page: 3 } }));
    expect(said).toMatchObject({ sameAsServer: null, outputData: { said: expect.stringContaining('{"page":3}') } });
  });

  test('fleet replay exits with 1 if the task fails', async () => {
    const failed = { status: 'FAILED', reasonForIncompletion: 'whom?', inputData: { who: 'nobody' } };
    expect(await replay(past('greet', failed))).toMatchObject({
      code: 1,
      said: { status: 'FAILED', reasonForIncompletion: 'whom?', sameAsServer: true },
    });
    expect(await replay(past('greet', { inputData: { who: 7 } }))).toMatchObject({
      code: 1,
      said: { status: 'FAILED_WITH_TERMINAL_ERROR', sameAsServer: false },
    });
  });

  test('fleet replay runs a worker with the option `thread` in a thread', async () => {
    expect(await replay(past('compute'))).toMatchObject({
      code: 0,
      said: { outputData: { said: 'computed for Ada' } },
    });
  });

  test('fleet replay stops a handler that exceeds the time limit of its task', async () => {
    const { code, said } = await replay(past('hold', { taskDefinition: { timeoutSeconds: 1 } }));
    expect(code).toBe(1);
    expect(said).toMatchObject({ status: 'FAILED', reasonForIncompletion: 'hold ran out of time.' });
  });

  test('Ctrl-C during fleet replay aborts the signal of the handler', async () => {
    const running = start(past('hold'));
    await running.says(/holding/);
    running.child.kill('SIGINT');
    const { code, stdout, stderr } = await running.ended;
    expect(code, stderr).toBe(130);
    expect(stdout).toBe('');
    expect(stderr).toContain('let go');
    expect(stderr).toContain(
      'error: Stopped before the handler had ended.\nThe effects that it has had so far remain.',
    );
  });

  test('--dry-input prints the input and runs no handler, even for a task type without a worker', async () => {
    expect(await replay(past('HTTP'), '--dry-input')).toMatchObject({ code: 0, said: { who: 'Ada' } });
    const { said, stderr } = await replay(past('greet'), '--dry-input');
    expect(said).toEqual({ who: 'Ada' });
    expect(stderr).not.toContain('Warning');
  });

  test.each([
    ['an unknown task', 'nope', 'INLINE', 2, 'There is no task "nope" on'],
    [
      'a system task',
      'task-1',
      'HTTP',
      2,
      'The server itself executes tasks of type HTTP; they have no worker.\nShow the input',
    ],
    [
      'a task without a worker in the folder',
      'task-1',
      'other',
      2,
      'no worker for "other" here.\nGive the folder of your workers with --tasks-dir. The folder in use has workers for: compute, greet, hold.',
    ],
  ])('for %s, the error says what to do', async (_, id, taskType, expected, message) => {
    past(taskType);
    const { code, stderr } = await replay(id);
    expect(code).toBe(expected);
    expect(stderr).toContain(message);
  });

  test('fleet replay --help warns about the effects of the handler', async () => {
    expect((await start('--help').ended).stdout).toMatch(/--dry-input[\s\S]*are real and happen again/);
    expect(await replay('task-1', '--attempt', '0')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('fleet replay --help'),
    });
  });
});

describe('the shipped workers', () => {
  let service: Server;
  beforeEach(async () => {
    service = createServer((_, response) => response.end('pong'));
    await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  });
  afterEach(() => void service.close());

  test('fleet replay finds the shipped workers without --tasks-dir', async () => {
    const url = `http://127.0.0.1:${(service.address() as AddressInfo).port}/`;
    past('http_request', { inputData: { url } });
    const { code, stdout } = await runFleetCommand(['replay', 'task-1'], {
      CONDUCTOR_SERVER_URL: fake.url,
      FLEET_DIR: mkdtempSync(join(tmpdir(), 'replay-')),
    });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ status: 'COMPLETED', outputData: { statusCode: 200, body: 'pong' } });
  });
});
