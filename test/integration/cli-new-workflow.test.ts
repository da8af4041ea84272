import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listTemplates } from '../../workflows/templates/registry/templates.ts';
import { type Checkout, copyCheckout } from '../support/checkout.ts';
import { root } from '../support/product.ts';

let copy: Checkout;
let checkout = '';
beforeAll(() => {
  copy = copyCheckout(['package.json', 'tsconfig.json', 'tsconfig.build.json', 'biome.json']);
  checkout = copy.folder;
});
afterAll(() => copy.remove());

const start: Checkout['start'] = (...command) => copy.start(...command);
const fleet = (cwd: string, ...args: string[]) =>
  start(cwd, join(checkout, 'cli/fleet.js'), 'new', 'workflow', ...args);
const tool = (name: string, ...args: string[]) => start(checkout, join(root, 'node_modules', name), ...args);

/** The files that the first tests generated. Compiling is slow, so one test compiles all of them. */
const written: string[] = [];

/** Expects that the generated files compile and pass the linter and formatter. */
async function expectClean(files: readonly string[]): Promise<void> {
  const config = join(checkout, 'tsconfig.generated.json');
  writeFileSync(config, JSON.stringify({ extends: './tsconfig.json', include: files }));
  const [compiled, linted] = await Promise.all([
    tool('typescript/bin/tsc', '--noEmit', '-p', config),
    tool('@biomejs/biome/bin/biome', 'check', '--error-on-warnings', ...files),
  ]);
  expect(compiled, compiled.stdout).toMatchObject({ code: 0 });
  expect(linted, linted.stderr).toMatchObject({ code: 0 });
}

describe('fleet new workflow', () => {
  test('in a checkout, the command writes a definition and scenarios beside the shipped ones, and lists next steps', async () => {
    const { code, stdout, stderr } = await fleet(checkout, 'order-report');
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: 'workflows/definitions/order-report.ts\nworkflows/definitions/order-report.scenario.ts\n',
    });
    expect(readFileSync(join(checkout, 'workflows/definitions/order-report.ts'), 'utf8')).toContain(
      "name: 'OrderReport'",
    );
    expect(stderr).toMatch(
      /fleet lint workflows\/definitions\/order-report.ts .*\n +fleet test OrderReport +run its scenarios/,
    );
    expect(stderr).toContain('fleet work --only log_message');
    expect(stderr).toContain(`fleet run OrderReport --input '{"who":"Ada"}' --wait`);
    written.push(...stdout.trim().split('\n'));
  });

  test("in the user's folder, the command also writes the template's schedule or event handler", async () => {
    const args = ['--template', 'scheduled', '--workflows-dir', 'own'];
    const { code, stdout, stderr } = await fleet(checkout, 'nightly_report', ...args);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout:
        'own/definitions/nightly-report.ts\nown/definitions/nightly-report.scenario.ts\nown/schedules/nightly-report-daily.ts\n',
    });
    expect(stderr).toContain('fleet test NightlyReport --workflows-dir own ');
    expect(stderr).toContain('fleet apply --workflows-dir own ');
    const started = await fleet(checkout, 'Welcome', '--template', 'event_driven', '--workflows-dir', 'own');
    expect(started.stdout).toContain('own/event-handlers/start-welcome.ts\n');
    written.push(...stdout.trim().split('\n'), ...started.stdout.trim().split('\n'));
  });

  test('P6: the reasons beside the next steps start in one column, also where a command is long', async () => {
    const { code, stderr } = await fleet(
      checkout,
      'LongSteps',
      '--template',
      'compensation',
      '--workflows-dir',
      'long',
    );
    expect(code).toBe(0);
    const reasons = ['find mistakes', 'run its scenarios', 'show the changes', 'start the workers'];
    const columns = reasons.map((reason) =>
      stderr
        .split('\n')
        .find((line) => line.includes(`  ${reason}`))
        ?.indexOf(reason),
    );
    expect(new Set(columns).size).toBe(1);
    expect(columns[0]).toBeGreaterThan(0);
  });

  test('the generated files compile and pass the linter and formatter', () => expectClean(written));

  test('outside of a checkout, the command writes below the current folder, and warns if the package is not installed', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'new-'));
    const { code, stderr } = await fleet(folder, 'OrderReport', '--template', 'resilient_http');
    expect(code).toBe(0);
    expect(stderr).toContain('The files are below the current folder. Choose another folder with --workflows-dir.');
    expect(stderr).toContain('npm install conductor-fleet');
    const file = join(folder, 'workflows/definitions/order-report.ts');
    const script = `import workflow from ${JSON.stringify(file)}; process.stdout.write(workflow.def.name);`;
    writeFileSync(join(folder, 'load.mjs'), script);
    expect(await start(folder, join(folder, 'load.mjs'))).toMatchObject({ code: 0, stdout: 'OrderReport' });
    rmSync(folder, { recursive: true });
  });

  test('an installed package writes files that import it by its package name', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'new-'));
    const installed = join(folder, 'node_modules/conductor-fleet');
    const built = await tool('typescript/bin/tsc', '-p', 'tsconfig.build.json', '--outDir', join(installed, 'dist'));
    expect(built, built.stdout).toMatchObject({ code: 0 });
    mkdirSync(join(installed, 'cli'));
    cpSync(join(checkout, 'cli/fleet.js'), join(installed, 'cli/fleet.js'));
    const manifest = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8'));
    manifest.exports = { '.': './dist/entry/index.js', './testing': './dist/entry/testing.js' };
    writeFileSync(join(installed, 'package.json'), JSON.stringify(manifest));
    symlinkSync(join(root, 'node_modules'), join(installed, 'node_modules'));
    const made = await start(folder, join(installed, 'cli/fleet.js'), 'new', 'workflow', 'OrderReport');
    expect(made, made.stderr).toMatchObject({ code: 0 });
    expect(made.stderr).not.toContain('npm install');
    const file = join(folder, 'workflows/definitions/order-report.ts');
    expect(readFileSync(file, 'utf8')).toContain("import { defineWorkflow, z } from 'conductor-fleet'");
    const script = `import workflow from ${JSON.stringify(file)}; process.stdout.write(workflow.def.name);`;
    writeFileSync(join(folder, 'load.mjs'), script);
    expect(await start(folder, join(folder, 'load.mjs'))).toMatchObject({ code: 0, stdout: 'OrderReport' });
    rmSync(folder, { recursive: true });
  }, 120_000); // it builds the package

  test('if one of the files exists, the command writes none', async () => {
    mkdirSync(join(checkout, 'kept/schedules'), { recursive: true });
    const mine = join(checkout, 'kept/schedules/order-report-daily.ts');
    writeFileSync(mine, 'mine');
    const args = ['OrderReport', '--template', 'scheduled', '--workflows-dir', 'kept'];
    const { code, stderr } = await fleet(checkout, ...args);
    expect(code).toBe(1);
    expect(stderr).toContain('error: "kept/schedules/order-report-daily.ts" already exists.\nChoose another name');
    expect(existsSync(join(checkout, 'kept/definitions'))).toBe(false);
    expect(readFileSync(mine, 'utf8')).toBe('mine');
  });

  test.each([
    ['order report', 'Use Pascal case: "OrderReport".'],
    ['2nd-try', '"NdTry"'],
    ['../evil', '"Evil".'],
    ['orderReport', '"OrderReport".'],
    ['!', 'Use Pascal case, for example "OrderReport".'],
  ])('the command refuses the name %s and proposes a valid name', async (name, remedy) => {
    const { code, stderr } = await fleet(checkout, name, '--workflows-dir', 'none');
    expect(code).toBe(2);
    expect(stderr).toContain(`error: ${JSON.stringify(name)} cannot be the name of a workflow.`);
    expect(stderr).toContain(remedy);
    expect(existsSync(join(checkout, 'none'))).toBe(false);
  });

  test('the command refuses a missing name and an unknown template, and lists the templates', async () => {
    expect(await fleet(checkout)).toMatchObject({ code: 2, stderr: expect.stringContaining('The name is missing.') });
    const unknown = await fleet(checkout, 'OrderReport', '--template', 'nonsense');
    expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining('resilient_http') });
  });

  test('--list prints the templates as text or JSON', async () => {
    expect(await fleet(checkout, '--list')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^ai_agent +A model[\s\S]*\n {2,}When to use it: /),
    });
    const { stdout } = await fleet(checkout, '--list', '--json');
    expect(JSON.parse(stdout)).toEqual(await listTemplates());
  });

  test('fleet new worker refuses the flags of fleet new workflow', async () => {
    const asked = await start(checkout, join(checkout, 'cli/fleet.js'), 'new', 'worker', 'a_task', '--list');
    expect(asked).toMatchObject({ code: 2, stderr: expect.stringContaining('are only for workflows') });
  });
});
