import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import run from '../../cli/commands/run.ts';
import status from '../../cli/commands/status.ts';
import { parseExactly } from '../../core/json.ts';
import {
  type FakeConductor,
  type FakeRequest,
  fakeExecution,
  fakeTask,
  startFakeConductor,
} from '../support/fake-conductor.ts';
import { runCommand } from '../support/run-command.ts';

const files = mkdtempSync(join(tmpdir(), 'fleet-run-'));
afterAll(() => rmSync(files, { recursive: true, force: true }));

let fake: FakeConductor;
beforeEach(async () => {
  fake = await startFakeConductor();
});
afterEach(() => fake.close());

const fleet = (command: typeof run, ...args: string[]) =>
  runCommand(command, args, { settings: { conductorServerUrl: fake.url } });
const sent = (method: string, path: string) =>
  fake.requests.filter((request) => request.method === method && request.path === path).map(({ body }) => body);

describe('fleet run', () => {
  test('fleet run starts the workflow with the given input, version and correlation id, and prints the execution id', async () => {
    const file = join(files, 'input.json');
    writeFileSync(file, '{"orderId":"o-1"}');
    const args = ['fake_flow', '--input', `@${file}`, '--workflow-version', '1', '--correlation-id', 'c-1'];
    expect(await fleet(run, ...args)).toMatchObject({ code: 0, stdout: 'exec-1' });
    expect(sent('POST', '/api/workflow')).toEqual([
      { name: 'fake_flow', version: 1, correlationId: 'c-1', input: { orderId: 'o-1' } },
    ]);
    expect((await fleet(run, 'fake_flow', '--json')).stdout).toBe('{"workflowId":"exec-1"}');
  });

  test('fleet run checks the input against the schema of the definition, because the server does not', async () => {
    const inputSchema = {
      data: { type: 'object', properties: { orderId: { type: 'string' } }, required: ['orderId'] },
    };
    fake.routes = ({ path }) =>
      path === '/api/metadata/workflow/fake_flow'
        ? { body: { name: 'fake_flow', version: 1, tasks: [], inputSchema, inputTemplate: { retries: 3 } } }
        : undefined;
    await expect(fleet(run, 'fake_flow', '--input', '{"orderId":7}')).rejects.toMatchObject({
      code: 'input',
      message: expect.stringContaining('orderId'),
    });
    expect(sent('POST', '/api/workflow')).toEqual([]);
    await fleet(run, 'fake_flow', '--input', '{"orderId":"o-1"}');
    expect(sent('POST', '/api/workflow')).toMatchObject([{ input: { orderId: 'o-1', retries: 3 } }]);
  });

  test('D1: fleet run sends and shows an integer beyond 2^53 digit by digit', async () => {
    const digits = '9007199254740993';
    fake.routes = ({ path }) =>
      path === '/api/workflow/exec-1'
        ? { body: fakeExecution({ output: parseExactly(`{"n":${digits}}`) }) }
        : undefined;
    const done = await fleet(run, 'fake_flow', '--input', `{"n":${digits}}`, '--wait');
    expect(done.stdout).toContain(`output {"n":${digits}}`);
    expect((await fleet(status, 'exec-1', '--json')).stdout).toContain(`"output":{"n":${digits}}`);
    const [started] = fake.requests.filter(({ method, path }) => method === 'POST' && path === '/api/workflow');
    expect(JSON.stringify(started?.body)).toContain(`"input":{"n":${digits}}`);
  });

  test('fleet run --wait prints the execution, and exits with 1 unless it is COMPLETED', async () => {
    const done = await fleet(run, 'fake_flow', '--wait');
    expect(done).toMatchObject({ code: 0, stdout: expect.stringContaining('output {"answer":42}') });
    expect(done.stdout).toMatch(/^fake_flow v1 {2}exec-1 {2}COMPLETED {2}4\.2 s\n/);

    const failed = fakeTask({ status: 'FAILED', retryCount: 2, reasonForIncompletion: 'card declined' });
    const state = { status: 'FAILED', output: {}, reasonForIncompletion: 'card declined', tasks: [failed] };
    fake.routes = ({ path }) => {
      if (path === '/api/workflow/exec-1/status') return { body: { workflowId: 'exec-1', ...state } };
      return path === '/api/workflow/exec-1' ? { body: fakeExecution(state) } : undefined;
    };
    const { code, stdout } = await fleet(run, 'fake_flow', '--wait');
    expect(code).toBe(1);
    expect(stdout).toContain('failed at first: card declined');
    expect(stdout).toMatch(/first +INLINE +FAILED .*attempt 3/);
    const asJson = await fleet(run, 'fake_flow', '--wait', '--json');
    expect({ code: asJson.code, ...JSON.parse(asJson.stdout) }).toMatchObject({ code: 1, status: 'FAILED' });
  });

  test('fleet run --timeout stops waiting, names the command to use later, and lists task types that no worker polls', async () => {
    const open = fakeTask({ status: 'SCHEDULED', taskType: 'charge_card', referenceTaskName: 'charge', endTime: 0 });
    fake.routes = ({ path }) => {
      if (path === '/api/workflow/exec-1/status') return { body: { workflowId: 'exec-1', status: 'RUNNING' } };
      if (path === '/api/workflow/exec-1') return { body: fakeExecution({ status: 'RUNNING', tasks: [open] }) };
      return path === '/api/tasks/queue/polldata' ? { body: [] } : undefined;
    };
    const notes: string[] = [];
    const context = { settings: { conductorServerUrl: fake.url }, onLine: (line: string) => void notes.push(line) };
    await expect(runCommand(run, ['fake_flow', '--wait', '--timeout', '2.5'], context)).rejects.toMatchObject({
      code: 'upstream',
      message: expect.stringContaining('exec-1'),
      remedy: expect.stringContaining('fleet status exec-1'),
    });
    expect(notes.join('\n')).toContain('now charge (SCHEDULED)');
    expect(notes.join('\n')).toContain('fleet work --only charge_card');
  });

  test('after Ctrl-C during fleet run --wait, the execution continues', async () => {
    fake.routes = ({ path }) =>
      path === '/api/workflow/exec-1/status' ? { body: { workflowId: 'exec-1', status: 'RUNNING' } } : undefined;
    const interrupting = new AbortController();
    const running = runCommand(run, ['fake_flow', '--wait'], {
      settings: { conductorServerUrl: fake.url },
      signal: interrupting.signal,
      onLine: () => interrupting.abort(new Error('Ctrl-C')),
    });
    await expect(running).rejects.toMatchObject({ code: 'cancelled' });
    expect(fake.requests.filter(({ method }) => method === 'DELETE')).toEqual([]);
  });

  test('for an unknown workflow, the error of fleet run lists the registered workflows', async () => {
    await expect(fleet(run, 'fake_flou')).rejects.toMatchObject({
      code: 'not-found',
      remedy: expect.stringContaining('fake_flow'),
    });
  });

  test.each([
    ['--timeout', 'soon'],
    ['--workflow-version', '0'],
    ['--input', '[]'],
  ])('the command refuses %s %s', async (flag, value) => {
    await expect(fleet(run, 'fake_flow', flag, value)).rejects.toMatchObject({
      code: 'input',
      message: expect.stringContaining(flag),
    });
  });
});

describe('fleet status', () => {
  const row = (workflowId: string, changes: Record<string, unknown>) => ({
    workflowType: 'fake_flow',
    version: 2,
    workflowId,
    status: 'COMPLETED',
    startTime: '2026-01-01T00:00:00Z',
    executionTime: 4200,
    ...changes,
  });
  const found = (...results: object[]) => {
    fake.routes = ({ path }) => (path === '/api/workflow/search' ? { body: { totalHits: 7, results } } : undefined);
  };

  test('fleet status lists the newest executions with their durations', async () => {
    found(
      row('exec-1', {}),
      row('exec-2', { status: 'RUNNING', startTime: new Date(Date.now() - 65_000).toISOString() }),
    );
    const { stdout, stderr } = await fleet(status, '--limit', '2', '--state', 'FAILED');
    expect(stdout).toMatch(
      /^2026-01-01T00:00:00Z {2}COMPLETED +4\.2 s {2}exec-1 {2}fake_flow v2\n.* RUNNING +1 min \d+ s {2}exec-2 /,
    );
    expect(stderr).toContain('2 of 7');
    const { query } = fake.requests.findLast(({ path }) => path === '/api/workflow/search') as FakeRequest;
    expect(Object.fromEntries(query)).toMatchObject({ query: 'status=FAILED', size: '2' });
  });

  test('prints them as JSON', async () => {
    found(row('exec-1', {}));
    const { stdout } = await fleet(status, '--json');
    expect(JSON.parse(stdout)).toMatchObject({ totalHits: 7, results: [{ workflowId: 'exec-1' }] });
  });

  test('fleet status shows one execution as text or JSON', async () => {
    expect((await fleet(status, 'exec-1')).stdout).toMatch(/^fake_flow v1 {2}exec-1 {2}COMPLETED/);
    expect(JSON.parse((await fleet(status, 'exec-1', '--json')).stdout)).toMatchObject({ output: { answer: 42 } });
    await expect(fleet(status, 'exec-2')).rejects.toMatchObject({ code: 'not-found' });
  });

  test.each([
    ['--limit', '101'],
    ['--state', 'BROKEN'],
  ])('the command refuses %s %s', async (flag, value) => {
    await expect(fleet(status, flag, value)).rejects.toMatchObject({
      code: 'input',
      message: expect.stringContaining(flag),
    });
  });
});
