import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  blockOf,
  type ClientName,
  claudeCommand,
  clientNames,
  clients,
  type Reach,
} from '../../cli/mcp-clients/clients.ts';
import { connectionHelp } from '../../cli/mcp-clients/connection-help.ts';
import { type Config, loadConfig } from '../../core/config.ts';
import { blocksOf, targetIn, targetOfCommand } from '../support/client-blocks.ts';
import { type FakeConductor, startFakeConductor } from '../support/fake-conductor.ts';
import { connect, eras, type Target } from '../support/mcp-clients.ts';
import { type HttpProcess, startHttpProcess } from '../support/mcp-process.ts';
import { root, runFleetCommand } from '../support/product.ts';

const elsewhere = mkdtempSync(join(tmpdir(), 'fleet-client-'));

let fake: FakeConductor;
let http: HttpProcess;

beforeAll(async () => {
  fake = await startFakeConductor();
  http = await startHttpProcess({ CONDUCTOR_SERVER_URL: fake.url });
});
afterAll(async () => {
  await http.stop();
  await fake.close();
  rmSync(elsewhere, { recursive: true, force: true });
});

/** Expects that the client libraries of both eras reach the server, and Conductor through it. */
async function expectToWork(target: Target): Promise<void> {
  const answers = await Promise.all(
    eras.map(async (era) => {
      const client = await connect(era, target);
      try {
        const { isError, structured } = await client.call('get_execution_status', { executionId: 'exec-1' });
        return { era: client.protocolVersion, isError, workflow: structured.workflow };
      } finally {
        await client.close();
      }
    }),
  );
  expect(answers).toEqual(eras.map((era) => ({ era, isError: false, workflow: 'fake_flow' })));
}

describe('what `fleet mcp install --print` prints', () => {
  const printed = async (...flags: string[]) => {
    const { code, stdout, stderr } = await runFleetCommand(['mcp', 'install', ...flags, '--print']);
    expect(code, stderr).toBe(0);
    return JSON.parse(stdout) as unknown;
  };

  test.each(clientNames)('the printed configuration for %s starts the server', async (client) => {
    await expectToWork(targetIn(client, await printed(client, '--server-url', fake.url)));
  });

  const withAddresses = clientNames.filter((name) => clients[name].httpType !== null);
  test.each(withAddresses)('the printed configuration for %s connects to a running server', async (client) => {
    const { port } = new URL(http.url);
    await expectToWork(targetIn(client, await printed(client, '--transport', 'http', '--port', port)));
  });

  test('the printed configuration equals the file that the command writes without --print', async () => {
    const flags = ['claude-code', '--scope', 'user', '--server-url', fake.url];
    const home = { HOME: elsewhere, CLAUDE_CONFIG_DIR: elsewhere };
    const { code, stdout } = await runFleetCommand(['mcp', 'install', ...flags], home);
    expect({ code, stdout }).toEqual({ code: 0, stdout: `Added "conductor" in ${join(elsewhere, '.claude.json')}.\n` });
    expect(JSON.parse(readFileSync(join(elsewhere, '.claude.json'), 'utf8'))).toEqual(await printed(...flags));
  });
});

describe('the README', () => {
  const program = '/path/to/conductor-fleet/cli/fleet.js';
  const api = 'http://127.0.0.1:8080/api';
  const url = 'http://127.0.0.1:3000/mcp';
  const stdio: Reach = {
    transport: 'stdio',
    command: 'node',
    args: [program, 'mcp'],
    env: { CONDUCTOR_SERVER_URL: api },
    secrets: [],
  };
  const blocks = blocksOf('README.md');

  test('the README shows a configuration for every client', () => {
    expect([...new Set(blocks.map(({ client }) => client))].sort()).toEqual([...clientNames].sort());
  });

  test.each(blocks)(
    'the README shows the generated configuration for $client, and it works',
    async ({ client, language, code }) => {
      const known = clients[client].httpType === null ? [stdio] : [stdio, { transport: 'http', url } as const];
      const here = code.replace(program, join(root, 'cli/fleet.js')).replace(api, fake.url).replace(url, http.url);
      if (language === 'sh') {
        expect(known.map((reach) => claudeCommand('conductor', reach))).toContain(code);
        return expectToWork(targetOfCommand(here));
      }
      expect(known.map((reach) => blockOf(clients[client], 'conductor', reach))).toContainEqual(JSON.parse(code));
      await expectToWork(targetIn(client, JSON.parse(here)));
    },
  );
});

describe('the connection help of `npm start`', () => {
  const help = (settings: Partial<Config> = {}, folder = '.') => {
    const config = { ...loadConfig({ env: {} }).config, conductorServerUrl: fake.url, ...settings };
    return connectionHelp({ mcpUrl: http.url, config, folder });
  };

  test('in a project, Claude Desktop gets the folders of the project, and the example fits every project', () => {
    const text = help({ workflowsDir: 'workflows', mcpDir: 'mcp' });
    expect(text).toContain(`"MCP_DIR":${JSON.stringify(join(process.cwd(), 'mcp'))}`);
    expect(text).not.toContain('FileProcessing');
    expect(help()).toContain('FileProcessing');
  });

  test('where .mcp.json is, the help sends Claude Code to it and adds no second entry', () => {
    const folder = join(elsewhere, 'project');
    mkdirSync(folder);
    expect(help({ workflowsDir: 'workflows' }, folder)).toContain('claude mcp add');
    writeFileSync(join(folder, '.mcp.json'), '{}');
    expect(help({ workflowsDir: 'workflows' }, folder)).toContain('Claude Code      run `claude` in this folder');
    expect(help({ workflowsDir: 'workflows' }, folder)).not.toContain('claude mcp add');
  });

  test('the help contains a working configuration for every client', async () => {
    const lines = help().split('\n');
    const line = (client: ClientName) => lines.find((one) => one.trim().startsWith(`${clients[client].title} `)) ?? '';
    await expectToWork(targetOfCommand(line('claude-code').replace(/^.*?(?=claude mcp)/, '')));
    for (const client of ['cursor', 'vscode', 'claude-desktop'] as const) {
      await expectToWork(targetIn(client, JSON.parse(line(client).replace(/^.*?(?=\{)/, ''))));
    }
  });
});

describe('the plugin of Claude Code', () => {
  const installed = join(elsewhere, 'plugin');
  const started = (project: string) => {
    const config = readFileSync(join(installed, '.mcp.json'), 'utf8')
      .replaceAll('${CLAUDE_PLUGIN_ROOT}', installed)
      .replaceAll('${CLAUDE_PROJECT_DIR}', project);
    const target = targetIn('claude-code', JSON.parse(config), 'fleet');
    if ('url' in target) throw new Error('The plugin must start a program, but its configuration has an address.');
    return { ...target, env: { ...target.env, CONDUCTOR_SERVER_URL: fake.url } };
  };
  beforeAll(() => cpSync(join(root, 'plugin'), installed, { recursive: true })); // a client copies only the plugin's folder, not the rest of the checkout

  test('the plugin works in a checkout, and in a project that has the package', async () => {
    const project = join(elsewhere, 'project');
    mkdirSync(join(project, 'node_modules'), { recursive: true });
    symlinkSync(root, join(project, 'node_modules/conductor-fleet'));
    await expectToWork(started(root));
    await expectToWork(started(project));
  });

  test('in a project without the package, the plugin prints the command that installs it', () => {
    const { command, args, env } = started(elsewhere);
    const { status, stdout, stderr } = spawnSync(command, args, { env, encoding: 'utf8' });
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toContain('Run "npm install conductor-fleet" there');
  });
});
