import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, describe, expect, test } from 'vitest';
import serverCommand from '../../cli/commands/server.ts';
import { release } from '../../core/conductor/embedded/install/release.ts';
import { readRecord } from '../../core/conductor/embedded/server-record.ts';
import { ensureServer, serverStatus } from '../../core/conductor/ensure-server.ts';
import type { Config } from '../../core/config.ts';
import { isRunning, quiet, TestFolders } from '../support/embedded-folders.ts';
import { startFakeConductor } from '../support/fake-conductor.ts';
import type { Boot } from '../support/fake-java.ts';
import { fakeServerScene } from '../support/fake-server-scene.ts';
import { runCommand } from '../support/run-command.ts';

const folders = new TestFolders();
afterAll(() => folders.clean());

const scene = (name: string, boot?: Boot, settings?: Partial<Config>) => fakeServerScene(folders, name, boot, settings);

describe('fleet server', () => {
  test('fleet server starts a server, shares it, shows its status and log, and stops it', async () => {
    const { config, fleet } = await scene('life');
    expect(await fleet('status')).toMatchObject({ code: 1 });
    expect(JSON.parse((await fleet('stop', '--json')).stdout)).toEqual({ stopped: false });

    const started = JSON.parse((await fleet('start', '--json')).stdout);
    expect(started).toMatchObject({ kind: 'jar', reused: false, url: `http://127.0.0.1:${config.serverPort}/api` });
    expect(await isRunning(started.pid)).toBe(true);
    const again = await fleet('start');
    expect(again.stdout).toContain(`Conductor already runs at ${started.url}`);
    expect(again.stderr).toContain('fleet server stop');
    await expect(fleet('start', '--fresh')).rejects.toMatchObject({ code: 'conflict' });

    const shown = await fleet('status');
    expect(shown).toMatchObject({ code: 0, stdout: expect.stringContaining(`${started.url}: answers`) });
    expect(shown.stdout).toContain(`pid   ${started.pid}`);
    expect(JSON.parse((await fleet('status', '--json')).stdout)).toMatchObject({ ready: true, pid: started.pid });
    expect((await fleet('logs', '--lines', '1')).stdout).toBe('POST /api/tasks');

    expect((await fleet('stop')).stdout).toContain('Stopped');
    expect(await isRunning(started.pid)).toBe(false);
    expect(await fleet('status')).toMatchObject({ code: 1 });
  });

  test('fleet server logs --follow shows new log lines until Ctrl-C', async () => {
    const { config, folder, fleet } = await scene('logs');
    expect((await fleet('logs')).stderr).toMatch(/The log .* is empty/);
    mkdirSync(folder.path);
    writeFileSync(folder.log, 'one\ntwo\n');
    const interrupting = new AbortController();
    const following = runCommand(serverCommand, ['logs', '-n', '1', '--follow'], {
      settings: config,
      signal: interrupting.signal,
      onLine(line) {
        if (line === 'two') appendFileSync(folder.log, 'three\n');
        else interrupting.abort();
      },
    });
    expect((await following).stdout).toBe('two\nthree');
  });

  test('fleet server logs --follow prints a line once it is complete, although the log may end in the middle of a line', async () => {
    const { config, folder, fleet } = await scene('growing-log');
    mkdirSync(folder.path);
    writeFileSync(folder.log, 'one\ntw');
    expect((await fleet('logs')).stdout).toBe('one\ntw');
    const interrupting = new AbortController();
    const following = runCommand(serverCommand, ['logs', '--follow'], {
      settings: config,
      signal: interrupting.signal,
      onLine(line) {
        if (line === 'one') appendFileSync(folder.log, 'o\nthr');
        if (line === 'two') setTimeout(() => appendFileSync(folder.log, 'ee\nlast\n'), 1_000);
        if (line === 'last') interrupting.abort();
      },
    });
    expect((await following).stdout.split('\n')).toEqual(['one', 'two', 'three', 'last']);
  });

  test('fleet server logs --follow prints every line once if the log grows while the command starts to follow it', async () => {
    const { config, folder } = await scene('growing-log-twice');
    mkdirSync(folder.path);
    writeFileSync(folder.log, '');
    const interrupting = new AbortController();
    const following = runCommand(serverCommand, ['logs', '--lines', '10000', '--follow'], {
      settings: config,
      signal: interrupting.signal,
      onLine(text) {
        if (text === 'last') interrupting.abort();
      },
    });
    const written = Array.from({ length: 2_000 }, (_, index) => `line ${index}`).concat('last');
    for (const line of written) {
      appendFileSync(folder.log, `${line}\n`);
      await nextTurn();
    }
    expect((await following).stdout.split('\n')).toEqual(written);
  });

  test('fleet server shows the status of an external server, and does not stop it', async () => {
    const fake = await startFakeConductor();
    fake.routes = ({ path }) => (path === '/health' ? { body: { healthy: true } } : undefined);
    const { fleet } = await scene('external', 'answers', { conductorServerUrl: fake.url });
    expect(await fleet('status')).toMatchObject({ code: 0, stdout: `External Conductor at ${fake.url}: answers` });
    expect((await fleet('start')).stdout).toContain('Conductor already runs at');
    expect((await fleet('stop')).stderr).toContain('CONDUCTOR_SERVER_URL');
    await fake.close();
    expect(await fleet('status')).toMatchObject({ code: 1, stdout: expect.stringContaining('does not answer') });
    await expect(fleet('start')).rejects.toMatchObject({ code: 'upstream' });
  });
});

describe('a start', () => {
  test('after a start, the server evaluates open JOINs again, because the last server may not have finished them', async () => {
    const { config, folder } = await scene('joins');
    const notes: string[] = [];
    const server = await ensureServer(config, { note: (line) => void notes.push(line) });
    expect(notes.join('\n')).toContain('1 open JOIN');
    expect(readFileSync(folder.log, 'utf8')).toContain('POST /api/tasks');
    await server.stop();
    expect(readRecord(folder.record)).toBe('none');
  });

  test('two simultaneous calls start one server, and only one caller owns it', async () => {
    const { config, starts } = await scene('two');
    const both = await Promise.all([ensureServer(config, quiet), ensureServer(config, quiet)]);
    expect(both[0]?.pid).toBe(both[1]?.pid);
    expect(both.map(({ owned }) => owned).sort()).toEqual([false, true]);
    expect(starts()).toHaveLength(1);
    await Promise.all(both.map((server) => server.stop()));
    expect(await isRunning(both[0]?.pid)).toBe(false);
  });

  test('a start unpacks the jar once, and again if an unpacked file is damaged or missing', async () => {
    const { config, starts } = await scene('unpack');
    const { cacheDir = '' } = config;
    const boot = async () => (await ensureServer(config, quiet)).stop();
    await boot();
    const [unpacked = ''] = readdirSync(cacheDir).filter((name) => !name.endsWith('.lock'));
    const part = join(cacheDir, unpacked, 'lib/part.jar');
    truncateSync(part, 1);
    await boot();
    expect(readFileSync(part, 'utf8')).toBe('a part');
    rmSync(part);
    await boot();
    expect(readFileSync(part, 'utf8')).toBe('a part');
    expect(new Set(starts())).toEqual(new Set([join(cacheDir, unpacked, 'server.jar')]));
  });

  test('a start uses the jar in the cache, and a free port if no port is configured', async () => {
    const { config } = await scene('cached');
    const name = `conductor-server-${release.version}-${config.conductorJarSha256?.slice(0, 12)}.jar`;
    mkdirSync(config.cacheDir ?? '', { recursive: true });
    writeFileSync(join(config.cacheDir ?? '', name), 'a boot jar');
    const server = await ensureServer({ ...config, conductorJar: undefined, serverPort: undefined }, quiet);
    expect(Number(new URL(server.url).port)).toBeGreaterThanOrEqual(8080);
    await server.stop();
  });

  test('N4: a server that cannot have port 8080 says why it has another port', async () => {
    const { config } = await scene('moved', 'answers', { serverPort: undefined });
    const other = createServer();
    // If the port is already taken on this machine, that serves as well.
    await new Promise<void>((resolve) => other.once('error', () => resolve()).listen(8080, '127.0.0.1', resolve));
    const notes: string[] = [];
    const server = await ensureServer(config, { note: (line) => void notes.push(line) });
    expect(notes).toContain(`Another program uses port 8080, so the server uses port ${new URL(server.url).port}.`);
    await server.stop();
    other.close();
  });

  test('a start tries the next port if another program has taken the chosen one', async () => {
    const { config, starts } = await scene('taken', 'taken', { serverPort: undefined });
    const notes: string[] = [];
    const server = await ensureServer(config, { note: (line) => void notes.push(line) });
    const ports = notes.flatMap((line) => /on 127\.0\.0\.1:(\d+)/.exec(line)?.[1] ?? []).map(Number);
    expect(ports[1]).toBeGreaterThan(ports[0] ?? 0);
    expect(new URL(server.url).port).toBe(String(ports[1]));
    expect(starts()).toHaveLength(2);
    await server.stop();
  });

  test.each<[string, Boot, RegExp]>([
    ['fails', 'fails', /ended while it was starting.*The database is locked/s],
    ['ends', 'ends', /ended while it was starting.*heap is too small/s],
    ['never answers', 'mute', /did not answer within 1 s/],
    ['finds its port taken', 'taken', /Port \d+ is taken/],
  ])('if the server %s, the start fails with the reason and leaves nothing running', async (_, boot, message) => {
    const { config, folder } = await scene(`not-${boot}`, boot, boot === 'mute' ? { serverStartSeconds: 1 } : {});
    await expect(ensureServer(config, quiet)).rejects.toMatchObject({
      code: 'environment',
      message: expect.stringMatching(message),
    });
    expect(readRecord(folder.record)).toBe('none');
    expect(await serverStatus(config)).toMatchObject({ kind: 'none' });
  });

  test('an interrupted start leaves nothing running', async () => {
    const { config } = await scene('interrupted', 'mute');
    const interrupting = new AbortController();
    const note = (line: string) => void (line.startsWith('Starting') && setTimeout(() => interrupting.abort(), 300));
    await expect(ensureServer(config, { note, signal: interrupting.signal })).rejects.toMatchObject({
      code: 'cancelled',
    });
    expect(await serverStatus(config)).toMatchObject({ kind: 'none' });
  });

  test.each([
    ['a jar with another checksum', { conductorJarSha256: '0'.repeat(64) }, 'config', 'not the expected 000'],
    ['a jar that does not exist', { conductorJar: '/no/such.jar' }, 'config', '/no/such.jar'],
    ['a program that is not Java', { conductorJava: process.execPath }, 'config', 'does not run as a java program'],
    ['a data folder that is a file', { dataDir: process.execPath }, 'environment', 'Cannot write to the data folder'],
  ])('a start refuses %s', async (name, settings, code, message) => {
    const { config } = await scene(name, 'answers', settings);
    await expect(ensureServer(config, quiet)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    });
  });
});

test('a start refuses a database file that the server did not make; --fresh replaces it', async () => {
  const { config, folder } = await scene('foreign');
  mkdirSync(folder.path);
  writeFileSync(folder.database, 'something else');
  await expect(ensureServer(config, quiet)).rejects.toMatchObject({ remedy: expect.stringContaining('--fresh') });
  expect(readFileSync(folder.database, 'utf8')).toBe('something else');
  const server = await ensureServer(config, { ...quiet, fresh: true });
  await server.stop();
});
