import { appendFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { AuditFound, AuditVerified } from '../../console/shared/audit.ts';
import type { FleetSeen } from '../../console/shared/fleet.ts';
import type { ScheduleList } from '../../console/shared/schedules.ts';
import { callerOf } from '../../mcp/admission/permissions.ts';
import { startFakeConductor as startPolledServer } from '../../workers/testing/fake-conductor.ts';
import { linesOf } from '../support/audit-scene.ts';
import { queueRoutes, type ServedConsole, sendRaw, serveConsole } from '../support/console-scene.ts';
import { DefinitionStore } from '../support/definition-store.ts';
import { type FakeConductor, fakeTask, type Routes, startFakeConductor } from '../support/fake-conductor.ts';
import { acceptanceTasks, WorkerCommand } from '../support/worker-command.ts';

const OWN = { 'sec-fetch-site': 'same-origin' };
const TYPE = 'record_order';
const EVIL = '<img src=x onerror=alert(1)>';
const elsewhere = { queueName: TYPE, workerId: 'far-away-7', lastPollTime: Date.now() };

let fake: FakeConductor;
let site: ServedConsole;

beforeAll(async () => {
  fake = await startFakeConductor();
});
afterAll(() => fake.close());
afterEach(() => site?.close());

async function read<T>(topic: string): Promise<T & { error?: { code: string } }> {
  const { text } = await sendRaw(`${site.url}/console/read?topic=${encodeURIComponent(topic)}`, OWN);
  const body = JSON.parse(text);
  return body.value ?? body;
}

async function act(tool: string, args: object) {
  const body = JSON.stringify({ tool, args });
  const headers = { ...OWN, 'content-type': 'application/json' };
  return JSON.parse((await sendRaw(`${site.url}/console/act`, headers, { method: 'POST', body })).text);
}

async function topicsOf(): Promise<string[]> {
  const { text } = await sendRaw(`${site.url}/`, { accept: 'text/html' });
  return JSON.parse(/id="first">(.*)<\/script>/.exec(text)?.[1] ?? '{}').session.topics;
}

const queues: Routes = (request) => {
  if (request.path === '/api/tasks/queue/all/verbose')
    return { body: { [TYPE]: { a: { size: 4, uacked: 0 } }, [EVIL]: { a: { size: 1, uacked: 0 } } } };
  if (request.path === '/api/tasks/queue/polldata/all') return { body: [elsewhere] };
  if (request.path === '/api/metadata/taskdefs') return { body: [{ name: TYPE, concurrentExecLimit: 2 }] };
  if (request.path === `/api/admin/task/${TYPE}`)
    return { body: [fakeTask({ taskType: TYPE, status: 'SCHEDULED', scheduledTime: Date.now() - 60_000 })] };
  if (request.path.startsWith('/api/admin/task/')) return { body: [] };
  return queueRoutes(request);
};

describe('the fleet', () => {
  test('a type has the verdict of its queue and the limit of its definition; a process elsewhere is seen by its poll', async () => {
    fake.routes = queues;
    site = await serveConsole(fake.url, { FLEET_DIR: mkdtempSync(join(tmpdir(), 'console-')) });
    const { types, processes } = await read<FleetSeen>('fleet');
    expect(types).toMatchObject([
      { id: EVIL, state: 'no_worker', waiting: 1 },
      { id: TYPE, state: 'behind', waiting: 4, limit: 2, polledBy: 'far-away-7' },
    ]);
    expect(Date.now() - (types[1]?.oldestAt ?? 0)).toBeGreaterThanOrEqual(60_000);
    expect(processes).toMatchObject([{ id: 'far-away-7', state: 'elsewhere', polled: [TYPE] }]);
  });

  test('a process of this machine is paused, resumed and limited by tool calls; a killed one stays in the list', async () => {
    fake.routes = queues;
    const polled = await startPolledServer();
    const dataDir = mkdtempSync(join(tmpdir(), 'console-'));
    const worker = await WorkerCommand.start({ conductorUrl: polled.url, dataDir, tasksDir: acceptanceTasks });
    try {
      site = await serveConsole(fake.url, { FLEET_DIR: dataDir });
      const here = async () => (await read<FleetSeen>('fleet')).processes.find(({ startedAt }) => startedAt);
      await expect.poll(here).toMatchObject({ state: 'running', limit: expect.any(Number) });
      const { id = '', types = [] } = (await here()) ?? {};
      const [{ name: taskType } = { name: '' }] = types;
      const state = async () => (await here())?.types.find(({ name }) => name === taskType);
      expect(await act('change_workers', { action: 'pause', taskType })).toMatchObject({
        structured: { counts: { changed: 1, failed: 0 } },
      });
      await expect.poll(state).toMatchObject({ state: 'paused' });
      await act('change_workers', { action: 'resume', taskType, workerId: id });
      await expect.poll(async () => (await state())?.state).not.toBe('paused');
      await act('change_workers', { action: 'set_limit', limit: 3, workerId: id });
      await expect.poll(here).toMatchObject({ limit: 3 });
      expect(await act('change_workers', { action: 'pause', workerId: 'other' })).toMatchObject({
        error: { code: 'not-found' },
      });
      expect(await act('change_workers', { action: 'set_limit' })).toMatchObject({ error: { code: 'input' } });
      expect(linesOf(site.auditFolder).filter((line) => line.includes('"change_workers"'))).not.toEqual([]);
      worker.child.kill('SIGKILL');
      await worker.ended;
      await expect.poll(here).toMatchObject({ id, state: 'gone' });
    } finally {
      worker.child.kill('SIGKILL');
      await worker.ended;
      await polled.close();
      rmSync(dataDir, { recursive: true });
    }
  });

  test.each([
    ['an operator', callerOf('operator', 'olga'), {}, 'denied'],
    [
      'an admin who reaches only some workflows',
      callerOf('admin', 'anna'),
      { MCP_RULES: JSON.stringify([{ for: { role: 'admin' }, permissions: ['executions:read'], workflows: ['a_*'] }]) },
      'denied',
    ],
  ])('%s does not change workers, and reads no audit log', async (_, caller, env, code) => {
    fake.routes = queues;
    site = await serveConsole(fake.url, env as Record<string, string>, { caller });
    expect(await act('change_workers', { action: 'pause' })).toMatchObject({ error: { code } });
    for (const topic of ['audit', 'audit-verify']) expect(await read(topic)).toMatchObject({ error: { code } });
    const refused = linesOf(site.auditFolder).filter((line) => line.includes('"console/read"'));
    expect(refused.join()).toContain('"topic":"audit-verify"');
    const topics = await topicsOf();
    expect(topics).toContain('fleet');
    expect(topics).not.toContain('audit');
  });
});

describe('schedules', () => {
  const store = () => {
    const server = new DefinitionStore();
    const startWorkflowRequest = { name: 'report', input: {} };
    const daily = { name: 'daily', cronExpression: '0 0 9 * * *', zoneId: 'UTC', paused: false, startWorkflowRequest };
    server.schedules.set('daily', daily);
    server.firings = [{ scheduleName: 'daily', scheduledTime: 1000, state: 'FAILED', reason: EVIL }];
    fake.routes = server.routes;
    return server;
  };

  test('a schedule has its next and last times, and is paused and resumed by the tool', async () => {
    store();
    site = await serveConsole(fake.url);
    const rows = async () => (await read<ScheduleList>('schedules')).rows;
    const [row] = await rows();
    expect(row).toMatchObject({ id: 'daily', workflow: 'report', cron: '0 0 9 * * *', paused: false });
    expect(row?.next[0]).toBeGreaterThan(1_600_000_000_000); // the times of this server
    expect(row?.last).toEqual([{ at: 1000, state: 'FAILED', reason: EVIL }]);
    await act('change_schedule', { name: 'daily', action: 'pause' });
    expect(await rows()).toMatchObject([{ paused: true, next: [] }]);
    await act('change_schedule', { name: 'daily', action: 'resume' });
    expect(await rows()).toMatchObject([{ paused: false }]);
  });

  test('the page is offered only if there is a schedule', async () => {
    const server = store();
    site = await serveConsole(fake.url);
    expect(await topicsOf()).toContain('schedules');
    server.schedules.clear();
    expect(await topicsOf()).not.toContain('schedules');
  });
});

describe('the audit log', () => {
  const recorded = (subject: string) => () => linesOf(site.auditFolder).some((line) => line.includes(subject));

  test('an admin searches it by tool, outcome, caller and execution', async () => {
    fake.routes = queues;
    site = await serveConsole(fake.url);
    await act('get_execution_status', { executionId: 'exec-1' });
    await act('no_such_tool', {});
    await expect.poll(recorded('no_such_tool')).toBe(true);
    const found = async (query: string) => (await read<AuditFound>(`audit?${query}`)).rows;
    expect(await found('tool=get_execution_status')).toMatchObject([{ method: 'tools/call', caller: 'local' }]);
    expect(await found('execution=exec-1')).toMatchObject([{ subject: 'get_execution_status' }]);
    expect(await found('decision=refused')).toMatchObject([{ decision: 'invalid' }]);
    expect(await found('caller=nobody')).toEqual([]);
    expect((await found('since=1h')).length).toBeGreaterThan(1);
    for (const wrong of ['decision=maybe', 'since=soon'])
      expect(await read(`audit?${wrong}`)).toMatchObject({ error: { code: 'input' } });
  });

  test('a check says what was verified, and finds a changed line', async () => {
    fake.routes = queues;
    site = await serveConsole(fake.url);
    await act('get_execution_status', { executionId: 'exec-1' });
    await expect.poll(recorded('get_execution_status')).toBe(true);
    expect(await read<AuditVerified>('audit-verify')).toMatchObject({
      files: 1,
      problems: [],
      folder: site.auditFolder,
    });
    const [file = ''] = readdirSync(site.auditFolder).filter((name) => name.endsWith('.jsonl'));
    appendFileSync(join(site.auditFolder, file), '{"hash":"0000"}\n');
    const { problems } = await read<AuditVerified>('audit-verify');
    expect(problems).toEqual([expect.stringContaining(file)]);
  });

  test('without a log there is no page', async () => {
    fake.routes = queues;
    site = await serveConsole(fake.url, { MCP_AUDIT: 'off' });
    expect(await topicsOf()).not.toContain('audit');
    expect(await read('audit')).toMatchObject({ error: { code: 'not-found' } });
  });
});
