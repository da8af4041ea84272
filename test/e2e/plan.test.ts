import { afterAll, describe, expect, inject, test } from 'vitest';
import { loadWorkflows } from '../../cli/load-content.ts';
import type { Conductor } from '../../core/conductor/api.ts';
import { register } from '../../workflows/manage/apply.ts';
import { firingsOf } from '../../workflows/manage/next-firings.ts';
import { greetingCode, parentCode } from '../support/content-folder.ts';
import { fleetScene, ownName } from '../support/fleet-scene.ts';
import { realConductor, runFleetCommand } from '../support/product.ts';

const conductor: Conductor = realConductor();
afterAll(() => conductor.close());

const started: string[] = [];
afterAll(() => Promise.all(started.map((id) => conductor.terminate(id, 'the test is over').catch(() => undefined))));

async function start(workflow: string, version?: number): Promise<string> {
  const id = await conductor.startWorkflow({ name: workflow, input: { who: 'you' }, ...(version && { version }) });
  started.push(id);
  return id;
}

describe.concurrent('a plan', () => {
  test('fleet plan --check exits with 3 if the server differs from the code, and with 0 if it does not', async () => {
    const { folder, greet, plan, apply } = fleetScene();
    folder.write('definitions', greet, greetingCode(greet));
    expect(await plan('--check')).toMatchObject({
      code: 3,
      text: expect.stringContaining(`+ workflow ${greet} v1: create`),
    });
    await apply();
    expect(await plan('--check')).toEqual({
      code: 0,
      text: expect.stringMatching(/^Nothing to do: 1 definition up to date/),
    });
  });

  test('fleet plan shows every changed field, and the executions that run under the definition', async () => {
    const { folder, greet, plan, apply } = fleetScene();
    folder.write('definitions', greet, greetingCode(greet, { hold: true }));
    await apply();
    const id = await start(greet);
    folder.write('definitions', greet, greetingCode(greet, { hold: true, text: 'good day' }));
    const { text } = await plan();
    expect(text).toContain(`~ workflow ${greet} v1: update`);
    expect(text).toContain(
      'tasks.make.inputParameters.queryExpression: "\\"hello \\" + .who" → "\\"good day \\" + .who"',
    );
    expect(text).toContain(
      `1 running execution of ${greet} v1: they keep the definition they were started with (${id})`,
    );
  });

  test('fleet plan keeps definitions that were changed on the server or belong to another fleet, and says so', async () => {
    const { fleet, folder, greet, plan, apply } = fleetScene();
    folder.write('definitions', greet, greetingCode(greet));
    await apply();
    const stored = await conductor.getWorkflowDef(greet, 1);
    await conductor.putWorkflowDef({ ...stored, schemaVersion: 2, description: 'changed by hand' } as never);
    const { code, text } = await plan('--check');
    expect(code).toBe(3);
    expect(text).toContain('description: "changed by hand" → "A workflow for tests of plan and apply."');
    expect(text).toContain('It was changed on the server, so it is kept.');
    await apply('--overwrite');
    expect(await plan('--check')).toMatchObject({ code: 0 });

    folder.write('definitions', greet, greetingCode(greet, { text: 'good day' }));
    const other = await runFleetCommand(['plan', ...folder.flags, '--fleet-name', ownName('other')]);
    expect(other.stdout).toContain(`It belongs to the fleet "${fleet}", so it is kept.`);
  });
});

describe.concurrent('a change that would break running executions', () => {
  test('the change becomes the next version: parents use the new version, and running executions keep the old one', async () => {
    const { folder, greet, plan, changes, apply } = fleetScene();
    const parent = ownName('parent');
    folder.write('definitions', greet, greetingCode(greet, { hold: true }));
    folder.write('definitions', parent, parentCode(parent, greet), { [greet]: 'definitions' });
    await apply();
    const old = await start(greet);

    folder.write('definitions', greet, greetingCode(greet, { text: 'good day' }));
    const { text } = await plan();
    expect(text).toContain(`+ workflow ${greet} v2 (version 1 in code): new-version`);
    expect(text).toContain('beside the running one, because task hold was removed');
    expect(text).toContain(`tasks.child.subWorkflowParam.version: 1 → 2`);
    await apply();
    expect(await plan('--check')).toMatchObject({ code: 0, text: expect.stringContaining('no longer in code') });
    expect((await changes()).filter(({ action }) => action !== 'left').map(({ action }) => action)).toEqual([
      'unchanged',
      'unchanged',
    ]);

    const made = await conductor.waitForEnd(await start(parent));
    expect(made.status).toBe('COMPLETED');
    expect(made.tasks[0]?.outputData).toMatchObject({ text: 'good day you' });
    const [hold] = (await conductor.getExecution(old)).tasks;
    await conductor.updateTask({ workflowInstanceId: old, taskId: hold?.taskId ?? '', status: 'COMPLETED' });
    expect((await conductor.waitForEnd(old)).output).toEqual({ text: 'hello you' });

    // No execution runs any more, so another change replaces version 2, and version 1 can be deleted.
    folder.write('definitions', greet, greetingCode(greet, { text: 'bye' }));
    expect(await apply('--prune')).toMatch(
      new RegExp(`updated: workflow ${greet} v2[\\s\\S]*deleted: workflow ${greet} v1`),
    );
    expect(await plan('--check', '--prune')).toMatchObject({ code: 0 });
    expect((await conductor.waitForEnd(await start(parent))).tasks[0]?.outputData).toMatchObject({ text: 'bye you' });
  });

  test('executions of a parent count as affected even if they have not reached the changed sub-workflow yet', async () => {
    const { folder, greet, plan, apply } = fleetScene();
    const parent = ownName('parent');
    folder.write('definitions', greet, greetingCode(greet));
    folder.write('definitions', parent, parentCode(parent, greet, { hold: true }), { [greet]: 'definitions' });
    await apply();
    const waiting = await start(parent);
    folder.write('definitions', greet, greetingCode(greet, { input: ', mood: z.string()' }));
    const { text } = await plan();
    expect(text).toContain('because input.mood is now required');
    expect(text).toContain(`1 running execution of ${parent} v1: they run it when they reach its task (${waiting})`);
    await apply();
    const [hold] = (await conductor.getExecution(waiting)).tasks;
    await conductor.updateTask({ workflowInstanceId: waiting, taskId: hold?.taskId ?? '', status: 'COMPLETED' });
    const ended = await conductor.waitForEnd(waiting);
    expect(ended.tasks.at(-1)?.outputData).toMatchObject({ text: 'hello you' });
  });

  test('the change replaces the version if no execution runs under it', async () => {
    const { folder, greet, apply } = fleetScene();
    folder.write('definitions', greet, greetingCode(greet, { hold: true }));
    await apply();
    folder.write('definitions', greet, greetingCode(greet));
    expect(await apply()).toContain(`updated: workflow ${greet} v1`);
  });
});

describe.concurrent('pruning', () => {
  test('--prune deletes definitions that are no longer in code, unless they run or lack our stamp', async () => {
    const { folder, greet, plan, changes, apply } = fleetScene();
    const [gone, stranger] = [ownName('gone'), ownName('stranger')];
    for (const one of [greet, gone]) folder.write('definitions', one, greetingCode(one, { hold: one === gone }));
    await apply();
    await conductor.putWorkflowDef({
      ...(await conductor.getWorkflowDef(gone)),
      name: stranger,
      metadata: {},
    } as never);
    folder.remove('definitions', gone);
    expect((await plan()).text).toContain(`? workflow ${gone} v1: left`);
    const id = await start(gone);
    const inUse = await changes('--prune');
    expect(inUse.find((one) => one.name === gone)).toMatchObject({
      action: 'in-use',
      touches: [{ how: 'runs', ids: [id] }],
    });
    await conductor.terminate(id, 'the test is over');
    expect((await changes('--prune')).filter(({ action }) => action === 'delete').map((one) => one.name)).toEqual([
      gone,
    ]);
    expect(await apply('--prune')).toContain(`deleted: workflow ${gone} v1`);
    const left = await conductor.listWorkflowNames();
    expect(left).toContain(stranger);
    expect(left).not.toContain(gone);
    await conductor.deleteWorkflowDef(stranger, 1);
  });
});

describe.concurrent('schedules and event handlers', () => {
  test('fleet plan shows the next firings of a schedule in its time zone, and refuses a cron expression that the server cannot read', async () => {
    const { folder, greet, plan } = fleetScene();
    const daily = ownName('daily');
    folder.write('definitions', greet, greetingCode(greet));
    const code = (cron: string) =>
      `defineSchedule({ name: '${daily}', description: 'd', workflow: ${greet}, input: { who: 'you' }, cron: '${cron}', zone: 'America/New_York' })`;
    folder.write('schedules', daily, code('0 0 9 99 * *'), { [greet]: 'definitions' });
    const refused = await plan();
    expect(refused.code).toBe(2);
    expect(refused.text).toContain(`Schedule ${daily}: the server cannot read the cron expression "0 0 9 99 * *"`);
    folder.write('schedules', daily, code('0 0 9 * * *'), { [greet]: 'definitions' });
    const expected = firingsOf('0 0 9 * * *', 'America/New_York', Date.now(), 3).map((time) =>
      new Date(time).toISOString().slice(0, 19),
    );
    expect((await plan()).text).toContain(`fires next ${expected.map((time) => `${time}Z`).join(', ')}`);
  });

  test.each([
    ['*/7 * * * * *'],
    ['0 0 9 * * MON-FRI'],
    ['30 15 6,18 1-7 * SUN'],
    ['0 0 0 29 2 *'],
    ['0 5/20 8-10 ? JAN,JUL *'],
    ['@weekly'],
  ])('we compute the same firings of %s as the server', async (cron) => {
    const after = Date.now();
    const ofServer = await conductor.nextFirings(cron, 3);
    const ours = firingsOf(cron, 'UTC', after - 1_000, 5);
    expect(ours).toEqual(expect.arrayContaining(ofServer));
    expect(ofServer).toHaveLength(3);
  });

  test('a schedule fires, the next plan leaves it unchanged, a paused schedule stays paused, and pruning deletes it', async ({
    expect,
  }) => {
    const { folder, greet, plan, changes, apply } = fleetScene();
    const often = ownName('often');
    folder.write('definitions', greet, greetingCode(greet));
    const code = (cron: string) =>
      `defineSchedule({ name: '${often}', description: 'Often.', workflow: ${greet}, input: { who: 'you' }, cron: '${cron}' })`;
    folder.write('schedules', often, code('* * * * * *'), { [greet]: 'definitions' });
    await apply();
    expect(await plan('--check')).toMatchObject({ code: 0 });
    const fired = () => conductor.searchExecutions({ query: `workflowType=${greet} AND status=COMPLETED` });
    await expect.poll(async () => (await fired()).totalHits, { timeout: 60_000 }).toBeGreaterThan(0);
    const [stored] = (await conductor.listSchedules()).filter((one) => one.name === often);
    await conductor.putSchedule({ ...stored, name: often, paused: true } as never);
    folder.write('schedules', often, code('*/2 * * * * *'), { [greet]: 'definitions' });
    const [kept] = (await changes()).filter(({ kind }) => kind === 'schedule');
    expect(kept).toMatchObject({
      action: 'keep',
      differences: [{ path: 'cronExpression' }, { path: 'paused', before: true }],
    });
    folder.remove('schedules', often);
    expect(await apply('--prune', '--overwrite')).toContain(`deleted: schedule ${often}`);
  });
});

test.concurrent('several processes register the same definitions at once: all succeed, and each definition is written once', async () => {
  const { fleet, folder } = fleetScene();
  const names = Array.from({ length: 5 }, () => ownName('many'));
  for (const one of names) folder.write('definitions', one, greetingCode(one));
  const content = { tasks: [], workflows: await loadWorkflows(folder) };
  const settings = { shopUrl: inject('shopUrl'), llmProvider: 'litellm', llmModel: 'm' };
  const done = await Promise.all(Array.from({ length: 4 }, () => register(conductor, content, settings, { fleet })));
  const written = done.flat().filter(({ action }) => action === 'create');
  expect(written.map((one) => one.name).sort()).toEqual([...names].sort());
  expect(await conductor.listWorkflowNames()).not.toContain(`fleet_apply_lock_${fleet}`);
});
