import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { callerOf } from '../../mcp/admission/permissions.ts';
import type { Tool, ToolContext } from '../../mcp/engine/define-tool.ts';
import changeSchedule from '../../mcp/tools/change-schedule.ts';
import createSchedule from '../../mcp/tools/create-schedule.ts';
import listSchedules from '../../mcp/tools/list-schedules.ts';
import { stampSchedule } from '../../workflows/manage/stamp.ts';
import { DefinitionStore } from '../support/definition-store.ts';
import { type FakeConductor, startFakeConductor } from '../support/fake-conductor.ts';
import { callTool } from '../support/tool-calls.ts';

let fake: FakeConductor;
let server: DefinitionStore;
beforeAll(async () => {
  fake = await startFakeConductor();
});
afterAll(() => fake.close());
beforeEach(() => {
  fake.fault = 'none';
  fake.faultAt = () => true;
  server = new DefinitionStore();
  fake.routes = server.routes;
  server.workflows.set('report 1', report(1));
  server.workflows.set('report 2', report(2));
});

const inputSchema = { data: { type: 'object', properties: { to: { type: 'string' } }, required: ['to'] } };
const report = (version: number) => ({ name: 'report', version, tasks: [], inputSchema });
const call = (tool: Tool, args: Record<string, unknown>, changes: Partial<ToolContext> = {}) =>
  callTool(fake.url, tool, args, changes);
const mayOnlyWrite = { caller: callerOf('admin'), allows: (permission: string) => permission !== 'workflows:execute' };
const starts = () => fake.requests.filter(({ method, path }) => method === 'POST' && path === '/api/workflow');

const daily = { name: 'daily', workflowName: 'report', cron: '0 0 9 * * *', input: { to: 'ann' } };
const stored = (changes: Record<string, unknown> = {}) => {
  const startWorkflowRequest = { name: 'report', input: { to: 'ann' } };
  const schedule = { name: 'daily', cronExpression: daily.cron, zoneId: 'UTC', paused: false, startWorkflowRequest };
  server.schedules.set('daily', { ...schedule, ...changes });
};
const managed = stampSchedule({ description: 'Daily.' }, { fingerprint: '0123456789abcdef', fleet: 'shop' });

describe('create_schedule', () => {
  test('create_schedule stores the schedule and shows its next firings', async () => {
    const { structured } = await call(createSchedule, { ...daily, version: 1, correlationId: 'c-1' });
    expect(structured).toMatchObject({ isNew: true, paused: false, zone: 'UTC' });
    expect(structured.next).toHaveLength(3);
    expect(server.schedules.get('daily')).toMatchObject({
      cronExpression: daily.cron,
      zoneId: 'UTC',
      runCatchupScheduleInstances: false,
      startWorkflowRequest: { name: 'report', version: 1, input: { to: 'ann' }, correlationId: 'c-1' },
    });
  });

  test('without a version, each firing starts the newest version; overwrite replaces the existing schedule', async () => {
    stored({ paused: true });
    expect((await call(createSchedule, daily)).structured).toMatchObject({ isNew: false, paused: false });
    expect(server.schedules.get('daily')?.startWorkflowRequest).not.toHaveProperty('version');
  });

  test.each([
    ['an input that does not fit', { input: { to: 7 } }, 'input'],
    ['a workflow that does not exist', { workflowName: 'reprot' }, 'not-found'],
    ['an unknown time zone', { zone: 'Europe/Pariss' }, 'input'],
    ['a cron expression that the server cannot read', { cron: '0 99 * * * *' }, 'input'],
  ])('create_schedule stores nothing for %s', async (_, changes, code) => {
    await expect(call(createSchedule, { ...daily, ...changes })).rejects.toMatchObject({ code });
    expect(server.schedules.size).toBe(0);
  });

  test('create_schedule refuses a caller who may not start workflows', async () => {
    await expect(call(createSchedule, daily, mayOnlyWrite)).rejects.toMatchObject({ code: 'denied' });
    expect(server.schedules.size).toBe(0);
  });
});

describe('change_schedule', () => {
  const change = (action: string, changes = {}) => call(changeSchedule, { name: 'daily', action }, changes);

  test('change_schedule pauses and resumes a schedule, and says if nothing had to change', async () => {
    stored();
    expect((await change('pause')).structured).toMatchObject({ paused: true });
    expect(server.schedules.get('daily')).toMatchObject({ paused: true });
    expect((await change('pause')).text).toContain('already');
    expect((await change('resume')).structured).toMatchObject({ paused: false });
  });

  test('deletes', async () => {
    stored();
    expect((await change('delete')).structured).toMatchObject({ exists: false });
    expect(server.schedules.size).toBe(0);
  });

  test('change_schedule fails if the server answers 200 but changes nothing', async () => {
    stored();
    fake.routes = (request) => (request.method === 'GET' ? server.routes(request) : { body: '' });
    await expect(change('pause')).rejects.toMatchObject({ code: 'upstream' });
    await expect(change('delete')).rejects.toMatchObject({ code: 'upstream' });
  });

  test('change_schedule starts the workflow once now, with the input of the schedule', async () => {
    const saved = {
      name: 'report',
      version: 1,
      input: { to: 'ann' },
      correlationId: 'c-1',
      priority: 5,
      taskToDomain: { '*': 'd' },
    };
    stored({ startWorkflowRequest: saved });
    expect((await change('run_now')).structured).toMatchObject({ executionId: 'exec-1' });
    expect(starts().at(-1)?.body).toEqual(saved);
  });

  test('change_schedule starts nothing if the caller may not start workflows, or if the saved input does not fit any more', async () => {
    const before = starts().length;
    stored();
    await expect(change('run_now', mayOnlyWrite)).rejects.toMatchObject({ code: 'denied' });
    stored({ startWorkflowRequest: { name: 'report', input: {} } });
    await expect(change('run_now')).rejects.toMatchObject({ code: 'input' });
    stored({ startWorkflowRequest: null });
    await expect(change('run_now')).rejects.toMatchObject({ code: 'conflict' });
    expect(starts()).toHaveLength(before);
  });

  test('if the answer to a start is lost, the error says to look for the execution first', async () => {
    stored();
    fake.fault = 'hang-up';
    fake.faultAt = ({ method, path }) => method === 'POST' && path === '/api/workflow';
    await expect(change('run_now')).rejects.toMatchObject({
      code: 'upstream',
      retryable: false,
      remedy: expect.stringContaining('list_workflow_executions {"workflowName":"report"'),
    });
  });

  test('for an unknown name, change_schedule names the most similar schedule', async () => {
    stored();
    await expect(call(changeSchedule, { name: 'dayly', action: 'pause' })).rejects.toMatchObject({
      code: 'not-found',
      remedy: expect.stringContaining('list_schedules {"name":"daily"}'),
    });
    server.schedules.clear();
    await expect(change('pause')).rejects.toMatchObject({ remedy: expect.stringContaining('list_schedules {}') });
  });
});

describe('list_schedules', () => {
  const list = async (args = {}) =>
    (await call(listSchedules, args)).structured as { schedules: Record<string, unknown>[]; total: number };

  test('list_schedules shows the workflow of each schedule, its next firing and its last result', async () => {
    stored({ startWorkflowRequest: { name: 'report', version: 2, input: {} } });
    server.schedules.set('broken', {
      name: 'broken',
      cronExpression: '0 99 * * * *',
      startWorkflowRequest: { name: 'other', input: {} },
    });
    server.schedules.set('asleep', { ...server.schedules.get('daily'), name: 'asleep', paused: true });
    server.firings = [
      { scheduleName: 'daily', scheduledTime: 1_700_000_000_000, state: 'EXECUTED', workflowId: 'exec-1' },
      { scheduleName: 'daily', scheduledTime: 1_700_000_060_000, state: 'FAILED', reason: 'no such workflow' },
    ];
    const { schedules, total } = await list();
    expect(total).toBe(3);
    expect(schedules).toMatchObject([
      { name: 'asleep', paused: true, next: [] },
      { name: 'broken', workflow: 'other', next: [] },
      {
        name: 'daily',
        workflow: 'report',
        version: 2,
        zone: 'UTC',
        last: [
          { at: '2023-11-14T22:14:20Z', state: 'FAILED', reason: 'no such workflow' },
          { at: '2023-11-14T22:13:20Z', state: 'EXECUTED', executionId: 'exec-1', status: 'COMPLETED' },
        ],
      },
    ]);
    expect(schedules[2]?.next).toHaveLength(3);
  });

  test('list_schedules filters by name and by workflow', async () => {
    stored();
    server.schedules.set('other', { name: 'other', startWorkflowRequest: { name: 'x', input: {} } });
    expect((await list({ workflowName: 'report' })).schedules).toMatchObject([{ name: 'daily' }]);
    expect((await list({ name: 'other' })).schedules).toMatchObject([{ name: 'other' }]);
    expect((await list({ limit: 1 })).total).toBe(2);
    expect(await call(listSchedules, { name: 'none' })).toMatchObject({ structured: { schedules: [], total: 0 } });
  });

  test('list_schedules shows a firing even if its execution was removed', async () => {
    stored();
    server.firings = [{ scheduleName: 'daily', scheduledTime: 1, state: 'EXECUTED', workflowId: 'exec-gone' }];
    expect((await list()).schedules[0]?.last).toEqual([
      { at: '1970-01-01T00:00:00Z', state: 'EXECUTED', executionId: 'exec-gone' },
    ]);
  });
});

describe('a schedule that is kept as code', () => {
  test('create_schedule does not overwrite it; change_schedule warns that the next apply undoes the change', async () => {
    stored(managed);
    await expect(call(createSchedule, daily)).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('shop'),
    });
    expect((await call(changeSchedule, { name: 'daily', action: 'pause' })).text).toContain('shop');
    const { structured } = await call(listSchedules, {});
    expect(structured).toMatchObject({ schedules: [{ managedBy: 'shop' }] });
    expect((await call(changeSchedule, { name: 'daily', action: 'delete' })).text).toContain('fleet apply');
  });
});
