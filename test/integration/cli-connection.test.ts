import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createConductor } from '../../core/conductor/api.ts';
import { createCaller } from '../../core/conductor/connection/caller.ts';
import { followExecution } from '../../core/conductor/follow-execution.ts';
import { loadConfig } from '../../core/config.ts';
import { type FakeConductor, startFakeConductor } from '../support/fake-conductor.ts';
import { runFleetCommand, startFleetCommand } from '../support/product.ts';

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
