import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { createConductor } from '../../core/conductor/api.ts';
import { createCaller } from '../../core/conductor/client.ts';
import { ensureServer, findServer, readServerLog, serverStatus, stopServer } from '../../core/conductor/server.ts';
import { type Config, processEnvironment } from '../../core/config.ts';
import { commandOf } from '../../core/processes.ts';
import { folderOf, quiet, TestFolders } from '../support/embedded-folders.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folders = new TestFolders();
afterAll(() => folders.clean());

async function fleet(config: Config, ...args: string[]) {
  const env = {
    ...processEnvironment(),
    CONDUCTOR_SERVER_URL: '',
    FLEET_DIR: config.dataDir,
    OPENAI_API_KEY: 'sk-never-shown',
    CONDUCTOR_SECRET_word: 'never-shown',
    CONDUCTOR_ENV_word: 'never-shown',
  };
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    const child = execFile(process.execPath, [join(root, 'cli/main.ts'), ...args], { env }, (_, stdout, stderr) => {
      resolve({ code: child.exitCode ?? -1, stdout, stderr });
    });
  });
}

/** A process that owns a server as `fleet up` does, and never comes to stopping it. */
async function startOwner(config: Config): Promise<ChildProcess> {
  const module = JSON.stringify(join(root, 'core/conductor/server.ts'));
  const code = `const { ensureServer } = await import(${module});
    const server = await ensureServer(${JSON.stringify(config)}, { note: () => {} });
    console.log(JSON.stringify(server));
    setInterval(() => {}, 1000);`;
  const owner = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  folders.add(owner);
  await once(owner.stdout, 'data');
  return owner;
}

async function runInline(url: string): Promise<string> {
  const conductor = createConductor(createCaller({ ...folders.configFor('inline'), conductorServerUrl: url }));
  await conductor.putWorkflowDef({
    name: 'embedded_sum',
    version: 1,
    schemaVersion: 2,
    tasks: [
      {
        name: 'sum',
        taskReferenceName: 'sum',
        type: 'INLINE',
        inputParameters: { evaluatorType: 'graaljs', expression: '$.a + $.b', a: 19, b: 23 },
      },
    ],
    outputParameters: { sum: '${sum.output.result}' },
  });
  const id = await conductor.startWorkflow({ name: 'embedded_sum', version: 1, input: {} });
  conductor.close();
  return id;
}

async function outputOf(url: string, id: string): Promise<unknown> {
  const conductor = createConductor(createCaller({ ...folders.configFor('inline'), conductorServerUrl: url }));
  const { status, output } = await conductor.getExecution(id);
  conductor.close();
  return { status, output };
}

async function text(url: string): Promise<string> {
  return (await fetch(url)).text();
}

describe('an embedded server', () => {
  const config = folders.configFor('life');
  let id = '';

  it('is started by `fleet server start`, shared by a second one, and keeps secrets to itself', async () => {
    expect(await fleet(config, 'server', 'status')).toMatchObject({ code: 1 });
    const started = await fleet(config, 'server', 'start');
    expect(started).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Conductor is ready: http://127.0.0.1:'),
    });
    const status = await fleet(config, 'server', 'status', '--json');
    expect(status.code).toBe(0);
    const { url, pid, ready } = JSON.parse(status.stdout);
    expect({ ready, found: await findServer(config) }).toEqual({ ready: true, found: url });
    expect(JSON.parse((await fleet(config, 'server', 'start', '--json')).stdout)).toMatchObject({ pid, reused: true });
    expect(await fleet(config, 'server', 'start', '--fresh')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('fleet server stop'),
    });
    const paths = ['environment', 'environment/word', 'secrets', 'secrets/word', 'admin/config'];
    const shown = await Promise.all(paths.map((path) => text(`${url}/${path}`)));
    expect(shown.join('\n')).not.toContain('never-shown');
    expect(await commandOf(pid)).not.toContain('never-shown');
    expect(await readServerLog(config, { lines: 3 })).toHaveLength(3);

    id = await runInline(url);
    expect(await outputOf(url, id)).toEqual({ status: 'COMPLETED', output: { sum: 42 } });
    expect(await fleet(config, 'server', 'stop')).toMatchObject({ code: 0, stdout: 'Stopped. The data stays.\n' });
    expect(await commandOf(pid)).toBeUndefined();
    expect(await fleet(config, 'server', 'status')).toMatchObject({ code: 1 });
  });

  it('keeps its executions, survives the death of its owner, and is taken over by the next start', async () => {
    truncateSync(writeHalfState(config), 20);
    const owner = await startOwner(config);
    const { url, pid, ownerPid } = await serverStatus(config);
    expect(ownerPid).toBe(owner.pid);
    expect(await outputOf(url ?? '', id)).toEqual({ status: 'COMPLETED', output: { sum: 42 } });

    const shared = await ensureServer(config, quiet);
    expect(shared).toMatchObject({ pid, owned: false, reused: true });
    await shared.stop();
    expect(await serverStatus(config)).toMatchObject({ ready: true, pid });

    owner.kill('SIGKILL');
    await once(owner, 'exit');
    const [first, second] = await Promise.all([ensureServer(config, quiet), ensureServer(config, quiet)]);
    expect([first, second].map((server) => server.pid)).toEqual([pid, pid]);
    expect([first, second].filter(({ owned }) => owned)).toHaveLength(1);

    truncateSync(folderOf(config).state, 20);
    expect(await ensureServer(config, quiet)).toMatchObject({ pid, owned: false, reused: true });
    expect(await stopServer(config)).toBe(true);
    expect(await serverStatus(config)).toMatchObject({ kind: 'none' });
  });

  it('is one where two are started at once, on a folder that a crash left in pieces', async () => {
    const pieces = folders.configFor('pieces');
    const folder = folderOf(pieces);
    mkdirSync(folder.path);
    for (const file of [folder.state, folder.database]) writeFileSync(file, '');
    writeFileSync(folder.lock, 'half a lock');
    const [first, second] = await Promise.all([ensureServer(pieces, quiet), ensureServer(pieces, quiet)]);
    expect(first.pid).toBe(second.pid);
    expect([first.owned, second.owned].sort()).toEqual([false, true]);
    await Promise.all([first.stop(), second.stop()]);
    expect(await commandOf(first.pid ?? 0)).toBeUndefined();
    expect(existsSync(folder.state)).toBe(false);
  });
});

function writeHalfState(config: Config): string {
  const { state } = folderOf(config);
  writeFileSync(state, `{"kind":"jar","instance":"${randomUUID()}","port":8080`);
  return state;
}
