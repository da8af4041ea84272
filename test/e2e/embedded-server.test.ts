import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { type Conductor, createConductor } from '../../core/conductor/api.ts';
import { createCaller } from '../../core/conductor/connection/caller.ts';
import {
  ensureServer,
  findServer,
  readServerLog,
  serverStatus,
  stopServer,
} from '../../core/conductor/ensure-server.ts';
import type { WorkflowDef } from '../../core/conductor/types.ts';
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

interface Owner {
  readonly child: ChildProcess;
  readonly server: { readonly pid: number };
  /** The lines that `ensureServer` reported while the server started. */
  readonly notes: string;
}

/** Starts a process that owns a server, as `fleet up` does. This process never stops its server. */
async function startOwner(config: Config): Promise<Owner> {
  const module = JSON.stringify(join(root, 'core/conductor/ensure-server.ts'));
  const code = `const { ensureServer } = await import(${module});
    const notes = [];
    const server = await ensureServer(${JSON.stringify(config)}, { note: (line) => notes.push(line) });
    console.log(JSON.stringify({ server, notes: notes.join(' ') }));
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  folders.add(child);
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  return { child, ...JSON.parse(line) };
}

async function connected<T>(url: string, ask: (conductor: Conductor) => Promise<T>): Promise<T> {
  const conductor = createConductor(createCaller({ ...folders.configFor('client'), conductorServerUrl: url }));
  try {
    return await ask(conductor);
  } finally {
    conductor.close();
  }
}

const sum: WorkflowDef = {
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
};

const wait = (ref: string) => ({
  name: 'wait',
  taskReferenceName: ref,
  type: 'WAIT',
  inputParameters: { duration: '12 seconds' },
});

const fork: WorkflowDef = {
  name: 'embedded_fork',
  version: 1,
  schemaVersion: 2,
  tasks: [
    { name: 'fork', taskReferenceName: 'fork', type: 'FORK_JOIN', forkTasks: [[wait('left')], [wait('right')]] },
    { name: 'join', taskReferenceName: 'join', type: 'JOIN', joinOn: ['left', 'right'] },
  ],
};

const start = (url: string, def: WorkflowDef) =>
  connected(url, async (conductor) => {
    await conductor.putWorkflowDef(def);
    return conductor.startWorkflow({ name: def.name, version: 1, input: {} });
  });

const resultOf = (url: string, id: string) =>
  connected(url, async (conductor) => {
    const { status, output } = await conductor.getExecution(id);
    return { status, output };
  });

const SUMMED = { status: 'COMPLETED', output: { sum: 42 } };

async function kill(pid: number): Promise<void> {
  process.kill(pid, 'SIGKILL');
  while ((await commandOf(pid)) !== undefined) await pause(50);
}

/**
 * Makes the state that a kill leaves if it happens while the server evaluates a JOIN: the JOIN's queue message is
 * hidden. A test cannot time a kill so exactly.
 */
function hideJoins(file: string): number | bigint {
  const database = new DatabaseSync(file);
  try {
    return database
      .prepare(
        `UPDATE queue_message SET popped = 1, offset_time_seconds = 3600,
         deliver_on = strftime('%Y-%m-%d %H:%M:%f', 'now', '+3600 seconds') WHERE queue_name = 'JOIN'`,
      )
      .run().changes;
  } finally {
    database.close();
  }
}

async function text(url: string): Promise<string> {
  return (await fetch(url)).text();
}

/** These tests share one data folder and depend on their order. Its server starts three times. */
describe('an embedded server', { timeout: 300_000 }, () => {
  const config = folders.configFor('life');
  const folder = folderOf(config);
  let summed = '';
  let forked = '';
  let owner: Owner;

  it('two simultaneous calls start one server, even in a folder that a crash left damaged', async () => {
    mkdirSync(folder.path);
    writeFileSync(folder.record, `{"kind":"jar","ins`);
    writeFileSync(folder.database, '');
    writeFileSync(folder.lock, 'half a lock');
    const [first, second] = await Promise.all([ensureServer(config, quiet), ensureServer(config, quiet)]);
    expect(first.pid).toBe(second.pid);
    expect([first.owned, second.owned].sort()).toEqual([false, true]);

    summed = await start(first.url, sum);
    expect(await resultOf(first.url, summed)).toEqual(SUMMED);
    await Promise.all([first.stop(), second.stop()]);
    expect(await commandOf(first.pid ?? 0)).toBeUndefined();
    expect(existsSync(folder.record)).toBe(false);
  });

  it('`fleet server start` starts a server, a second start shares it, and its API shows no secrets', async () => {
    expect(await fleet(config, 'server', 'status')).toMatchObject({ code: 1 });
    const started = await fleet(config, 'server', 'start');
    expect(started).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Conductor is ready at http://127.0.0.1:'),
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
    expect((await readServerLog(config, { most: 3 })).lines).toHaveLength(3);
    expect(await resultOf(url, summed), 'it keeps its executions').toEqual(SUMMED);

    forked = await start(url, fork);
    await kill(pid);
    expect(await fleet(config, 'server', 'status')).toMatchObject({ code: 1 });
    expect(hideJoins(folder.database)).toBe(1);
  });

  it('after a kill, a new server continues the executions, even if a JOIN was being evaluated', async () => {
    owner = await startOwner(config);
    expect(owner.notes).toContain('Told the server to evaluate 1 open JOIN of earlier executions again.');
    const { url, pid, ownerPid } = await serverStatus(config);
    expect({ pid, ownerPid }).toEqual({ pid: owner.server.pid, ownerPid: owner.child.pid });
    expect(await resultOf(url ?? '', summed)).toEqual(SUMMED);
    const { status } = await connected(url ?? '', (conductor) =>
      conductor.waitForEnd(forked, { signal: AbortSignal.timeout(60_000) }),
    );
    expect(status).toBe('COMPLETED');
  });

  it('the server survives the death of its owner; the next start takes it over, and `fleet server stop` ends it', async () => {
    const { child, server } = owner;
    const { pid } = server;
    const shared = await ensureServer(config, quiet);
    expect(shared).toMatchObject({ pid, owned: false, reused: true });
    await shared.stop();
    expect(await serverStatus(config)).toMatchObject({ ready: true, pid });

    child.kill('SIGKILL');
    await once(child, 'exit');
    const [first, second] = await Promise.all([ensureServer(config, quiet), ensureServer(config, quiet)]);
    expect([first, second].map((one) => one.pid)).toEqual([pid, pid]);
    expect([first, second].filter(({ owned }) => owned)).toHaveLength(1);

    truncateSync(folder.record, 20);
    expect(await ensureServer(config, quiet)).toMatchObject({ pid, owned: false, reused: true });
    expect(await fleet(config, 'server', 'stop')).toMatchObject({ code: 0, stdout: 'Stopped. The data stays.\n' });
    expect(await commandOf(pid)).toBeUndefined();
    expect(await fleet(config, 'server', 'status')).toMatchObject({ code: 1 });
    expect(await serverStatus(config)).toMatchObject({ kind: 'none' });
    expect(await stopServer(config), 'nothing is left to stop').toBe(false);
  });
});
