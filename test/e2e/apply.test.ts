import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { acquireLock } from '../../core/conductor/definition-lock.ts';
import { contentFolder, greetingCode, parentCode } from '../support/content-folder.ts';
import { ownName } from '../support/fleet-scene.ts';
import { type Running, realConductor, runFleetCommand, startFleetCommand } from '../support/product.ts';

const conductor = realConductor();
afterAll(() => conductor.close());

/** Makes a new fleet with `count` workflows, and a plan file that would create them. */
async function manyPlanned(count: number) {
  const fleet = ownName('fleet');
  const folder = contentFolder(fleet);
  const names = Array.from({ length: count }, () => ownName('many'));
  for (const one of names) folder.write('definitions', one, greetingCode(one));
  const file = join(folder.workflowsDir, 'plan.json');
  const planned = await runFleetCommand(['plan', ...folder.flags, '--out', file]);
  expect(planned, planned.stderr).toMatchObject({ code: 0 });
  const isThere = async (one: string) => (await conductor.listWorkflowNames()).includes(one);
  return { fleet, folder, names, file, isThere };
}

const nothingToDo = async (flags: readonly string[]) =>
  expect((await runFleetCommand(['plan', ...flags, '--check'])).stdout).toMatch(
    /^Nothing to do: \d+ definitions? up to date/,
  );

const times = (text: string, what: string) => text.split(what).length - 1;

/** Resolves once the process has printed that it created `count` definitions. */
function hasCreated({ child }: Running, count: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let printed = '';
    child.stdout?.on('data', (chunk) => {
      printed += chunk;
      if (times(printed, 'created: ') >= count) resolve();
    });
    child.on('close', () => reject(new Error(`it ended before: ${printed}`)));
  });
}

describe.concurrent('two applies of one fleet', () => {
  test('if 20 requests create the same version at once, exactly one succeeds and the others get a conflict', async () => {
    const def = { name: ownName('claim'), version: 1, schemaVersion: 2 as const, tasks: [TERMINATE] };
    const claims = await Promise.allSettled(Array.from({ length: 20 }, () => conductor.createWorkflowDef(def)));
    const lost = claims.filter((claim) => claim.status === 'rejected');
    expect(lost).toHaveLength(19);
    for (const { reason } of lost) expect(reason).toMatchObject({ code: 'conflict' });
    await conductor.deleteWorkflowDef(def.name, 1);
  });

  test('if five callers request the lock at once, one gets it; the others get an error that names the lock holder', async () => {
    const fleet = ownName('fleet');
    const tries = await Promise.allSettled(
      Array.from({ length: 5 }, () => acquireLock(conductor, { purpose: 'apply', name: fleet })),
    );
    const held = tries.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    const refused = tries.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
    expect([held.length, refused.length]).toEqual([1, 4]);
    for (const reason of refused) {
      expect(reason).toMatchObject({
        code: 'conflict',
        message: expect.stringContaining(`process ${process.pid} on `),
      });
    }
    await held[0]?.release();
    const next = await acquireLock(conductor, { purpose: 'apply', name: fleet });
    await next.release();
  });

  test('while one applies, the other writes nothing and names the lock holder; with --wait it applies afterwards', async () => {
    const { fleet, folder, names, file, isThere } = await manyPlanned(2);
    const lock = await acquireLock(conductor, { purpose: 'apply', name: fleet });
    const refused = await runFleetCommand(['apply', file, '--yes']);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(`Another apply is running: process ${process.pid} on `);
    expect(refused.stderr).toMatch(/since \d{4}-\d\d-\d\dT[\s\S]*Wait until it has ended/);
    expect(await isThere(names[0] as string)).toBe(false);

    const patient = startFleetCommand(['apply', file, '--yes', '--wait', '60']);
    await patient.says(/waiting for the apply of process \d+/);
    await lock.release();
    expect(await patient.ended).toMatchObject({ code: 0, stdout: expect.stringContaining('created: workflow') });
    await nothingToDo(folder.flags);
  });

  test('an apply leaves no lock behind, and no list of workflows shows the lock while it is held', async () => {
    const { fleet, folder, file } = await manyPlanned(1);
    const lock = await acquireLock(conductor, { purpose: 'apply', name: fleet });
    const shown = await runFleetCommand(['plan', ...folder.flags, '--all', '--prune', '--json']);
    expect(shown.stdout).not.toContain('fleet_apply_lock');
    await lock.release();
    await runFleetCommand(['apply', file, '--yes']);
    expect(await conductor.listWorkflowNames()).not.toContain(`fleet_apply_lock_${fleet}`);
  });

  test('a suspended process loses its lock to another process, and writes nothing when it continues', async () => {
    const { folder, file } = await manyPlanned(30);
    const sleeper = startFleetCommand(['apply', file, '--yes']);
    await hasCreated(sleeper, 1);
    sleeper.child.kill('SIGSTOP');
    const next = await runFleetCommand(['apply', file, '--yes']);
    expect(next, next.stderr).toMatchObject({ code: 0 });
    expect(next.stderr).toContain('ended without releasing its lock; taking it over');
    sleeper.child.kill('SIGCONT');
    const woken = await sleeper.ended;
    expect(woken.code, woken.stderr).toBe(1);
    expect(woken.stderr).toContain('The lock of this apply was lost');
    await nothingToDo(folder.flags);
  });
});

describe.concurrent('an apply that was killed before its end', () => {
  test.each(['the same plan', 'a new plan'])(
    'the next apply with %s finishes the work of a killed apply',
    async (which) => {
      const { folder, file, names } = await manyPlanned(30);
      const first = startFleetCommand(['apply', file, '--yes']);
      await hasCreated(first, 3);
      first.child.kill('SIGKILL');
      await first.ended;
      const there = new Set(await conductor.listWorkflowNames());
      const made = names.filter((one) => there.has(one)).length;
      expect(made).toBeGreaterThan(0);
      expect(made).toBeLessThan(names.length);

      const next = await runFleetCommand(['apply', ...(which === 'the same plan' ? [file] : folder.flags), '--yes']);
      expect(next, next.stderr).toMatchObject({ code: 0 });
      const created = times(next.stdout, 'created: ');
      expect([made, made + 1]).toContain(names.length - created); // one more, if the killed process had just sent a request
      if (which === 'the same plan') expect(times(next.stdout, 'already there: ')).toBe(names.length - created);
      await nothingToDo(folder.flags);
    },
  );
});

describe.concurrent('a plan in a file', () => {
  test('apply refuses a plan if the server has changed since; the error names the change, and nothing is written', async () => {
    const { names, file, isThere } = await manyPlanned(2);
    const [one = '', other = ''] = names;
    await conductor.putWorkflowDef({ name: one, version: 1, schemaVersion: 2, tasks: [TERMINATE] });
    const { code, stderr } = await runFleetCommand(['apply', file, '--yes']);
    expect(code).toBe(1);
    expect(stderr).toContain(`The server changed since the plan was made: workflow ${one} v1 was created.`);
    expect(await isThere(other)).toBe(false);
  });

  test('apply refuses a plan that would break executions that started after it was made', async () => {
    const fleet = ownName('fleet');
    const folder = contentFolder(fleet);
    const greet = ownName('greet');
    folder.write('definitions', greet, greetingCode(greet, { hold: true }));
    expect(await runFleetCommand(['apply', ...folder.flags, '--yes'])).toMatchObject({ code: 0 });
    folder.write('definitions', greet, greetingCode(greet));
    const file = join(folder.workflowsDir, 'plan.json');
    const planned = await runFleetCommand(['plan', ...folder.flags, '--out', file]);
    expect(planned.stdout).toContain(`~ workflow ${greet} v1: update`);
    const id = await conductor.startWorkflow({ name: greet, input: { who: 'you' } });
    const { code, stderr } = await runFleetCommand(['apply', file, '--yes']);
    expect(code).toBe(1);
    expect(stderr).toContain(`The plan would break executions that started since it was made: ${greet}@1 (${id})`);
    await conductor.terminate(id, 'the test is over');
  });

  test('apply refuses a plan for another server, and a file that is not a plan', async () => {
    const { file } = await manyPlanned(1);
    const plan = JSON.parse(readFileSync(file, 'utf8'));
    writeFileSync(file, JSON.stringify({ ...plan, serverUrl: 'http://elsewhere/api' }));
    expect(await runFleetCommand(['apply', file, '--yes'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('The plan was made for http://elsewhere/api'),
    });
    writeFileSync(file, '{"format":1}');
    expect(await runFleetCommand(['apply', file, '--yes'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('is not a plan'),
    });
  });
});

test.concurrent('apply writes nothing without --yes and without a terminal', async () => {
  const { file, names, isThere } = await manyPlanned(1);
  const { code, stderr } = await runFleetCommand(['apply', file]);
  expect(code).toBe(2);
  expect(stderr).toContain('add --yes');
  expect(await isThere(names[0] as string)).toBe(false);
});

test.concurrent('apply reports a definition that the server refuses, and writes nothing', async () => {
  const folder = contentFolder(ownName('fleet'));
  const [good, bad] = [ownName('good'), ownName('bad')];
  folder.write('definitions', good, greetingCode(good));
  const broken = greetingCode(bad).replace(
    'defineWorkflow(',
    '((w) => ({ ...w, def: { ...w.def, tasks: [] } }))(defineWorkflow(',
  );
  folder.write('definitions', bad, `${broken})`);
  const { code, stderr } = await runFleetCommand(['apply', ...folder.flags, '--yes']);
  expect(code).toBe(2);
  expect(stderr).toContain(`The server refuses workflow ${bad} v1`);
  expect(await conductor.listWorkflowNames()).not.toContain(good);
});

test.concurrent('apply writes a definition after the definitions that it refers to, and deletes it before them', async () => {
  const folder = contentFolder(ownName('fleet'));
  const [child, parent, daily] = [ownName('z_child'), ownName('a_parent'), ownName('daily')];
  folder.write('definitions', child, greetingCode(child));
  folder.write('definitions', parent, parentCode(parent, child), { [child]: 'definitions' });
  const spec = `{ name: '${daily}', description: 'd', workflow: ${parent}, input: { who: 'you' }, cron: '0 0 9 * * *' }`;
  folder.write('schedules', daily, `defineSchedule(${spec})`, { [parent]: 'definitions' });
  const done = async (...args: string[]) => {
    const { stdout } = await runFleetCommand(['apply', ...folder.flags, '--yes', '--json', ...args]);
    return (JSON.parse(stdout) as { name: string; action: string }[]).map((one) => `${one.action} ${one.name}`);
  };
  expect(await done()).toEqual([`create ${child}`, `create ${parent}`, `create ${daily}`]);
  folder.remove('schedules', daily);
  folder.remove('definitions', parent);
  folder.remove('definitions', child);
  expect(await done('--prune')).toEqual([`delete ${daily}`, `delete ${parent}`, `delete ${child}`]);
  expect(await conductor.listWorkflowNames()).not.toContain(parent);
});

const TERMINATE = {
  name: 'end',
  taskReferenceName: 'end',
  type: 'TERMINATE',
  inputParameters: { terminationStatus: 'COMPLETED' },
};
