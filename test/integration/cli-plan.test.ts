import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import apply from '../../cli/commands/apply.ts';
import plan from '../../cli/commands/plan.ts';
import { type ContentFolder, contentFolder, greetingCode, parentCode } from '../support/content-folder.ts';
import { DefinitionStore } from '../support/definition-store.ts';
import { type FakeConductor, startFakeConductor } from '../support/fake-conductor.ts';
import { runCommand } from '../support/run-command.ts';

const files = mkdtempSync(join(tmpdir(), 'fleet-plan-'));
afterAll(() => rmSync(files, { recursive: true, force: true }));

let fake: FakeConductor;
let server: DefinitionStore;
beforeEach(async () => {
  fake = await startFakeConductor();
  server = new DefinitionStore();
  fake.routes = server.routes;
});
afterEach(() => fake.close());

/** Makes a folder of the fleet "shop". Each state of the code needs its own, because Node loads a module only once. */
function code(write: (folder: ContentFolder) => void): ContentFolder {
  const folder = contentFolder('shop');
  write(folder);
  return folder;
}
const greeting = (options: Parameters<typeof greetingCode>[1] = {}) =>
  code((folder) => folder.write('definitions', 'Greet', greetingCode('Greet', options)));
const nothing = () => code(() => {});

const run = (command: typeof plan, folder: ContentFolder, args: readonly string[], fleetName = 'shop') => {
  const { workflowsDir, tasksDir } = folder;
  return runCommand(command, args, {
    settings: { conductorServerUrl: fake.url, workflowsDir, tasksDir, fleetName },
  });
};
const planned = async (folder: ContentFolder, ...args: string[]) => {
  const { stdout } = await run(plan, folder, ['--json', ...args]);
  const { changes } = JSON.parse(stdout) as { changes: { name: string; version?: number; action: string }[] };
  return changes.map(({ name, version, action }) => `${action} ${name}${version === undefined ? '' : ` ${version}`}`);
};
const applied = (folder: ContentFolder, ...args: string[]) => run(apply, folder, ['--yes', ...args]);
const writes = () =>
  fake.requests.filter(({ method }) => method !== 'GET').map(({ method, path }) => `${method} ${path}`);

describe('fleet plan --check', () => {
  test('fleet plan --check exits with 3 while the server differs from the code, and then with 0', async () => {
    const folder = greeting();
    expect(await run(plan, folder, ['--check'])).toMatchObject({ code: 3 });
    expect(writes()).toEqual([]);
    expect(await applied(folder)).toMatchObject({ code: 0 });
    expect(server.names()).toEqual(['Greet 1']);
    expect(await run(plan, folder, ['--check'])).toMatchObject({ code: 0 });
    expect(await planned(folder)).toEqual(['unchanged Greet 1']);
  });

  test('fleet plan --check exits with 3 if it keeps a definition that was changed on the server', async () => {
    const folder = greeting();
    await applied(folder);
    server.workflows.set('Greet 1', { ...server.workflows.get('Greet 1'), description: 'Changed by hand.' });
    expect(await run(plan, folder, ['--check'])).toMatchObject({
      code: 3,
      stdout: expect.stringContaining('description: "Changed by hand." → "A workflow for tests of plan and apply."'),
    });
    expect(await planned(folder)).toEqual(['keep Greet 1']);
    expect(await planned(folder, '--overwrite')).toEqual(['update Greet 1']);
  });
});

describe('fleet plan', () => {
  test('fleet plan keeps definitions that another fleet registered', async () => {
    await applied(greeting());
    expect(JSON.parse((await run(plan, greeting({ text: 'hi' }), ['--json'], 'other')).stdout).changes).toMatchObject([
      { name: 'Greet', action: 'keep' },
    ]);
  });

  test('fleet plan shows a new version for a change that would break running executions, and updates the callers', async () => {
    const both = (hold: boolean) =>
      code((folder) => {
        folder.write('definitions', 'Greet', greetingCode('Greet', { hold }));
        folder.write('definitions', 'Parent', parentCode('Parent', 'Greet'), { Greet: 'definitions' });
      });
    await applied(both(true));
    server.running.set('Greet 1', ['exec-7']);
    const { stdout } = await run(plan, both(false), ['--json']);
    expect(JSON.parse(stdout).changes).toMatchObject([
      { name: 'Greet', version: 2, action: 'new-version', touches: [{ ids: ['exec-7'] }] },
      { name: 'Greet', version: 1, action: 'left' },
      { name: 'Parent', version: 1, action: 'update' },
    ]);
    const lines = (await run(plan, both(false), [])).stdout;
    expect(lines).toContain('1 running execution of Greet v1');
    expect(lines).toContain('tasks.child.subWorkflowParam.version: 1 → 2');
    await applied(both(false));
    expect(server.names()).toEqual(['Greet 1', 'Greet 2', 'Parent 1']);
    expect(server.workflows.get('Parent 1')).toMatchObject({ tasks: [{ subWorkflowParam: { version: 2 } }] });
  });

  test('M2: an execution of another version of the workflow breaks nothing', async () => {
    const greet = (hold: boolean) =>
      code((folder) => folder.write('definitions', 'Greet', greetingCode('Greet', { hold })));
    await applied(greet(true));
    server.running.set('Greet 7', ['exec-7']);
    expect(await planned(greet(false))).toEqual(['update Greet 1']);
    expect(await planned(nothing(), '--prune')).toEqual(['delete Greet 1']);
  });

  test('fleet plan shows when a schedule fires, and refuses a cron expression that the server cannot read', async () => {
    const scheduled = (cron: string) =>
      code((folder) => {
        folder.write('definitions', 'Greet', greetingCode('Greet'));
        const schedule = `defineSchedule({ name: 'daily', description: 'd', workflow: Greet, input: { who: 'you' }, cron: '${cron}' })`;
        folder.write('schedules', 'daily', schedule, { Greet: 'definitions' });
      });
    expect((await run(plan, scheduled('* * * * * *'), [])).stdout).toContain('fires next 2023-11-14T22:13:21Z');
    await expect(run(plan, scheduled('0 99 * * * *'), [])).rejects.toMatchObject({
      code: 'config',
      message: expect.stringContaining('daily'),
    });
    await applied(scheduled('* * * * * *'));
    expect(server.schedules.get('daily')).toMatchObject({ startWorkflowRequest: { name: 'Greet' } });
    expect(await planned(nothing(), '--prune')).toEqual(['delete daily', 'delete Greet 1']);
  });
});

describe('fleet apply', () => {
  test('without --yes and without a terminal, fleet apply writes nothing', async () => {
    await expect(run(apply, greeting(), [])).rejects.toMatchObject({ code: 'input' });
    await expect(run(apply, greeting(), ['--json'])).rejects.toMatchObject({ code: 'input' });
    expect(writes()).toEqual([]);
  });

  test('fleet apply --json prints the changes that it made', async () => {
    const { stdout } = await applied(greeting(), '--json');
    expect(JSON.parse(stdout)).toEqual([
      { kind: 'workflow', name: 'Greet', version: 1, action: 'create', result: 'done' },
    ]);
  });

  test('only with --prune, fleet apply deletes definitions that are no longer in code, but none that runs', async () => {
    await applied(greeting());
    expect(await planned(nothing())).toEqual(['left Greet 1']);
    await applied(nothing());
    expect(server.names()).toEqual(['Greet 1']);

    server.running.set('Greet 1', ['exec-7']);
    expect(await planned(nothing(), '--prune')).toEqual(['in-use Greet 1']);
    await applied(nothing(), '--prune');
    expect(server.names()).toEqual(['Greet 1']);

    server.running.clear();
    expect((await applied(nothing(), '--prune')).stdout).toContain('deleted: workflow Greet v1');
    expect(server.names()).toEqual([]);
  });

  test('fleet apply carries out a plan from a file; a second run finds nothing left to do', async () => {
    const file = join(files, 'plan.json');
    await run(plan, greeting(), ['--out', file]);
    expect((await applied(nothing(), file)).stdout).toContain('created: workflow Greet v1');
    expect((await applied(nothing(), file)).stdout).toContain('already there: workflow Greet v1');
    expect(server.names()).toEqual(['Greet 1']);
  });

  test('fleet apply refuses a plan from a file if the server has changed since', async () => {
    const file = join(files, 'old.json');
    await run(plan, greeting(), ['--out', file]);
    await applied(greeting({ text: 'good day' }));
    const before = writes().length;
    await expect(applied(nothing(), file)).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('workflow Greet v1 was created'),
    });
    // It wrote only the lock, when it took and released it.
    expect(
      writes()
        .slice(before)
        .filter((call) => !call.includes('_lock_') && call !== 'POST /api/metadata/workflow'),
    ).toEqual([]);
    expect(server.workflows.get('Greet 1')).toMatchObject({
      tasks: [{ inputParameters: { queryExpression: '"good day " + .who' } }],
    });
  });

  test('fleet apply refuses a plan from a file if it would break executions that started since', async () => {
    await applied(greeting({ hold: true }));
    const file = join(files, 'breaking.json');
    await run(plan, greeting(), ['--out', file]);
    server.running.set('Greet 1', ['exec-7', 'exec-8']);
    await expect(applied(nothing(), file)).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('Greet@1 (exec-7 and 1 more)'),
    });
    expect(server.workflows.get('Greet 1')).toMatchObject({ tasks: [{ type: 'WAIT' }, {}] });
  });

  test.each([
    ['that is not a plan', () => writeFileSync(join(files, 'bad.json'), '{}'), 'bad.json', 'input'],
    ['that does not exist', () => {}, 'missing.json', 'input'],
  ])('fleet apply refuses a file %s', async (_, prepare, name, errorCode) => {
    prepare();
    await expect(applied(nothing(), join(files, name))).rejects.toMatchObject({
      code: errorCode,
      message: expect.stringContaining(name),
    });
  });

  test('fleet apply refuses --prune together with a file, because the plan in the file decides what to prune', async () => {
    await expect(applied(nothing(), join(files, 'plan.json'), '--prune')).rejects.toMatchObject({ code: 'input' });
  });

  test('fleet apply stores nothing if the server refuses a definition', async () => {
    fake.routes = (request) =>
      request.path === '/api/metadata/workflow/validate'
        ? { status: 400, body: { status: 400, message: 'taskReferenceName: make should be unique' } }
        : server.routes(request);
    await expect(applied(greeting())).rejects.toMatchObject({
      code: 'input',
      message: expect.stringContaining('should be unique'),
    });
    expect(server.names()).toEqual([]);
  });

  test('while another apply holds the lock, fleet apply writes nothing and names the lock holder', async () => {
    const lock = {
      name: 'fleet_apply_lock_shop',
      version: 1,
      tasks: [],
      metadata: {
        holder: { id: 'x', host: 'elsewhere', pid: 4711, since: '2026-01-01T00:00:00.000Z', successor: 5 },
        beat: 1,
      },
    };
    let looks = 0;
    fake.routes = (request) => {
      const isLock = request.path === '/api/metadata/workflow/fleet_apply_lock_shop';
      if (isLock)
        server.workflows.set('fleet_apply_lock_shop 1', { ...lock, metadata: { ...lock.metadata, beat: ++looks } });
      return server.routes(request);
    };
    server.workflows.set('fleet_apply_lock_shop 1', lock);
    await expect(applied(greeting())).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('process 4711 on elsewhere'),
    });
    expect(server.names()).toEqual(['fleet_apply_lock_shop 1']);
  });
});

test('fleet plan --out fails if it cannot write the file', async () => {
  await expect(run(plan, greeting(), ['--out', join(files, 'no', 'such', 'folder.json')])).rejects.toMatchObject({
    code: 'config',
  });
});
