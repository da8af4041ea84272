import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import applyCmd from '../../cli/commands/apply.ts';
import completeCmd from '../../cli/commands/complete.ts';
import diagramCmd from '../../cli/commands/diagram.ts';
import lintCmd from '../../cli/commands/lint.ts';
import planCmd from '../../cli/commands/plan.ts';
import pullCmd from '../../cli/commands/pull.ts';
import replayCmd from '../../cli/commands/replay.ts';
import runCmd from '../../cli/commands/run.ts';
import serverCmd from '../../cli/commands/server.ts';
import statusCmd from '../../cli/commands/status.ts';
import testCmd from '../../cli/commands/test.ts';
import upCmd from '../../cli/commands/up.ts';
import type { Command } from '../../cli/define-command.ts';
import { createConductor } from '../../core/conductor/api.ts';
import { createCaller } from '../../core/conductor/connection/caller.ts';
import { followExecution } from '../../core/conductor/follow-execution.ts';
import { loadConfig } from '../../core/config.ts';
import { type FakeConductor, startFakeConductor } from '../support/fake-conductor.ts';
import { runFleetCommand, startFleetCommand } from '../support/product.ts';
import { runCommand } from '../support/run-command.ts';

let fake: FakeConductor;
beforeEach(async () => {
  fake = await startFakeConductor();
});
afterEach(() => fake.close());

describe('a command ends after its work, although its token is refreshed in the background', () => {
  const withToken = () => {
    fake.routes = ({ path }) => (path === '/api/token' ? { body: { token: 'a.b.c' } } : undefined);
    return { CONDUCTOR_SERVER_URL: fake.url, CONDUCTOR_AUTH_KEY: 'key', CONDUCTOR_AUTH_SECRET: 'secret' };
  };

  test.each([
    ['run without --wait', ['run', 'fake_flow'], 0],
    ['run with --wait', ['run', 'fake_flow', '--wait'], 0],
    ['fleet run with an unknown workflow', ['run', 'nope'], 2],
    ['status', ['status'], 0],
    ['fleet status with an unknown execution', ['status', 'nope'], 2],
  ])('%s', async (_, args, code) => {
    expect(await runFleetCommand(args, withToken())).toMatchObject({ code });
    expect(fake.requests.map(({ path }) => path)).toContain('/api/token');
  });
});

describe('waiting for an execution', () => {
  const run = (...args: string[]) =>
    startFleetCommand(['run', 'fake_flow', '--wait', ...args], { CONDUCTOR_SERVER_URL: fake.url });
  const continues = 'The execution continues. To see its state, run `fleet status exec-1`.';

  test('the command continues to wait after failed requests', async () => {
    let looks = 0;
    fake.routes = ({ path }) => (path.endsWith('/status') && ++looks <= 3 ? { status: 503, body: 'busy' } : undefined);
    expect(await run().ended).toMatchObject({ code: 0, stdout: expect.stringContaining('COMPLETED') });
  });

  test('if all requests fail, the wait ends and the error names the command to use later', async () => {
    fake.routes = ({ path }) => (path.endsWith('/status') ? { status: 503, body: 'busy' } : undefined);
    const { config } = loadConfig({ env: {} });
    const conductor = createConductor(createCaller({ ...config, conductorServerUrl: fake.url }));
    const followed = followExecution(conductor, 'exec-1', {
      signal: new AbortController().signal,
      note: () => undefined,
      patienceMs: 500,
    });
    await expect(followed).rejects.toMatchObject({
      code: 'upstream',
      message: expect.stringContaining('exec-1'),
      remedy: continues,
    });
    expect(fake.requests.filter(({ path }) => path.endsWith('/status')).length).toBeGreaterThan(1);
  });

  test('N1: while nothing continues, each note also says what is in the way', async () => {
    let looks = 0;
    fake.routes = ({ path }) => {
      if (!path.startsWith('/api/workflow/exec-1')) return undefined;
      const status = ++looks > 12 ? 'COMPLETED' : 'RUNNING';
      return { body: { workflowId: 'exec-1', workflowName: 'w', status, tasks: [] } };
    };
    const { config } = loadConfig({ env: {} });
    const notes: string[] = [];
    await followExecution(createConductor(createCaller({ ...config, conductorServerUrl: fake.url })), 'exec-1', {
      signal: new AbortController().signal,
      note: (line) => void notes.push(line),
      obstacle: () => 'The disk is full.',
    });
    expect(notes).toEqual([expect.stringContaining('RUNNING'), 'The disk is full.']);
  });

  test('the wait ends at once if a retry of the request is useless', async () => {
    fake.routes = ({ path }) =>
      path.endsWith('/status') ? { status: 403, body: { message: 'not yours' } } : undefined;
    const { code, stderr } = await run().ended;
    expect(code).toBe(2);
    expect(stderr).toMatch(/error: Cannot read the state of exec-1: .*not yours/);
  });

  test.each([
    ['Ctrl-C', [], 130, 'Stopped waiting for exec-1.'],
    ['--timeout', ['--timeout', '1'], 1, 'exec-1 has not ended after 1 s.'],
  ])('the wait ends on %s even while the server does not answer', async (_, args, expected, message) => {
    const asked = Promise.withResolvers<void>();
    fake.routes = ({ path }) => {
      if (!path.endsWith('/status')) return undefined;
      asked.resolve();
      return new Promise(() => undefined);
    };
    const running = run(...args);
    await asked.promise;
    if (expected === 130) running.child.kill('SIGINT');
    const { code, stderr } = await running.ended;
    expect(code, stderr).toBe(expected);
    expect(stderr).toContain(`error: ${message}\n${continues}`);
  });

  test('after Ctrl-C during the start request, the error says that the workflow may have started', async () => {
    const asked = Promise.withResolvers<void>();
    fake.routes = ({ method, path }) => {
      if (method !== 'POST' || path !== '/api/workflow') return undefined;
      asked.resolve();
      return new Promise(() => undefined);
    };
    const running = run();
    await asked.promise;
    running.child.kill('SIGINT');
    const { code, stderr } = await running.ended;
    expect(code).toBe(130);
    expect(stderr).toContain('Stopped while fake_flow was starting: it may or may not have started.');
  });
});

test('after Ctrl-C during a request, the error says that the command was interrupted', async () => {
  const asked = Promise.withResolvers<void>();
  fake.routes = () => {
    asked.resolve();
    return new Promise(() => undefined);
  };
  const running = startFleetCommand(['status'], { CONDUCTOR_SERVER_URL: fake.url });
  await asked.promise;
  running.child.kill('SIGINT');
  const { code, stderr } = await running.ended;
  expect(code).toBe(130);
  expect(stderr).toContain('error: Interrupted: stopped by SIGINT.');
});

test('a worker process ends before it polls if its health port is taken', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const port = String((other.address() as AddressInfo).port);
  const { code, stderr } = await runFleetCommand(['work', '--health-port', port], { CONDUCTOR_SERVER_URL: fake.url });
  other.close();
  expect(code).toBe(1);
  expect(stderr).toMatch(/error: Cannot listen on .*EADDRINUSE/);
  expect(fake.requests).toEqual([]);
});

describe('N6: every command reports a server that is not a Conductor server, and fails', () => {
  const commands: [name: string, command: Command, args: string[]][] = [
    ['run', runCmd, ['fake_flow']],
    ['run --wait', runCmd, ['fake_flow', '--wait']],
    ['status', statusCmd, []],
    ['status of an execution', statusCmd, ['exec-1']],
    ['complete', completeCmd, []],
    ['complete a task', completeCmd, ['exec-1']],
    ['replay', replayCmd, ['task-1']],
    ['test', testCmd, ['ResilientHttpWorkflow']],
    ['plan', planCmd, []],
    ['plan --prune', planCmd, ['--prune']],
    ['apply', applyCmd, ['--yes']],
    ['pull', pullCmd, ['fake_flow', '--stdout']],
    ['diagram of a definition', diagramCmd, ['fake_flow']],
    ['diagram of an execution', diagramCmd, ['0f9c2d3e-0000-4000-8000-000000000000']],
    ['lint --server', lintCmd, ['--server']],
    ['lint of a stored definition', lintCmd, ['fake_flow@server']],
    ['server start', serverCmd, ['start']],
    ['up', upCmd, ['--once']],
  ];
  const answers: [what: string, status: number, body: unknown][] = [
    ['404 with a web page', 404, '<html><h1>404 Not Found</h1></html>'],
    ['404 without a text', 404, ''],
    ['404 of another API', 404, { message: 'Not Found' }],
    ['302', 302, ''],
    ['200 with a web page', 200, '<!doctype html><title>Welcome</title>'],
  ];

  test.each(commands)('fleet %s', async (_, command, args) => {
    for (const [what, status, body] of answers) {
      fake.routes = () => ({ status, body });
      const settings = { conductorServerUrl: fake.url, dataDir: join(tmpdir(), 'none') };
      const error = await runCommand(command, args, { settings }).then(
        ({ stdout, stderr }) => expect.fail(`ended without an error after ${what}:\n${stdout}${stderr}`),
        (thrown) => thrown,
      );
      expect(error, what).toMatchObject({
        code: 'upstream',
        remedy: expect.stringMatching(
          /^Check that CONDUCTOR_SERVER_URL \(in code: conductorServerUrl\) names the API of a Conductor server/,
        ),
      });
    }
  });
});
