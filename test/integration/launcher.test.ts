import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { processEnvironment } from '../../core/config.ts';
import { freePort } from '../support/free-port.ts';
import { olderNode, programFolders } from '../support/older-node.ts';
import { root, runFleetCommand, startFleetCommand } from '../support/product.ts';

const older = olderNode;
const python = programFolders.map((folder) => join(folder, 'python3')).find((file) => existsSync(file));

const fleet = join(root, 'cli/fleet.js');
const why = older ? '' : ' (skipped: no Node older than 24 on PATH)';
const openShop = async () => ['demo', '--shop-url', `http://127.0.0.1:${await freePort()}`];

describe.skipIf(!older)(`under a Node older than 24 the launcher runs on its own Node 24${why}`, () => {
  const how = { node: older ?? '' };

  test('the launcher shows the help', async () => {
    expect(await runFleetCommand(['--help'], {}, how)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('First steps:'),
    });
  });

  test('the launcher returns the exit code of the program', async () => {
    expect(await runFleetCommand(['statsu'], {}, how)).toMatchObject({ code: 2 });
    const CONDUCTOR_SERVER_URL = `http://127.0.0.1:${await freePort()}`;
    expect(await runFleetCommand(['status'], { CONDUCTOR_SERVER_URL }, how)).toMatchObject({ code: 1 });
  });

  test.each(['SIGINT', 'SIGTERM'] as const)(
    'the launcher forwards %s, so that the program can clean up',
    async (signal) => {
      const running = startFleetCommand(await openShop(), {}, how);
      await running.says(/Ctrl-C closes it/);
      running.child.kill(signal);
      expect(await running.ended).toMatchObject({ code: 0, stdout: expect.stringContaining('The shop is open') });
    },
  );
});

const withNode = [['the Node of the tests', process.execPath], ...(older ? [['a Node older than 24', older]] : [])];

test.skipIf(process.platform === 'win32').each(withNode)(
  'the program ends after the shell in which npm runs it, under %s',
  async (_, node = '') => {
    // npm exec runs the command like this, and SIGTERM ends only the shell.
    const script = '"$0" "$@"; exit $?';
    const env = { ...processEnvironment(), npm_command: 'exec' };
    const shell = spawn('sh', ['-c', script, node, fleet, ...(await openShop())], { env, stdio: 'pipe' });
    let output = '';
    for (const stream of [shell.stdout, shell.stderr]) stream.on('data', (chunk) => (output += chunk));
    const closed = new Promise((resolve) => shell.once('close', resolve)); // when no process holds the pipes any more
    await expect.poll(() => output).toContain('Ctrl-C closes it');
    shell.kill('SIGTERM');
    await closed;
    expect(output).toContain('Closed.');
  },
);

/** A Python program. It runs a command in a new terminal, types Ctrl-C once the expected words appear, and returns its exit code. */
const CTRL_C_AT_TERMINAL = `
import os, pty, sys
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
said = b''
typed = False
while True:
    try:
        chunk = os.read(terminal, 4096)
    except OSError:
        break
    if not chunk:
        break
    said += chunk
    if not typed and b'Ctrl-C closes it' in said:
        typed = True
        os.write(terminal, b'\\x03')
status = os.waitpid(pid, 0)[1]
sys.stdout.write(said.decode())
sys.exit(os.waitstatus_to_exitcode(status) & 255)
`;

/** The program receives Ctrl-C twice: from the terminal, and from the launcher, which forwards its own. */
describe.skipIf(!python)(`at a terminal${python ? '' : ' (skipped: no python3 on PATH to open one)'}`, () => {
  const nodes = [
    ['the Node of the tests', process.execPath] as const,
    ...(older ? [['a Node older than 24', older] as const] : []),
  ];

  test.each(nodes)('one Ctrl-C lets the program end normally under %s', async (_, node) => {
    for (let round = 0; round < 3; round++) {
      const args = ['-c', CTRL_C_AT_TERMINAL, node, fleet, ...(await openShop())];
      // execFileSync throws unless the exit code is 0
      expect(execFileSync(python ?? '', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })).toContain(
        '^C',
      );
    }
  });
});
