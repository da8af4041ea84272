import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { launcher } from '../../cli/installation.ts';
import { installInClient } from '../../cli/mcp-clients/install-in-client.ts';
import { loadConfig } from '../../core/config.ts';
import { type FleetError, messageOf } from '../../core/errors.ts';

let home: string;
let project: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'fleet-home-'));
  project = join(home, 'project');
  mkdirSync(project);
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

interface Given {
  options?: Record<string, unknown>;
  flags?: Record<string, unknown>;
  env?: Record<string, string>;
}

interface Told {
  printed: string;
  noted: string;
}

/** Runs `fleet mcp install <client>` in a project folder and a home folder that belong to the test. */
async function install(client: string | undefined, { options = {}, flags = {}, env = {} }: Given = {}): Promise<Told> {
  const { config } = loadConfig({ flags, env });
  const told: Told = { printed: '', noted: '' };
  const context = {
    config,
    options,
    log: pino({ enabled: false }),
    args: ['install', client],
    signal: new AbortController().signal,
    print: (line = '') => {
      told.printed += `${line}\n`;
    },
    note: (line: string) => {
      told.noted += `${line}\n`;
    },
    exitWith: () => {},
  };
  await installInClient(context, client, { platform: 'linux', home, cwd: project, env });
  return told;
}

function put(file: string, text: string): string {
  mkdirSync(dirname(join(home, file)), { recursive: true });
  writeFileSync(join(home, file), text);
  return join(home, file);
}

const read = (file: string) => readFileSync(join(home, file), 'utf8');
const backups = (folder: string) => readdirSync(join(home, folder)).filter((name) => name.endsWith('.bak'));

describe('fleet mcp install', () => {
  const stdio = { command: process.execPath, args: [launcher, 'mcp'] };
  const overHttp = { flags: { mcpTransport: 'http' } };
  const atUrl = (url: string) => ({ options: { scope: 'user', url } });

  test('install writes the file that the client reads, and says what to do next', async () => {
    const { printed, noted } = await install('claude-code', { flags: { conductorServerUrl: 'http://c.example' } });
    expect(printed).toBe(`Added "conductor" in ${join(project, '.mcp.json')}.\n`);
    expect(noted).toContain('approve the server');
    const env = { CONDUCTOR_SERVER_URL: 'http://c.example/api' };
    expect(JSON.parse(read('project/.mcp.json'))).toEqual({
      mcpServers: { conductor: { type: 'stdio', ...stdio, env } },
    });
    expect(backups('project')).toEqual([]);
  });

  test('install keeps all other content, makes a backup, and changes nothing the second time', async () => {
    const before = `{ // mine\n    "servers": {\n        "mail": { "url": "http://mail/mcp" } // ours\n    }\n}\n`;
    put('project/.vscode/mcp.json', before);
    await install('vscode', overHttp);
    expect(read('project/.vscode/mcp.json')).toBe(
      before.replace(
        ' // ours',
        `, // ours
        "conductor": {
            "type": "http",
            "url": "http://127.0.0.1:3000/mcp"
        }`,
      ),
    );
    const [backup = ''] = backups('project/.vscode');
    expect(backup).toMatch(/^mcp\.json\.20\d\d-\d\d-\d\dT[\d-]+Z\.bak$/);
    expect(read(`project/.vscode/${backup}`)).toBe(before);
    expect((await install('vscode', overHttp)).printed).toContain('already');
    expect(backups('project/.vscode')).toEqual([backup]);
  });

  test('install changes its own entry, and removes it with --remove', async () => {
    const before = '{\n  "mcpServers": {\n    "mail": {\n      "command": "mail"\n    }\n  }\n}\n';
    put('.cursor/mcp.json', before);
    await install('cursor', atUrl('https://one.example/mcp'));
    const { printed } = await install('cursor', atUrl('https://two.example/mcp'));
    expect(printed).toBe(`Changed "conductor" in ${join(home, '.cursor/mcp.json')}.\n`);
    expect(JSON.parse(read('.cursor/mcp.json')).mcpServers).toEqual({
      mail: { command: 'mail' },
      conductor: { url: 'https://two.example/mcp' },
    });
    const removal = { options: { scope: 'user', remove: true } };
    expect((await install('cursor', removal)).printed).toBe(
      `Removed "conductor" from ${join(home, '.cursor/mcp.json')}.\n`,
    );
    expect(read('.cursor/mcp.json')).toBe(before);
    expect(backups('.cursor')).toHaveLength(3);
    expect((await install('cursor', removal)).printed).toContain('is not in');
    expect(backups('.cursor')).toHaveLength(3);
  });

  test('install writes no secret: it names the variable, or says that the client reads no environment variables', async () => {
    const env = { CONDUCTOR_AUTH_KEY: 'key-value', CONDUCTOR_AUTH_SECRET: 'secret-value' };
    const first = await install('claude-code', { env });
    expect(JSON.parse(read('project/.mcp.json')).mcpServers.conductor.env).toEqual({
      FLEET_DIR: resolve('.fleet'),
      CONDUCTOR_AUTH_KEY: '${CONDUCTOR_AUTH_KEY}',
      CONDUCTOR_AUTH_SECRET: '${CONDUCTOR_AUTH_SECRET}',
    });
    const second = await install('claude-desktop', { env });
    expect(second.noted).toContain('The values of CONDUCTOR_AUTH_KEY, CONDUCTOR_AUTH_SECRET were not written');
    expect(second.noted).toContain('Claude Desktop reads no environment variables');
    const files = [read('.config/Claude/claude_desktop_config.json'), read('project/.mcp.json')];
    expect(JSON.stringify([first, second, files])).not.toContain('-value');
  });

  test('install with --print prints the configuration and writes nothing', async () => {
    const options = { scope: 'user', name: 'flows', print: true };
    const { printed, noted } = await install('vscode', { options });
    expect(JSON.parse(printed)).toMatchObject({ servers: { flows: { type: 'stdio', ...stdio } } });
    expect(noted).toContain('Nothing was written.');
    expect(readdirSync(home)).toEqual(['project']);
  });

  test('install does not change a file that is not JSON, and says what to add by hand', async () => {
    const file = put('project/.mcp.json', '{ "mcpServers": {\n  oops\n} }');
    await expect(install('claude-code', overHttp)).rejects.toMatchObject({
      code: 'config',
      message: `"${file}" was not changed: line 2 is not JSON.`,
      remedy: expect.stringContaining('"url": "http://127.0.0.1:3000/mcp"'),
    });
    expect(read('project/.mcp.json')).toBe('{ "mcpServers": {\n  oops\n} }');
    expect(backups('project')).toEqual([]);
  });

  test('install keeps a symbolic link and the permissions of its target', async () => {
    const target = put('dotfiles/cursor.json', '{}');
    chmodSync(target, 0o600);
    mkdirSync(join(home, '.cursor'));
    symlinkSync(target, join(home, '.cursor/mcp.json'));
    await install('cursor', { options: { scope: 'user' } });
    expect(lstatSync(join(home, '.cursor/mcp.json')).isSymbolicLink()).toBe(true);
    expect(statSync(target).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(target, 'utf8'))).toHaveProperty('mcpServers.conductor');
  });

  test('install fails if a file is in the place of a folder', async () => {
    put('project/.cursor', 'a file');
    await expect(install('cursor')).rejects.toMatchObject({
      code: 'environment',
      remedy: expect.stringContaining('--print'),
    });
    expect(existsSync(join(project, '.cursor/mcp.json'))).toBe(false);
  });

  const mistakes: [string | undefined, Given, string][] = [
    [undefined, {}, 'Name one of claude-code, claude-desktop, cursor, vscode.'],
    ['emacs', {}, 'There is no client "emacs".'],
    ['claude-desktop', { options: { scope: 'project' } }, 'Leave out --scope.'],
    ['claude-desktop', overHttp, 'Use --transport stdio'],
    ['cursor', { options: { scope: 'team' } }, '--scope must be one of project, user, not "team".'],
    ['cursor', { options: { name: 'a b' } }, '--name must be 1 to 64 letters, digits, _ or -, not "a b".'],
    ['cursor', { options: { url: 'http://me:pw@host/mcp' } }, 'must not hold a user name or password'],
    ['cursor', { options: { print: true, remove: true } }, 'cannot be combined'],
  ];
  test.each(mistakes)('install refuses the client %s with %j, and says what to do', async (client, given, sentence) => {
    const error: unknown = await install(client, given).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'input' });
    expect(`${messageOf(error)} ${(error as FleetError).remedy}`).toContain(sentence);
    expect(readdirSync(project)).toEqual([]);
  });
});
