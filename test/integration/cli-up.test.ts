import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import upCommand from '../../cli/commands/up.ts';
import { asEnvironment, startWorkerProcess } from '../../cli/worker-processes/start-worker-process.ts';
import { type Config, loadConfig } from '../../core/config.ts';
import { type FakeConductor, startFakeConductor } from '../support/fake-conductor.ts';
import { freePort } from '../support/free-port.ts';
import { runFleetCommand, startFleetCommand } from '../support/product.ts';
import { runCommand } from '../support/run-command.ts';

let fake: FakeConductor;
let folder: string;
beforeEach(async () => {
  fake = await startFakeConductor();
  folder = mkdtempSync(join(tmpdir(), 'cli-up-'));
});
afterEach(() => fake.close());

/** Makes a configuration with settings of every kind, from a file and from flags. */
function chosen(workerHealthPort: number) {
  const file = join(folder, 'fleet.json');
  const workers = { http_request: { concurrency: 2 } };
  writeFileSync(file, JSON.stringify({ workers, conductorAuthKey: 'k', conductorAuthSecret: 's', filesRoot: 'docs' }));
  const flags = { workerConcurrency: '3', workerHealthPort, mcpAllowedHosts: 'a,b', dataDir: folder };
  return loadConfig({ flags, file, env: {} }).config;
}

describe('the worker process of fleet up', () => {
  test('the worker process receives every setting of fleet up in its environment', async () => {
    const config = chosen(await freePort());
    expect(loadConfig({ env: asEnvironment(config) }).config).toEqual(config);
    expect(config).toMatchObject({ workerConcurrency: 3, mcpAllowedHosts: ['a', 'b'], conductorAuthSecret: 's' });
  });

  test('the worker process uses the concurrency that fleet up is configured with', async () => {
    fake.routes = ({ path }) => (path === '/api/token' ? { body: { token: 'a.b.c' } } : undefined);
    const port = await freePort();
    const config = chosen(port);
    const worker = startWorkerProcess(config, fake.url, 'http://127.0.0.1:1');
    const look = async () =>
      ((await (await fetch(`http://127.0.0.1:${port}/livez`)).json()) as { concurrency: number }).concurrency;
    await expect.poll(() => look().catch(() => undefined), { timeout: 10_000 }).toBe(3);
    if (process.platform === 'linux') {
      const environment = readFileSync(`/proc/${worker.pid}/environ`, 'utf8').split('\0');
      expect(environment).toContain(`FILES_ROOT=${resolve('docs')}`);
    }
    await worker.stop();
    expect(await worker.ended).toBe('ended with code 0');
  });
});

describe('Ctrl-C while fleet up starts', () => {
  test.each([
    ['reads the registered definitions', '/api/metadata/taskdefs', 'GET'],
    ['registers definitions', '/api/metadata/taskdefs', 'POST'],
  ])('after Ctrl-C while fleet up %s, it starts nothing else', async (_, path, method) => {
    const asked = Promise.withResolvers<void>();
    let lock: unknown;
    fake.routes = (request) => {
      if (request.path === '/api/metadata/workflow' && request.method === 'POST') lock = request.body;
      if (request.path.includes('fleet_apply_lock') && request.method === 'GET') return { body: lock };
      if (request.path === '/api/scheduler/nextFewSchedules') return { body: [Date.now() + 60_000] };
      if (request.path === path && request.method === method) {
        asked.resolve();
        return new Promise(() => undefined);
      }
      return request.path === path ? { body: [] } : undefined;
    };
    const shop = `http://127.0.0.1:${await freePort()}`;
    const env = { CONDUCTOR_SERVER_URL: fake.url, FLEET_DIR: folder, SHOP_URL: shop };
    const up = startFleetCommand(['up', '--port', String(await freePort())], env);
    await Promise.race([
      asked.promise,
      up.ended.then(({ stderr }) => Promise.reject(new Error(`it ended: ${stderr}`))),
    ]);
    up.child.kill('SIGINT');
    const { code, stderr } = await up.ended;
    expect(code, stderr).toBe(130);
    expect(stderr).toContain('stopped by SIGINT');
    expect(stderr).not.toMatch(/Registered|worker:|MCP:/);
    await expect(fetch(shop)).rejects.toThrow();
  });
});

test('fleet up refuses a files root that it cannot read, and starts nothing', async () => {
  const env = { CONDUCTOR_SERVER_URL: fake.url, FLEET_DIR: folder };
  const { code, stderr } = await runFleetCommand(['up', '--once', '--files-root', join(folder, 'none')], env);
  expect(code).toBe(2);
  expect(stderr).toMatch(/error: Cannot read the files root ".*none": ENOENT/);
  expect(fake.requests).toEqual([]);
});

describe('N5: fleet up finds what makes it fail before it starts or asks a server', () => {
  const up = (settings: Partial<Config>) =>
    runCommand(upCommand, ['--once'], { settings: { conductorServerUrl: fake.url, dataDir: folder, ...settings } });
  afterEach(() => expect(fake.requests).toEqual([]));

  test.each([
    ['workflowsDir', 'definitions/broken.ts', 'export default nothing();', /definitions\/broken\.ts cannot be loaded/],
    ['workflowsDir', 'definitions/empty.ts', 'export default {};', /default export of definitions\/empty\.ts/],
    ['workflowsDir', 'schedules/broken.ts', 'throw new Error("none");', /schedules\/broken\.ts cannot be loaded/],
    ['tasksDir', 'broken.ts', 'export const x = ;', /broken\.ts cannot be loaded/],
  ])('a broken file in %s: %s', async (setting, file, source, message) => {
    for (const name of ['definitions', 'schedules']) mkdirSync(join(folder, name));
    writeFileSync(join(folder, file), source);
    await expect(up({ [setting]: folder })).rejects.toMatchObject({
      code: 'config',
      message: expect.stringMatching(message),
    });
  });

  test('an unknown toolset', async () => {
    await expect(up({ mcpToolsets: ['nope'] })).rejects.toMatchObject({ message: expect.stringContaining('nope') });
  });

  test.each([
    ['mcpPort', '--port'],
    ['workerHealthPort', '--health-port'],
    ['workerControlPort', '--control-port'],
  ])('a chosen port that another program uses: %s', async (setting, flag) => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    await expect(up({ [setting]: port })).rejects.toMatchObject({
      code: 'environment',
      message: `Cannot listen on 127.0.0.1:${port}: another program listens there.`,
      remedy: `Choose another port with ${flag}, or stop the program that uses this port.`,
    });
    other.close();
  });
});
