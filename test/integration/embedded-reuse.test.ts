import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import serverCommand from '../../cli/commands/server.ts';
import { release } from '../../core/conductor/embedded/install/release.ts';
import { readRecord, writeRecord } from '../../core/conductor/embedded/server-record.ts';
import { ensureServer, findServer, serverStatus, stopServer } from '../../core/conductor/ensure-server.ts';
import type { Config } from '../../core/config.ts';
import { startOf } from '../../core/processes.ts';
import { isRunning, quiet, TestFolders } from '../support/embedded-folders.ts';
import { type Boot, fakeJava } from '../support/fake-java.ts';
import { fakeServerScene } from '../support/fake-server-scene.ts';
import { runCommand } from '../support/run-command.ts';

const folders = new TestFolders();
afterAll(() => folders.clean());

const scene = (name: string, boot?: Boot, settings?: Partial<Config>) => fakeServerScene(folders, name, boot, settings);

describe('a server that is found running', () => {
  /** Starts a process that does nothing, with these arguments. */
  const idle = (...args: string[]): ChildProcess =>
    folders.add(spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', '--', ...args], { stdio: 'ignore' }));

  test('a start takes over a running server only after its owner has died', async () => {
    const { config, folder } = await scene('orphan');
    const first = await ensureServer(config, quiet);
    const living = idle();
    const state = readRecord(folder.record);
    if (typeof state === 'string') throw new Error(state);
    const pid = living.pid ?? 0;
    writeRecord(folder.record, { ...state, owner: { pid, startedAt: (await startOf(pid)) ?? '' } });
    expect(await ensureServer(config, quiet)).toMatchObject({ pid: first.pid, owned: false, reused: true });
    await first.stop();
    expect(await serverStatus(config)).toMatchObject({ ready: true, ownerPid: pid });

    living.kill('SIGKILL');
    await once(living, 'exit');
    const heir = await ensureServer(config, quiet);
    expect(heir).toMatchObject({ pid: first.pid, owned: true, reused: true });
    await heir.stop();
    expect(await isRunning(first.pid)).toBe(false);
  });

  /** The version of this release with another last number. */
  const otherVersion = (last: number) => release.version.replace(/\d+$/, String(last));
  test.each([
    ['older', otherVersion(0), `To change to ${release.version}: fleet server stop,`],
    ['newer', otherVersion(100), 'Update conductor-fleet'],
    ['equal', release.version, undefined],
  ])(
    'a start uses a running server of an %s version, and says what to do if the versions differ',
    async (name, version, remedy) => {
      const java = fakeJava(join(folders.path, `${name}-version`), 'answers', version);
      const { config } = await scene(`version-${name}`, 'answers', java);
      const first = await ensureServer(config, quiet);
      // A jar with the checksum of the user's own could have any version, so this start has none.
      const settings = { ...config, conductorJar: undefined, conductorJarSha256: undefined };
      const { stdout, stderr } = await runCommand(serverCommand, ['start', '--json'], { settings });
      expect(JSON.parse(stdout)).toMatchObject({ pid: first.pid, reused: true });
      const said = stderr.split('\n').filter((line) => line.startsWith('Conductor'));
      const expected = `Conductor ${version} already runs; this program brings ${release.version}. ${remedy}`;
      expect(said).toEqual(remedy === undefined ? [] : [expect.stringContaining(expected)]);
      await first.stop();
    },
  );

  test.each(['missing', 'broken'])('a running server is found even if its record is %s', async (record) => {
    const { config, folder } = await scene(`unrecorded-${record}`);
    const first = await ensureServer(config, quiet);
    if (record === 'missing') rmSync(folder.record);
    else truncateSync(folder.record, 20);
    expect(await serverStatus(config)).toMatchObject({ ready: true, pid: first.pid });
    expect(await ensureServer(config, quiet)).toMatchObject({ pid: first.pid, owned: false, reused: true });
    expect(await stopServer(config)).toBe(true);
    expect(await isRunning(first.pid)).toBe(false);
  });

  /** Records an idle process as the folder's server. */
  async function record(name: string, settings: Partial<Config>, ...args: string[]) {
    const { config, folder } = await scene(name, 'answers', settings);
    mkdirSync(folder.path);
    const child = idle(...args);
    await once(child, 'spawn');
    const state = { kind: 'jar', instance: 'mute', pid: child.pid, port: 18_999, version: release.version } as const;
    writeRecord(folder.record, { ...state, startedAt: new Date(0).toISOString() });
    return { config, child };
  }

  test('a start ends the recorded server if it is ours and no longer answers', async () => {
    const settings = { conductorJava: '/nowhere/java', serverStartSeconds: 1 };
    const { config, child } = await record('mute-before', settings, '-Dfleet.instance=mute');
    const ended = once(child, 'exit');
    await expect(ensureServer(config, quiet)).rejects.toMatchObject({ code: 'config' });
    expect(await ended).toEqual([null, 'SIGTERM']);
  });

  test('a recorded process id that now belongs to another program is ignored', async () => {
    const { config, child } = await record('stranger', {});
    expect(await findServer(config)).toBeUndefined();
    expect(await stopServer(config)).toBe(false);
    expect(child.exitCode ?? child.signalCode).toBeNull();
  });
});
