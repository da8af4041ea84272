import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { root, runFleetCommand } from '../support/product.ts';

const nowhere = { FLEET_DIR: join(mkdtempSync(join(tmpdir(), 'cli-')), 'none') };

const COMMANDS = readdirSync(join(root, 'cli/commands')).map((file) => basename(file, '.ts'));

describe('help', () => {
  test('fleet without a command shows the first steps and all commands', async () => {
    const { code, stdout } = await runFleetCommand([], nowhere);
    expect(code).toBe(0);
    expect(stdout).toMatch(/First steps:[\s\S]*fleet up/);
    for (const command of COMMANDS) expect(stdout).toMatch(new RegExp(`^  ${command} `, 'm'));
  });

  test.each(COMMANDS)('%s explains its flags', async (command) => {
    const { code, stdout } = await runFleetCommand([command, '--help'], nowhere);
    expect(code).toBe(0);
    expect(stdout).toContain('--config <file>');
    expect(stdout).toContain('LOG_LEVEL');
  });

  test('fleet help COMMAND works like COMMAND --help, and refuses an unknown command', async () => {
    const flag = await runFleetCommand(['--help'], nowhere);
    expect(await runFleetCommand(['help'], nowhere)).toEqual({ ...flag, code: 0 });
    expect((await runFleetCommand(['help', 'run'], nowhere)).stdout).toContain('--workflow-version <n>');
    expect(await runFleetCommand(['help', 'statsu'], nowhere)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Did you mean status?'),
    });
  });

  test('for a mistyped command, the error suggests the right command', async () => {
    const { code, stderr } = await runFleetCommand(['statsu'], nowhere);
    expect(code).toBe(2);
    expect(stderr).toContain('Did you mean status?');
  });
});

describe('an error says what to do, and the exit code is 2 if the caller can correct it', () => {
  test('a server that cannot be reached', async () => {
    const CONDUCTOR_SERVER_URL = `http://127.0.0.1:${await freePort()}/api`;
    const { code, stderr } = await runFleetCommand(['status'], { CONDUCTOR_SERVER_URL });
    expect(code).toBe(1);
    expect(stderr).toMatch(/Cannot reach the Conductor server at .*ECONNREFUSED/);
    expect(stderr).toContain('fleet server start');
  });

  test('no server at all', async () => {
    const { code, stderr } = await runFleetCommand(['status'], nowhere);
    expect(code).toBe(1);
    expect(stderr).toContain('Start one: fleet server start.');
  });

  test('a configuration file with a typo', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'cli-')), 'fleet.json');
    writeFileSync(file, '{"shopUlr": "http://127.0.0.1:1"}');
    const { code, stderr } = await runFleetCommand(['status', '--config', file], nowhere);
    expect(code).toBe(2);
    expect(stderr).toContain('Did you mean "shopUrl"?');
  });

  test('a flag of the wrong type', async () => {
    const { code, stderr } = await runFleetCommand(['mcp', '--port', 'three'], nowhere);
    expect(code).toBe(2);
    expect(stderr).toMatch(/--port must be a number, not "three"\./);
  });

  test.each([
    [['run', 'X', '--workflow-version', 'two'], '--workflow-version must be a number, not "two".', 'fleet run --help'],
    [['run', 'X', '--timeout', '-1'], '--timeout must be more than 0, not "-1".', 'fleet run --help'],
    [['status', '--limit', '0'], '--limit must be at least 1, not "0".', 'fleet status --help'],
    [['server', 'logs', '--lines', 'all'], '--lines must be a number, not "all".', 'fleet server --help'],
  ])('for %j, the error names the flag as the user wrote it', async (args, mistake, help) => {
    const { code, stderr } = await runFleetCommand(args, nowhere);
    expect(code).toBe(2);
    expect(stderr).toContain(mistake);
    expect(stderr).toContain(help);
  });

  test('an input that is a folder instead of a file', () => {
    const stdin = openSync(tmpdir(), 'r');
    const { status, stderr } = spawnSync(process.execPath, [join(root, 'cli/fleet.js'), 'run', 'X', '--input', '-'], {
      stdio: [stdin, 'ignore', 'pipe'],
      encoding: 'utf8',
    });
    closeSync(stdin);
    expect(status).toBe(2);
    expect(stderr).toMatch(/^error: Cannot read stdin: EISDIR/);
  });

  test.each([
    [['mcp', '--transport', 'http', '--host', '0.0.0.0'], 'would listen on 0.0.0.0 without authentication'],
    [['up', '--host', '0.0.0.0'], 'would listen on 0.0.0.0 without authentication'],
    [
      ['up', '--oauth-issuer', 'https://login.example.com'],
      'MCP_OAUTH_ISSUER (in code: mcpOauthIssuer) is set and MCP_RESOURCE (in code: mcpResource) is not.',
    ],
    [
      ['mcp', '--transport', 'http', '--resource', 'https://x.example/mcp'],
      'MCP_OAUTH_ISSUER (in code: mcpOauthIssuer) is not. OAuth needs both',
    ],
  ])('%j would let everyone call the MCP server, or name half of OAuth', async (args, mistake) => {
    const { code, stderr } = await runFleetCommand(args, nowhere);
    expect(code).toBe(2);
    expect(stderr).toContain(mistake);
    expect(stderr).toMatch(/Set MCP_\w+/);
  });

  test('an unknown flag', async () => {
    const { code, stderr } = await runFleetCommand(['work', '--concurency', '3'], nowhere);
    expect(code).toBe(2);
    expect(stderr).toContain('--concurrency');
  });

  test('fleet work for a task type without a worker', async () => {
    const { code, stderr } = await runFleetCommand(['work', '--only', 'nope'], nowhere);
    expect(code).toBe(2);
    expect(stderr).toContain('There is no worker for "nope".');
    expect(stderr).toContain('http_request');
  });

  test.each(['{', '[1]', '@/no/such/file.json'])('an input of %s', async (input) => {
    const { code, stderr } = await runFleetCommand(['run', 'FileProcessing', '--input', input], nowhere);
    expect(code).toBe(2);
    expect(stderr).toMatch(/--input|Cannot read/);
  });
});
