import { describe, expect, test } from 'vitest';
import { launcher } from '../../cli/installation.ts';
import {
  blockOf,
  type ClientName,
  claudeCommand,
  clients,
  entryOf,
  type Machine,
  type Reach,
  type Scope,
} from '../../cli/mcp-clients/clients.ts';
import { httpReach, stdioReach } from '../../cli/mcp-clients/reach.ts';
import { loadConfig } from '../../core/config.ts';

const linux: Machine = { platform: 'linux', home: '/home/ada', cwd: '/src/shop', env: {} };
const mac: Machine = { ...linux, platform: 'darwin', home: '/Users/ada' };
const windows: Machine = { platform: 'win32', home: 'C:\\Users\\ada', cwd: 'D:\\shop', env: {} };

describe('the configuration file', () => {
  const cases: [ClientName, Scope, Machine, string][] = [
    ['claude-code', 'project', linux, '/src/shop/.mcp.json'],
    ['claude-code', 'user', mac, '/Users/ada/.claude.json'],
    ['claude-code', 'user', { ...linux, env: { CLAUDE_CONFIG_DIR: '/etc/claude' } }, '/etc/claude/.claude.json'],
    ['claude-desktop', 'user', mac, '/Users/ada/Library/Application Support/Claude/claude_desktop_config.json'],
    ['claude-desktop', 'user', windows, 'C:\\Users\\ada\\AppData\\Roaming\\Claude\\claude_desktop_config.json'],
    [
      'claude-desktop',
      'user',
      { ...windows, env: { APPDATA: 'E:\\Roaming' } },
      'E:\\Roaming\\Claude\\claude_desktop_config.json',
    ],
    ['claude-desktop', 'user', linux, '/home/ada/.config/Claude/claude_desktop_config.json'],
    ['cursor', 'project', windows, 'D:\\shop\\.cursor\\mcp.json'],
    ['cursor', 'user', linux, '/home/ada/.cursor/mcp.json'],
    ['vscode', 'project', mac, '/src/shop/.vscode/mcp.json'],
    ['vscode', 'user', mac, '/Users/ada/Library/Application Support/Code/User/mcp.json'],
    ['vscode', 'user', windows, 'C:\\Users\\ada\\AppData\\Roaming\\Code\\User\\mcp.json'],
    ['vscode', 'user', { ...linux, env: { XDG_CONFIG_HOME: '/cfg' } }, '/cfg/Code/User/mcp.json'],
  ];
  test.each(cases)(
    'the file of %s with scope %s has the path that the client reads (case %#)',
    (name, scope, machine, file) => {
      expect(clients[name].files[scope]?.(machine)).toBe(file);
    },
  );
});

describe('the entry', () => {
  const stdio: Reach = {
    transport: 'stdio',
    command: 'node',
    args: ['/f.js', 'mcp'],
    env: { A: 'a b' },
    secrets: ['KEY'],
  };
  const http: Reach = { transport: 'http', url: 'http://127.0.0.1:3000/mcp' };

  test("the entry refers to secrets in the client's syntax and never contains their values", () => {
    const env = (name: ClientName) => entryOf(clients[name], stdio).env;
    expect(env('claude-code')).toEqual({ A: 'a b', KEY: '${KEY}' });
    expect(env('cursor')).toEqual({ A: 'a b', KEY: '${env:KEY}' });
    expect(env('vscode')).toEqual({ A: 'a b', KEY: '${env:KEY}' });
    expect(env('claude-desktop')).toEqual({ A: 'a b' });
  });

  test('the entry has the `type` that the client uses for the transport', () => {
    expect(blockOf(clients.vscode, 'x', http)).toEqual({ servers: { x: { type: 'http', url: http.url } } });
    expect(blockOf(clients['claude-code'], 'x', http)).toEqual({ mcpServers: { x: { type: 'http', url: http.url } } });
    expect(blockOf(clients.cursor, 'x', http)).toEqual({ mcpServers: { x: { url: http.url } } });
    expect(() => blockOf(clients['claude-desktop'], 'x', http)).toThrow(RangeError);
  });

  test('claudeCommand writes the entry as a command of Claude Code, quoted for a shell', () => {
    expect(claudeCommand('x', stdio)).toBe("claude mcp add x -e 'A=a b' -- node /f.js mcp");
    expect(claudeCommand('x', http)).toBe(`claude mcp add --transport http x ${http.url}`);
  });
});

describe('the server that a client starts', () => {
  test('the started server gets the configured settings, with absolute paths and only the names of secrets', () => {
    const { config } = loadConfig({
      env: {
        CONDUCTOR_SERVER_URL: 'https://conductor.example/api',
        CONDUCTOR_AUTH_KEY: 'key-value',
        CONDUCTOR_AUTH_SECRET: 'secret-value',
        CONDUCTOR_TLS_CA_PATH: 'ca.pem',
        MAX_RESPONSE_SIZE_KB: '50',
        MCP_PORT: '3001',
        WORKER_CONCURRENCY: '7',
      },
    });
    const reach = stdioReach(config);
    expect(reach).toEqual({
      transport: 'stdio',
      command: process.execPath,
      args: [launcher, 'mcp'],
      env: {
        CONDUCTOR_SERVER_URL: 'https://conductor.example/api',
        CONDUCTOR_TLS_CA_PATH: `${process.cwd()}/ca.pem`,
        MAX_RESPONSE_SIZE_KB: '50',
      },
      secrets: ['CONDUCTOR_AUTH_KEY', 'CONDUCTOR_AUTH_SECRET'],
    });
    expect(JSON.stringify(reach)).not.toContain('-value');
  });

  test('if no Conductor server is configured, the started server gets the data folder', () => {
    const { config } = loadConfig({ env: {} });
    expect(stdioReach(config)).toMatchObject({ env: { FLEET_DIR: `${process.cwd()}/.fleet` }, secrets: [] });
  });

  test.each([
    ['127.0.0.1', 'http://127.0.0.1:3001/mcp'],
    ['0.0.0.0', 'http://127.0.0.1:3001/mcp'],
    ['::1', 'http://[::1]:3001/mcp'],
  ])('over HTTP, the address for the host %s is %s', (mcpHost, url) => {
    const { config } = loadConfig({ env: { MCP_HOST: mcpHost, MCP_PORT: '3001' } });
    expect(httpReach(config)).toEqual({ transport: 'http', url });
  });

  test('the choice of tools reaches the server over both transports', () => {
    const { config } = loadConfig({ env: { MCP_TOOLSETS: 'operate,api', MCP_TOOLS: 'claim_task' } });
    expect(stdioReach(config)).toMatchObject({ env: { MCP_TOOLSETS: 'operate,api', MCP_TOOLS: 'claim_task' } });
    const reach = httpReach(config, 'https://mcp.example/mcp');
    const headers = { 'X-MCP-Toolsets': 'operate,api', 'X-MCP-Tools': 'claim_task' };
    expect(reach).toEqual({ transport: 'http', url: 'https://mcp.example/mcp', headers });
    expect(entryOf(clients.cursor, reach)).toEqual({ url: 'https://mcp.example/mcp', headers });
    expect(claudeCommand('x', reach)).toBe(
      "claude mcp add --transport http x https://mcp.example/mcp --header 'X-MCP-Toolsets: operate,api' --header 'X-MCP-Tools: claim_task'",
    );
  });
});
