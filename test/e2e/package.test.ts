import { existsSync, globSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { listTemplates } from '../../workflows/templates/registry/templates.ts';
import { fakeNpm } from '../support/fake-programs.ts';
import { freePort } from '../support/free-port.ts';
import { type InstalledProject, installProject } from '../support/installed-project.ts';
import { connect } from '../support/mcp-clients.ts';
import { olderNode, programFolders } from '../support/older-node.ts';
import { root } from '../support/product.ts';
import { publicNames } from '../support/public-surface.ts';

/*
 * The packed package in an empty folder, as a stranger gets it. All tests share one project, because its installation takes long.
 */

const MOST_MEGABYTES = 110;
/** Packages that a project has for its own development. */
const OF_THE_PROJECT = ['typescript', '@typescript', '@types', 'undici-types'];

let project: InstalledProject;
let server: Record<string, string>;
beforeAll(async () => {
  project = await installProject('my-orders');
  server = { CONDUCTOR_SERVER_URL: inject('conductorServerUrl'), SHOP_URL: inject('shopUrl') };
}, 600_000);
afterAll(() => project?.remove());

const { exports }: { exports: Record<string, string> } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const entries = Object.entries(exports).map(([entry, source]) => [join('conductor-fleet', entry), source] as const);
const installed = (path = '') => join(project.folder, 'node_modules/conductor-fleet', path);

/** Runs the code of a module in the project. */
const node = (code: string) => project.run(process.execPath, ['--input-type=module', '--eval', code]);

describe('what can be imported', () => {
  test.each(entries)('P1: every name of %s can be imported, with its types', async (name, source) => {
    const ours = Object.keys(await import(join(root, source))).sort();
    const { stdout, stderr } = await node(`console.log(JSON.stringify(Object.keys(await import('${name}')).sort()))`);
    expect(JSON.parse(stdout || 'null'), stderr).toEqual(ours);
    const names = publicNames(installed(source.replace(/^\.\/(.*)\.ts$/, 'dist/$1.d.ts'))).map((one) => one.name);
    expect(names).toEqual(expect.arrayContaining(ours));
    const file = `check-${name.replaceAll('/', '-')}.ts`;
    writeFileSync(join(project.folder, file), `export type { ${names.join(', ')} } from '${name}';\n`);
    const compiled = await project.run('npx', ['tsc', '--noEmit', '--ignoreConfig', ...COMPILER, file]);
    expect(compiled, compiled.stdout).toMatchObject({ code: 0 });
  });

  test.each(['dist/core/contract.js', 'dist/entry/index.js', 'cli/fleet.js', 'core/contract'])(
    'P1: %s cannot be imported',
    async (path) => {
      const { code, stderr } = await node(`await import('conductor-fleet/${path}')`);
      expect(code).toBe(1);
      expect(stderr).toContain('ERR_PACKAGE_PATH_NOT_EXPORTED');
    },
  );

  test('P1: a wrong wiring does not compile', async () => {
    const right = readFileSync(join(project.folder, 'workflows/definitions/hello-world.ts'), 'utf8');
    const wrong = right.replace("wf.task('greet', greet, { name })", "wf.task('greet', greet, { nam: name })");
    expect(wrong).not.toBe(right);
    const file = join(project.folder, 'workflows/wrong.ts');
    writeFileSync(file, wrong.replaceAll('../../', '../'));
    const { code, stdout } = await project.run('npx', [
      'tsc',
      '--noEmit',
      '--ignoreConfig',
      ...COMPILER,
      'workflows/wrong.ts',
    ]);
    rmSync(file);
    expect({ code, stdout }).toMatchObject({
      code: expect.any(Number),
      stdout: expect.stringMatching(/wrong\.ts.*'nam'/),
    });
    expect(code).not.toBe(0);
  });

  test('P3: the installation is small, without a Node binary', () => {
    const modules = join(project.folder, 'node_modules');
    const packages = readdirSync(modules).filter((name) => !OF_THE_PROJECT.includes(name) && !name.startsWith('.'));
    expect(packages.filter((name) => name.startsWith('node-'))).toEqual([]);
    const bytes = packages.flatMap((name) => sizesBelow(join(modules, name))).reduce((sum, size) => sum + size, 0);
    expect(bytes / 1_000_000).toBeLessThan(MOST_MEGABYTES);
  });
});

const COMPILER = [
  '--module',
  'nodenext',
  '--target',
  'es2024',
  '--strict',
  '--skipLibCheck',
  '--types',
  'node',
  '--allowImportingTsExtensions',
];

/** As on a disk with blocks of 4 KiB. */
function sizesBelow(folder: string): number[] {
  return globSync('**/*', { cwd: folder, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => Math.ceil(statSync(join(entry.parentPath, entry.name)).size / 4096) * 4096);
}

describe('a new project', () => {
  test('P1: fleet init writes the layout of a project and says what comes next', () => {
    const { stdout, stderr } = project.init;
    expect(stdout.trim().split('\n')).toContain('my-orders/workflows/definitions/hello-world.ts');
    expect(stderr).toContain('npm install');
    for (const path of [
      'package.json',
      'tsconfig.json',
      'docker-compose.yml',
      'README.md',
      'AGENTS.md',
      '.mcp.json',
      '.gitignore',
    ])
      expect(existsSync(join(project.folder, path)), path).toBe(true);
    expect(readFileSync(join(project.folder, '.mcp.json'), 'utf8')).toContain('"my-orders"');
  });

  test('P1: npm start runs its own workflow on the embedded server', async () => {
    const slow = { FLEET_SERVER_START_SECONDS: '900', FLEET_SERVER_PORT: String(await freePort()) };
    const args = ['start', '--', '--once', '--port', String(await freePort())];
    const { code, stdout, stderr } = await project.run('npm', args, slow);
    expect(code, stderr).toBe(0);
    expect(stderr).toContain('Read 1 workflow in workflows and 1 worker in workers/tasks.');
    expect(stdout).toMatch(/HelloWorld v1 .* COMPLETED/);
    expect(stdout).toContain('Hello, Ada!');
  }, 1_200_000);

  test('P1: npm test and npm run check pass', async () => {
    const tested = await project.run('npm', ['test']);
    expect(tested, tested.stdout).toMatchObject({ code: 0, stdout: expect.stringContaining('pass 3') });
    const checked = await project.run('npm', ['run', 'check']);
    expect(checked, checked.stdout + checked.stderr).toMatchObject({ code: 0 });
  });

  test('P1: apply, plan, test, diagram and pull work in it, with a worker that restarts when its code changes', async () => {
    const fleet = async (...args: string[]) => {
      const ran = await project.fleet(args, server);
      expect(ran, `fleet ${args.join(' ')}: ${ran.stderr}`).toMatchObject({ code: 0 });
      return ran.stdout;
    };
    expect(await fleet('apply', '--yes')).toContain('created: workflow HelloWorld v1');
    expect(await fleet('plan')).toContain('Nothing to do');
    expect(await fleet('test', 'HelloWorld')).toContain('2 scenarios passed');
    expect(await fleet('diagram', 'HelloWorld')).toContain('greet');
    const pulled = await fleet('pull', 'HelloWorld', '--stdout');
    expect(pulled).toContain("import { defineWorkflow, z } from 'conductor-fleet';");
    expect(pulled).toContain("from '../../workers/tasks/greet.ts'");

    const worker = project.start(['work', '--watch'], server);
    await worker.says(/serves 1 task type/);
    const run = () => fleet('run', 'HelloWorld', '--input', '{"name":"Ada"}', '--wait');
    expect(await run()).toContain('Hello, Ada!');
    const file = join(project.folder, 'workers/tasks/greet.ts');
    const source = readFileSync(file, 'utf8');
    writeFileSync(file, source.replace('Hello, ${name}!', 'Good day, ${name}!'));
    await worker.says(/serves 1 task type[\s\S]*Changed: [\s\S]*serves 1 task type/);
    await expect.poll(run, { timeout: 60_000 }).toContain('Good day, Ada!');
    writeFileSync(file, source);
    worker.child.kill('SIGTERM');
    expect(await worker.ended).toMatchObject({ code: 0 });
  });

  test('P1: its MCP server offers the tools in mcp/tools beside its own', async () => {
    const port = await freePort();
    const front = project.start(['mcp', '--transport', 'http', '--port', String(port)], server);
    await front.says(/MCP at/);
    const client = await connect('2025-11-25', { url: `http://127.0.0.1:${port}/mcp` });
    expect(await client.toolNames()).toEqual(expect.arrayContaining(['say_hello', 'execute_workflow']));
    expect(await client.call('say_hello', { name: 'Ada' })).toMatchObject({ isError: false });
    await client.close();
    front.child.kill('SIGTERM');
    await front.ended;
  });

  test('P2, P4: lint is silent on every template, the types fit, and a new worker passes its test', async () => {
    const names = (await listTemplates()).map(({ name }) => name);
    for (const name of names) {
      const made = await project.fleet([
        'new',
        'workflow',
        `Try_${name.replaceAll('_', '')}`.replace(/^Try_/, 'Try'),
        '--template',
        name,
      ]);
      expect(made, `${name}: ${made.stderr}`).toMatchObject({ code: 0 });
      expect(made.stderr, 'P6').not.toMatch(/\w(find mistakes|run its|show the changes|start the workers)/);
    }
    const linted = await project.fleet(['lint', '--strict']);
    expect(linted, linted.stdout + linted.stderr).toMatchObject({ code: 0 });
    expect(linted.stdout).toContain('nothing found');
    expect(linted.stderr, 'P5').toContain(`Read ${names.length + 1 + 1} workflows in workflows`);
    const worker = await project.fleet(['new', 'worker', 'send_invoice']);
    expect(worker.stdout).toBe('workers/tasks/send-invoice.ts\ntest/send-invoice.test.ts\n');
    const tested = await project.run('npm', ['test']);
    expect(tested, tested.stdout).toMatchObject({ code: 0, stdout: expect.stringContaining('pass 5') });
    const checked = await project.run('npm', ['run', 'check']);
    expect(checked, checked.stdout + checked.stderr).toMatchObject({ code: 0 });
  });

  test('fleet init writes nothing into a folder that is not empty', async () => {
    const before = readdirSync(project.folder).sort();
    const { code, stderr } = await project.fleet(['init', '.']);
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /is not empty: it holds ".+"\. Nothing was written\.\nName a folder that does not exist yet/,
    );
    expect(readdirSync(project.folder).sort()).toEqual(before);
  });
});

describe.skipIf(!olderNode)(`under a Node older than 24${olderNode ? '' : ' (skipped: none is on PATH)'}`, () => {
  const under = (npm: { node?: string; cached?: boolean }, ...args: string[]) => {
    const bin = join(project.home, npm.node === undefined ? 'no-npm' : 'npm');
    fakeNpm(bin, npm);
    return project.run(olderNode ?? '', [installed('cli/fleet.js'), ...args], {
      PATH: [bin, '/usr/bin', '/bin'].join(delimiter),
    });
  };

  test('P3: the installed program runs on the Node 24 that npm fetches', async () => {
    const { code, stdout, stderr } = await under({ node: process.execPath }, '--version');
    expect({ code, stdout }).toEqual({ code: 0, stdout: '0.1.0\n' });
    expect(stderr).toMatch(/fleet needs Node 24, and this is v\d+.* npm gets Node 24/);
  });

  test('P3: the program says nothing about a Node 24 that npm already has', async () => {
    const ran = await under({ node: process.execPath, cached: true }, '--version');
    expect(ran).toMatchObject({ code: 0, stdout: '0.1.0\n', stderr: '' });
  });

  test('P3: an older Node among the packages of the project does not run it', async () => {
    const name = `node-${process.platform}-${process.arch}`;
    const pinned = join(project.folder, 'node_modules', name);
    mkdirSync(join(pinned, 'bin'), { recursive: true });
    writeFileSync(join(pinned, 'package.json'), JSON.stringify({ name, version: '20.0.0' }));
    const ending = '#!/bin/sh\n[ "$1" = -p ] || exit 97\necho 20.0.0\n';
    writeFileSync(join(pinned, 'bin/node'), ending, { mode: 0o755 });
    expect(await under({ node: process.execPath }, '--version')).toMatchObject({ code: 0, stdout: '0.1.0\n' });
    expect(await under({ node: join(pinned, 'bin/node') }, '--version')).toMatchObject({ code: 1, stdout: '' });
    rmSync(pinned, { recursive: true });
  });

  test('P3: npm itself gets a Node 24 that runs it', async () => {
    const PATH = programFolders.join(delimiter);
    const { code, stdout, stderr } = await project.run(olderNode ?? '', [installed('cli/fleet.js'), 'lint'], { PATH });
    expect({ code, stdout }, stderr).toMatchObject({ code: 0, stdout: expect.stringContaining('nothing found') });
    expect(stderr).toMatch(/Read \d+ workflow/);
  });

  test('P3: where npm cannot fetch it, one sentence says what to do', async () => {
    const { code, stderr } = await under({}, '--version');
    expect(code).toBe(1);
    expect(stderr).toMatch(/fleet needs Node 24 or newer, but this is v\d+\S+\. Install Node 24 from nodejs\.org\.\n$/);
  });
});
