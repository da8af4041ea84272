import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Checkout, copyCheckout } from '../support/checkout.ts';
import { root } from '../support/product.ts';

let copy: Checkout;
let checkout = '';
beforeAll(() => {
  copy = copyCheckout([
    'package.json',
    'tsconfig.json',
    'biome.json',
    'vitest.config.ts',
    'test/support/count-reporter.ts',
  ]);
  checkout = copy.folder;
});
afterAll(() => copy.remove());

const start: Checkout['start'] = (...command) => copy.start(...command);
const fleet = (cwd: string, ...args: string[]) => start(cwd, join(checkout, 'cli/fleet.js'), ...args);
const tool = (name: string, ...args: string[]) => start(checkout, join(root, 'node_modules', name), ...args);

/** Expects that the generated files compile and pass the linter and formatter. */
async function expectClean(files: string[]): Promise<void> {
  const config = join(checkout, 'tsconfig.generated.json');
  writeFileSync(config, JSON.stringify({ extends: './tsconfig.json', include: files }));
  const [compiled, linted] = await Promise.all([
    tool('typescript/bin/tsc', '--noEmit', '-p', config),
    tool('@biomejs/biome/bin/biome', 'check', '--error-on-warnings', ...files),
  ]);
  expect(compiled, compiled.stdout).toMatchObject({ code: 0 });
  expect(linted, linted.stderr).toMatchObject({ code: 0 });
}

describe('fleet new worker', () => {
  test('in a checkout, the command writes a worker and a test that passes', async () => {
    const { code, stdout, stderr } = await fleet(checkout, 'new', 'worker', 'send-invoice');
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: 'workers/tasks/send-invoice.ts\ntest/unit/send-invoice.test.ts\n',
    });
    expect(stderr).toContain('npx vitest run --project unit test/unit/send-invoice.test.ts');
    expect(stderr).toContain('fleet work --watch --only send_invoice\n');
    expect(readFileSync(join(checkout, 'workers/tasks/send-invoice.ts'), 'utf8')).toContain("name: 'send_invoice'");
    await expectClean(stdout.trim().split('\n'));
    const tested = await tool('vitest/vitest.mjs', 'run', '--project', 'unit', 'test/unit/send-invoice.test.ts');
    expect(tested, tested.stdout).toMatchObject({ code: 0, stdout: expect.stringContaining('2 passed') });
  });

  test("in the user's folder, the test is for Node's test runner, and `fleet work` finds the worker", async () => {
    const { code, stdout, stderr } = await fleet(checkout, 'new', 'worker', 'charge_card', '--tasks-dir', 'own/tasks');
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: 'own/tasks/charge-card.ts\nown/tasks/charge-card.test.ts\n',
    });
    await expectClean(stdout.trim().split('\n'));
    const command = /node --test (\S+)/.exec(stderr)?.[1] ?? '';
    const tested = await start(checkout, '--test', command);
    expect(tested, tested.stdout).toMatchObject({ code: 0, stdout: expect.stringContaining('pass 2') });
    const served = await fleet(checkout, 'work', '--tasks-dir', 'own/tasks', '--only', 'nobody');
    expect(served.stderr).toContain('Name some of these: charge_card.');
  });

  test('outside of a checkout, the command writes below the current folder, and warns if the package is not installed', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'new-'));
    mkdirSync(join(folder, 'deep/er'), { recursive: true });
    symlinkSync(join(folder, 'deep/er'), join(folder, 'linked'));
    const { code, stderr } = await fleet(join(folder, 'linked'), 'new', 'worker', 'charge_card');
    expect(code).toBe(0);
    expect(stderr).toContain('The files are below the current folder. Choose another folder with --tasks-dir.');
    expect(stderr).toContain('npm install conductor-fleet');
    const tested = await start(folder, '--test', join(folder, 'linked/workers/tasks/charge-card.test.ts'));
    expect(tested, tested.stdout).toMatchObject({ code: 0, stdout: expect.stringContaining('pass 2') });
    rmSync(folder, { recursive: true });
  });

  test('if one of the files exists, the command writes none', async () => {
    const folder = join(checkout, 'kept');
    mkdirSync(folder);
    writeFileSync(join(folder, 'a-task.test.ts'), 'mine');
    const { code, stderr } = await fleet(checkout, 'new', 'worker', 'a_task', '--tasks-dir', 'kept');
    expect(code).toBe(1);
    expect(stderr).toContain('error: "kept/a-task.test.ts" already exists.\nChoose another name');
    expect(existsSync(join(folder, 'a-task.ts'))).toBe(false);
    expect(readFileSync(join(folder, 'a-task.test.ts'), 'utf8')).toBe('mine');
  });

  test.each([
    ['SendInvoice', 'Use snake case: "send_invoice".'],
    ['send invoice', '"send_invoice".'],
    ['2nd-try', '"nd_try".'],
    ['../evil', '"evil".'],
    ['a__b', '"a_b".'],
    ['!', 'Use snake case, for example "charge_card".'],
  ])('the command refuses the name %s and proposes a valid name', async (name, remedy) => {
    const { code, stderr } = await fleet(checkout, 'new', 'worker', name, '--tasks-dir', 'none');
    expect(code).toBe(2);
    expect(stderr).toContain(`error: ${JSON.stringify(name)} cannot be the name of a task type.`);
    expect(stderr).toContain(remedy);
    expect(existsSync(join(checkout, 'none'))).toBe(false);
  });

  test('fleet new --help explains the flags, and fleet new refuses an unknown kind', async () => {
    expect((await fleet(checkout, 'new', '--help')).stdout).toMatch(
      /--tasks-dir <folder>[\s\S]*The command never overwrites a file/,
    );
    expect(await fleet(checkout, 'new', 'tool', 'x')).toMatchObject({ code: 2 });
  });
});
