import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import changeSchedule from '../../mcp/tools/change-schedule.ts';
import createSchedule from '../../mcp/tools/create-schedule.ts';
import listSchedules from '../../mcp/tools/list-schedules.ts';
import { stampSchedule } from '../../workflows/manage/stamp.ts';
import { realConductor } from '../support/product.ts';
import { callTool } from '../support/tool-calls.ts';

const url = inject('conductorServerUrl');
const prefix = `rst_${randomUUID().replaceAll('-', '').slice(0, 8)}`;
const flow = `${prefix}_flow`;
const name = `${prefix}_often`;
const managed = `${prefix}_managed`;
const conductor = realConductor();

const create = (args: Record<string, unknown>) =>
  callTool(url, createSchedule, { name, workflowName: flow, cron: '* * * * * *', ...args });
const change = (of: string, action: string) => callTool(url, changeSchedule, { name: of, action });
const list = async (of: string) => {
  const { text, structured } = await callTool(url, listSchedules, { name: of });
  return { text, rows: structured.schedules as Record<string, unknown>[] };
};

beforeAll(async () => {
  const tasks = [{ name: 'n', taskReferenceName: 'n', type: 'NOOP', inputParameters: {} }];
  const data = { type: 'object', properties: { who: { type: 'string' } }, required: ['who'] };
  const inputSchema = { name: flow, version: 1, type: 'JSON', data };
  await conductor.putWorkflowDef({ name: flow, version: 1, schemaVersion: 2, tasks, inputSchema });
});
afterAll(() => Promise.all([name, managed].map((one) => conductor.deleteSchedule(one))));

describe('create_schedule', () => {
  test('create_schedule refuses a schedule that would never start its workflow', async () => {
    const input = { who: 'you' };
    await expect(create({ input, cron: '0 9 * * 1-5' })).rejects.toMatchObject({ code: 'input' });
    await expect(create({ input, zone: 'Europe/Nowhere' })).rejects.toMatchObject({ code: 'input' });
    await expect(create({ input: {} })).rejects.toMatchObject({ code: 'input' });
    await expect(create({ input, workflowName: `${flow}x` })).rejects.toMatchObject({ code: 'not-found' });
    expect((await list(name)).rows).toEqual([]);
  });

  test('create_schedule shows the next firings in the time zone of the schedule', async () => {
    const { structured } = await create({
      input: { who: 'you' },
      cron: '0 0 9 * * *',
      zone: 'Asia/Tokyo',
      paused: true,
    });
    expect(structured).toMatchObject({ isNew: true, paused: true });
    expect((structured.next as string[]).map((time) => time.slice(10))).toEqual(Array(5).fill('T00:00:00Z'));
  });

  test('create_schedule overwrites a schedule, and list_schedules shows its executions with their results', async () => {
    expect((await create({ input: { who: 'you' }, version: 1 })).structured).toMatchObject({ isNew: false });
    await vi.waitFor(
      async () => {
        const { rows } = await list(name);
        expect(rows).toEqual([
          expect.objectContaining({
            workflow: flow,
            version: 1,
            paused: false,
            last: expect.arrayContaining([expect.objectContaining({ state: 'EXECUTED', status: 'COMPLETED' })]),
          }),
        ]);
      },
      { timeout: 30_000, interval: 500 },
    );
  });
});

describe('change_schedule', () => {
  test('change_schedule pauses, resumes and deletes a schedule, and starts its workflow once now', async () => {
    expect((await change(name, 'pause')).structured).toMatchObject({ paused: true });
    expect((await list(name)).rows[0]).toMatchObject({ paused: true, next: [] });
    const { structured } = await change(name, 'run_now');
    const execution = await conductor.waitForEnd(String(structured.executionId));
    expect(execution).toMatchObject({ status: 'COMPLETED', input: { who: 'you' } });
    expect((await change(name, 'resume')).structured).toMatchObject({ paused: false });
    expect((await change(name, 'delete')).structured).toMatchObject({ exists: false });
    await expect(change(name, 'resume')).rejects.toMatchObject({ code: 'not-found' });
  });

  test('change_schedule warns about a schedule that is kept as code; create_schedule refuses to change it', async () => {
    const schedule = { name: managed, cronExpression: '0 0 9 * * *', zoneId: 'UTC', paused: false };
    const stamp = { fingerprint: '0123456789abcdef', fleet: `${prefix}-fleet` };
    await conductor.putSchedule({
      ...stampSchedule({ ...schedule, description: 'Kept as code.' }, stamp),
      runCatchupScheduleInstances: false,
      startWorkflowRequest: { name: flow, version: 1, input: { who: 'you' } },
    });
    expect((await list(managed)).rows[0]).toMatchObject({ managedBy: `${prefix}-fleet` });
    await expect(create({ name: managed, input: { who: 'me' } })).rejects.toMatchObject({ code: 'conflict' });
    const { text } = await change(managed, 'pause');
    expect(text).toContain('`fleet apply` can undo this');
  });
});
