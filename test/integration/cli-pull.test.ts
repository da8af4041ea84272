import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import plan from '../../cli/commands/plan.ts';
import pull from '../../cli/commands/pull.ts';
import { loadWorkflows, workflowSettings } from '../../cli/load-content.ts';
import { loadConfig } from '../../core/config.ts';
import { withSettings } from '../../workflows/manage/task-def.ts';
import { DefinitionStore } from '../support/definition-store.ts';
import { type FakeConductor, startFakeConductor } from '../support/fake-conductor.ts';
import { foreignDefinitions } from '../support/foreign-definitions.ts';
import { root } from '../support/product.ts';
import { runCommand } from '../support/run-command.ts';

let fake: FakeConductor;
let server: DefinitionStore;
beforeEach(async () => {
  fake = await startFakeConductor();
  server = new DefinitionStore();
  fake.routes = server.routes;
});
afterEach(() => fake.close());

/** A folder in the checkout, where the compiler and the project's types are found. */
let inside = '';
/** A folder outside of the checkout, where no compiler is found. */
const outside = mkdtempSync(join(tmpdir(), 'fleet-pull-'));
beforeAll(() => {
  mkdirSync(join(root, '.fleet'), { recursive: true });
  inside = mkdtempSync(join(root, '.fleet/pull-'));
});
afterAll(() => {
  for (const folder of [inside, outside]) rmSync(folder, { recursive: true, force: true });
});

const settings = (workflowsDir: string) => ({ conductorServerUrl: fake.url, workflowsDir, shopUrl: 'http://shop' });
const fleetPull = (workflowsDir: string, ...args: string[]) =>
  runCommand(pull, args, { settings: settings(workflowsDir) });

/** Stores these definitions on the fake server, and returns their names. */
function store(...defs: Record<string, unknown>[]): string[] {
  for (const def of defs) server.workflows.set(`${def.name} ${def.version ?? 1}`, { version: 1, ...def });
  return defs.map(({ name }) => String(name));
}
const wait = (name: string, rest: Record<string, unknown> = {}) => ({
  name,
  taskReferenceName: name,
  type: 'WAIT',
  inputParameters: {},
  ...rest,
});
const small = (name: string, tasks = [wait('hold')], version = 1) => ({ name, version, schemaVersion: 2, tasks });

describe('a pulled file', () => {
  test('the pulled files of shipped and foreign definitions compile and register the identical definitions', async () => {
    const known = workflowSettings({ ...loadConfig({ env: {} }).config, shopUrl: 'http://shop' });
    const shipped = (await loadWorkflows()).map((workflow) => withSettings(workflow, known));
    const names = store(...shipped, ...foreignDefinitions('foreign'));
    const { stdout, stderr } = await fleetPull(inside, ...names);
    expect(stdout.split('\n')).toHaveLength(names.length);
    expect(stderr).not.toContain('not checked');
    const planned = await runCommand(plan, ['--json', '--all'], { settings: settings(inside) });
    const { changes } = JSON.parse(planned.stdout) as { changes: { kind: string; name: string; action: string }[] };
    const workflows = changes.filter(({ kind }) => kind === 'workflow');
    expect(workflows.map(({ name }) => name).sort()).toEqual([...names].sort());
    expect(workflows.filter(({ action }) => action !== 'unchanged')).toEqual([]);
  }, 120_000);

  test('without a compiler, fleet pull writes the file and says that its types were not checked', async () => {
    store(small('lonely'));
    const { stderr } = await fleetPull(join(outside, 'no-compiler'), 'lonely');
    expect(stderr).toContain('The types were not checked');
    const source = readFileSync(join(outside, 'no-compiler/definitions/lonely.ts'), 'utf8');
    expect(source).toMatch(/wf\.wait\('hold'/);
  });

  test('a pulled file imports the workflow that it calls, which is pulled first', async () => {
    const call = (name: string) =>
      wait('child', { type: 'SUB_WORKFLOW', subWorkflowParam: { name, version: 1 }, inputParameters: {} });
    store(small('parent', [call('child')]), small('child', [call('parent')]), small('orphan', [call('nowhere')]));
    const folder = join(outside, 'recursive');
    expect((await fleetPull(folder, 'parent', '--recursive')).stdout.split('\n')).toEqual([
      expect.stringMatching(/child\.ts$/),
      expect.stringMatching(/parent\.ts$/),
    ]);
    expect(readFileSync(join(folder, 'definitions/parent.ts'), 'utf8')).toContain("from './child.ts'");
    expect((await fleetPull(folder, 'orphan', '--recursive')).stderr).toContain(
      'The server has no workflow nowhere. The file holds the call to it as plain JSON.',
    );
  });
});

describe('fleet pull', () => {
  test('fleet pull overwrites a file only with --force', async () => {
    store(small('kept'));
    const folder = join(outside, 'kept');
    await fleetPull(folder, 'kept');
    writeFileSync(join(folder, 'definitions/kept.ts'), '// mine');
    await expect(fleetPull(folder, 'kept')).rejects.toMatchObject({
      code: 'conflict',
      remedy: expect.stringContaining('--force'),
    });
    expect(readFileSync(join(folder, 'definitions/kept.ts'), 'utf8')).toBe('// mine');
    rmSync(join(folder, 'definitions/kept.ts'));
    await fleetPull(folder, 'kept');
    await fleetPull(folder, 'kept', '--force');
    expect(readFileSync(join(folder, 'definitions/kept.ts'), 'utf8')).toContain("name: 'kept'");
  });

  test.each([
    ['two names that make one file name', ['Big_Order', 'bigOrder'], 'Big_Order:1 and bigOrder:2'],
    ['two versions of a workflow', ['bigOrder:1', 'bigOrder:2'], 'bigOrder:1 and bigOrder:2'],
  ])('fleet pull refuses %s in one call, also with --force', async (_, names, said) => {
    store(small('Big_Order'), small('bigOrder'), small('bigOrder', [wait('longer')], 2));
    const folder = join(outside, 'shared-file');
    await expect(fleetPull(folder, ...names, '--force')).rejects.toMatchObject({
      code: 'input',
      message: expect.stringContaining(`${said} would be written to the same file`),
    });
    expect(existsSync(join(folder, 'definitions/big-order.ts'))).toBe(false);
    await fleetPull(folder, 'bigOrder:1', 'bigOrder:1');
    rmSync(folder, { recursive: true });
  });

  test('fleet pull --stdout prints the requested version and writes no file', async () => {
    store(small('versions', [wait('first')], 1), small('versions', [wait('second')], 2));
    const folder = join(outside, 'versions');
    expect((await fleetPull(folder, 'versions:1', '--stdout')).stdout).toContain('version: 1,');
    expect((await fleetPull(folder, 'versions', '--stdout')).stdout).toContain('version: 2,');
    expect(readdirSync(join(folder, 'definitions'))).toEqual([]);
  });

  test('writes to --out', async () => {
    store(small('named'));
    const file = join(outside, 'out', 'other.ts');
    await fleetPull(outside, 'named', '--out', file);
    expect(readFileSync(file, 'utf8')).toContain("name: 'named'");
  });

  test('fleet pull suggests similar names for an unknown name', async () => {
    store(small('order_report'), small('invoice'));
    await expect(fleetPull(outside, 'order_reports')).rejects.toMatchObject({
      code: 'not-found',
      remedy: expect.stringMatching(/order_report(?!.*invoice)/),
    });
    await expect(fleetPull(outside, 'zzz')).rejects.toMatchObject({
      remedy: expect.stringContaining('2 workflows'),
    });
    await expect(fleetPull(outside, 'invoice:9')).rejects.toMatchObject({
      message: expect.stringContaining('in version 9'),
    });
  });

  test.each([
    [['a', 'b', '--out', 'x.ts']],
    [['a', '--stdout', '--out', 'x.ts']],
    [['a', '--stdout', '--recursive']],
    [['no/file/can/be/called/so']],
  ])('fleet pull refuses the arguments %j before it writes a file', async (args) => {
    store(small('a'), small('no/file/can/be/called/so'));
    await expect(fleetPull(join(outside, 'refused'), ...args)).rejects.toMatchObject({ code: 'input' });
    expect(existsSync(join(outside, 'refused'))).toBe(false);
  });
});
