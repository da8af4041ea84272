import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { loadConfig, withoutEnvironment } from '../../core/config.ts';
import { FleetError } from '../../core/errors.ts';
import { settingList } from '../../core/settings/settings.ts';

const folder = mkdtempSync(join(tmpdir(), 'config-'));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;

function file(content: string): string {
  const path = join(folder, `${++files}.json`);
  writeFileSync(path, content);
  return path;
}

function mistakeOf(load: () => unknown): FleetError {
  try {
    load();
  } catch (error) {
    if (error instanceof FleetError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

describe('precedence', () => {
  const path = file('{"mcpPort": 3003, "rateLimitRpm": 7}');

  test('a flag has precedence over the environment, the file and the default', () => {
    const { config } = loadConfig({ flags: { mcpPort: '3001' }, env: { MCP_PORT: '3002' }, file: path });
    expect(config.mcpPort).toBe(3001);
  });

  test('the environment has precedence over the file', () => {
    expect(loadConfig({ env: { MCP_PORT: '3002' }, file: path }).config.mcpPort).toBe(3002);
  });

  test('the file has precedence over the default', () => {
    expect(loadConfig({ env: {}, file: path }).config).toMatchObject({
      mcpPort: 3003,
      rateLimitRpm: 7,
      mcpHost: '127.0.0.1',
    });
  });

  test('an empty variable counts as unset', () => {
    expect(loadConfig({ env: { MCP_PORT: '' } }).config.mcpPort).toBe(3000);
  });
});

describe('the address of the Conductor server', () => {
  test.each([
    ['http://h:8080', 'http://h:8080/api', 1],
    ['http://h:8080/', 'http://h:8080/api', 1],
    ['http://h:8080/api', 'http://h:8080/api', 0],
    ['http://h:8080/api/', 'http://h:8080/api', 0],
    ['https://h/conductor', 'https://h/conductor/api', 1],
  ])('%s becomes %s', (given, expected, notices) => {
    const loaded = loadConfig({ env: { CONDUCTOR_SERVER_URL: given } });
    expect(loaded.config.conductorServerUrl).toBe(expected);
    expect(loaded.notices).toHaveLength(notices);
  });
});

describe('mistakes', () => {
  test('a misspelled variable that should guard the MCP server is told, and a variable of another program is not', () => {
    const env = { MCP_READONLY: 'true', RATE_LIMIT_RMP: '10', MCP_TIMEOUT: '30000', MCP_TOOL_TIMEOUT: '1' };
    expect(loadConfig({ env }).notices).toEqual([
      'MCP_READONLY is not a setting and has no effect. Did you mean MCP_READ_ONLY?',
      'RATE_LIMIT_RMP is not a setting and has no effect. Did you mean RATE_LIMIT_RPM?',
    ]);
  });

  test('the error reports all wrong settings at once, each with its place and how to fix it', () => {
    const env = { MCP_PORT: 'abc', LOG_LEVEL: 'loud', CONDUCTOR_SERVER_URL: 'ftp://h' };
    const { code, message, remedy } = mistakeOf(() => loadConfig({ env }));
    expect(code).toBe('config');
    expect(message.split('\n')).toHaveLength(3);
    expect(message).toContain('MCP_PORT must be a number, not "abc".');
    expect(message).toContain('LOG_LEVEL');
    expect(message).toContain('http:// or https://');
    expect(remedy).toContain('docs/configuration.md');
  });

  test('the error names a wrong flag as the user wrote it', () => {
    expect(mistakeOf(() => loadConfig({ flags: { mcpPort: '0' }, env: {} })).message).toMatch(
      /^--port must be at least 1, not 0\. /,
    );
  });

  test('for an unknown key in the file, the error suggests the most similar key', () => {
    const { message } = mistakeOf(() => loadConfig({ env: {}, file: file('{"mcpPrt": 3001}') }));
    expect(message).toContain('"mcpPrt"');
    expect(message).toContain('Did you mean "mcpPort"?');
  });

  test.each(['{', '[]', '"x"'])('a configuration file that contains %s is refused', (content) => {
    expect(mistakeOf(() => loadConfig({ env: {}, file: file(content) })).remedy).toContain('mcpPort');
  });

  test('if the configuration file is missing, the error names its path', () => {
    expect(mistakeOf(() => loadConfig({ env: {}, file: '/nowhere/fleet.json' })).message).toContain(
      '/nowhere/fleet.json',
    );
  });

  test('if a key has no secret, the error names the missing variable and does not show the key', () => {
    const { message } = mistakeOf(() => loadConfig({ env: { CONDUCTOR_AUTH_KEY: 'hush-hush' } }));
    expect(message).toContain('CONDUCTOR_AUTH_SECRET');
    expect(message).not.toContain('hush-hush');
  });
});

test('environment variables can hold lists, JSON and the word yes', () => {
  const env = {
    MCP_ALLOWED_HOSTS: 'a.example, b.example',
    WORKER_TYPES: '{"compress_file":{"concurrency":2}}',
    FLEET_SERVER_SECRETS: 'yes',
  };
  expect(loadConfig({ env }).config).toMatchObject({
    mcpAllowedHosts: ['a.example', 'b.example'],
    workers: { compress_file: { concurrency: 2 } },
    serverSecrets: true,
  });
});

test('withoutEnvironment hides variables while a function runs and restores them afterwards', () => {
  process.env.FLEET_TEST_HIDDEN = 'x';
  expect(withoutEnvironment(['FLEET_TEST_HIDDEN'], () => process.env.FLEET_TEST_HIDDEN)).toBeUndefined();
  expect(process.env.FLEET_TEST_HIDDEN).toBe('x');
  delete process.env.FLEET_TEST_HIDDEN;
});

describe('the table', () => {
  test('no two settings share a variable or a flag', () => {
    const names = settingList.flatMap(([, { env, flag }]) => [env, ...(flag ? [flag.split(' ')[0]] : [])]);
    expect(new Set(names).size).toBe(names.length);
  });

  test('secrets have no flag', () => {
    expect(settingList.filter(([, { secret, flag }]) => secret && flag)).toEqual([]);
  });
});
