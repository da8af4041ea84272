import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { loadWorkers, loadWorkflows } from '../../cli/load-content.ts';
import { stdioReach } from '../../cli/mcp-clients/reach.ts';
import { DEVELOPMENT_PACKAGES, projectName } from '../../cli/new/new-project.ts';
import { projectSettings, whatWasRead } from '../../cli/project.ts';
import { auditFolder } from '../../core/audit/folder.ts';
import { userAuditFolder } from '../../core/audit/user-folder.ts';
import { loadConfig } from '../../core/config.ts';
import { root } from '../support/product.ts';

/*
 * `projectSettings` reads the folder it is given, but the folder of these tests is in a checkout, where there is no project. So each
 * test stands in a folder outside.
 */
const folders: string[] = [];
const home = process.cwd();
afterAll(() => {
  process.chdir(home);
  for (const folder of folders) rmSync(folder, { recursive: true });
});

/** Stands in a new folder with these files. */
function standIn(files: Record<string, string>): void {
  const folder = mkdtempSync(join(tmpdir(), 'fleet-project-'));
  folders.push(folder);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  process.chdir(folder);
}

const manifest = (about: object) => ({ 'package.json': JSON.stringify(about) });
const own = { tasksDir: 'workers/tasks', workflowsDir: 'workflows', mcpDir: 'mcp' };

describe('P5: the settings of a project', () => {
  test.each<[string, Record<string, string>, object]>([
    ['a folder with workers', { 'workers/tasks/a.ts': '' }, own],
    ['a folder with workflows', { 'workflows/definitions/a.ts': '' }, own],
    ['a folder with MCP tools', { 'mcp/tools/a.ts': '' }, own],
    ['a package that depends on this one', manifest({ dependencies: { 'conductor-fleet': '1' } }), own],
    ['an empty folder', {}, {}],
    ['a folder with workflows of another program', { 'workflows/ci.yml': '' }, {}],
    ['another package', manifest({ name: 'x', dependencies: { zod: '4' } }), {}],
    [
      'a checkout in which an installed copy runs',
      { ...manifest({ name: 'conductor-fleet' }), 'mcp/tools/a.ts': '' },
      {},
    ],
    ['a package.json that is not JSON', { 'package.json': '{', 'workers/tasks/a.ts': '' }, own],
  ])('of %s', (_, files, settings) => {
    standIn(files);
    expect(projectSettings()).toEqual(settings);
  });

  test.each([
    ['my-orders', 'my-orders'],
    ['@acme/orders.v2', 'acme-orders-v2'],
    ['a'.repeat(60), 'a'.repeat(40)],
  ])('N7: the fleet of the package %s has the name %s', (name, fleetName) => {
    standIn({ ...manifest({ name }), 'workers/tasks/a.ts': '' });
    const { fleetName: found } = projectSettings();
    expect(found).toBe(fleetName);
    expect(loadConfig({ env: {}, project: projectSettings() }).config.fleetName).toBe(fleetName);
  });

  test('N7: a flag, a variable and a file win over the project', () => {
    const project = { ...own, fleetName: 'from-project' };
    const flags = { fleetName: 'from-flag' };
    expect(loadConfig({ env: {}, project, flags }).config.fleetName).toBe('from-flag');
    expect(loadConfig({ env: { FLEET_NAME: 'from-env' }, project }).config.fleetName).toBe('from-env');
    expect(loadConfig({ env: {} }).config.fleetName).toBe('default');
  });

  test('P5: a project without workers has none, and a missing folder that the user names is an error', async () => {
    standIn({ 'mcp/tools/a.ts': '' });
    expect(await loadWorkers(own)).toEqual([]);
    expect(await loadWorkflows(own)).toEqual([]);
    await expect(loadWorkers({ tasksDir: 'wrokers' })).rejects.toMatchObject({ code: 'config' });
    await expect(loadWorkflows({ workflowsDir: 'wrokflows' })).rejects.toMatchObject({ code: 'config' });
  });

  test('P5: an MCP client finds the folders of the project from wherever it starts the server', () => {
    standIn({ 'mcp/tools/a.ts': '', 'workflows/definitions/a.ts': '' });
    const reach = stdioReach(loadConfig({ env: {}, project: projectSettings() }).config);
    expect(reach).toMatchObject({ env: { MCP_DIR: resolve('mcp'), WORKFLOWS_DIR: resolve('workflows') } });
    expect(reach).not.toHaveProperty('env.TASKS_DIR');
  });

  test('S6: the audit log of a project is in its data folder, also if a client starts the server elsewhere', () => {
    standIn({ 'workflows/definitions/a.ts': '' });
    const env = { CONDUCTOR_SERVER_URL: 'http://127.0.0.1:8080/api' };
    const { config } = loadConfig({ env, project: projectSettings() });
    const log = resolve('.fleet', 'audit');
    expect(auditFolder(config)).toBe(log);
    const reach = stdioReach(config);
    expect(reach).toMatchObject({ env: { FLEET_DIR: resolve('.fleet') } });
    standIn({});
    expect(auditFolder(loadConfig({ env: 'env' in reach ? reach.env : {} }).config)).toBe(log);
  });

  test('S6: outside a project, the audit log is in the data folder if there is one, else in a folder of the user', () => {
    standIn({});
    const folderOf = (env: Record<string, string>) => auditFolder(loadConfig({ env }).config);
    expect(folderOf({})).toBe(userAuditFolder());
    expect(folderOf({ FLEET_DIR: 'data' })).toBe(resolve('data', 'audit'));
    expect(folderOf({ MCP_AUDIT_DIR: 'log' })).toBe(resolve('log'));
    mkdirSync('.fleet');
    expect(folderOf({})).toBe(resolve('.fleet', 'audit'));
    expect(userAuditFolder({ XDG_STATE_HOME: '/state' }, 'linux')).toBe('/state/conductor-fleet/audit');
    expect(userAuditFolder({}, 'linux')).toMatch(/\/\.local\/state\/conductor-fleet\/audit$/);
    expect(userAuditFolder({}, 'darwin')).toMatch(/\/Library\/Application Support\/conductor-fleet\/audit$/);
  });

  test('P5: a command says what it read', () => {
    expect(whatWasRead(loadConfig({ env: {}, project: own }).config, { workflows: [1, 2], workers: [1] })).toBe(
      'Read 2 workflows in workflows and 1 worker in workers/tasks.',
    );
    expect(whatWasRead(loadConfig({ env: {} }).config, { workflows: [1, 2] })).toBe(
      'Read 2 workflows that come with fleet.',
    );
  });
});

describe('a new project', () => {
  test.each([
    ['my-orders', 'my-orders'],
    ['My Orders.v2', 'my-orders-v2'],
    ['_x-', 'x'],
    ['Ünïcode', 'n-code'],
    ['…', 'my-fleet'],
    ['node_modules', 'my-fleet'],
    ['conductor-fleet', 'conductor-fleet-project'],
  ])('in the folder %s is named %s', (folder, name) => {
    expect(projectName(folder)).toBe(name);
  });

  test('has the development packages of this repository, in the same versions', () => {
    const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    expect(devDependencies).toMatchObject(DEVELOPMENT_PACKAGES);
  });

  test('has a server and compose file of the version that this repository starts', async () => {
    const { release } = await import('../../core/conductor/embedded/install/release.ts');
    const compose = readFileSync(join(root, 'examples/project/docker-compose.yml'), 'utf8');
    expect(new Set(compose.match(/conductoross\/conductor:\S+/g))).toEqual(new Set([release.image]));
    const { serverProperties } = await import('../../core/conductor/embedded/server-properties.ts');
    const [, properties = ''] = /SPRING_APPLICATION_JSON: \|-\n(\s+\{[^}]*\})/.exec(compose) ?? [];
    const database = '/data/conductor.db';
    expect(JSON.parse(properties)).toEqual(serverProperties({ database, secrets: false, synchronous: 'normal' }));
  });
});
