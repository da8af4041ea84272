import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { reasonShape } from '../../mcp/analysis/failure-reason.ts';
import type { Tool } from '../../mcp/engine/define-tool.ts';
import deleteWorkflow from '../../mcp/tools/delete-workflow.ts';
import diagnoseExecution from '../../mcp/tools/diagnose-execution.ts';
import diffWorkflow from '../../mcp/tools/diff-workflow.ts';
import listWorkflowExecutions from '../../mcp/tools/list-workflow-executions.ts';
import retryWorkflow from '../../mcp/tools/retry-workflow.ts';
import { errorOf } from '../support/fake-calls.ts';
import {
  type FakeConductor,
  type FakeReply,
  type FakeRequest,
  fakeExecution,
  fakeTask,
  startFakeConductor,
} from '../support/fake-conductor.ts';
import { callTool } from '../support/tool-calls.ts';

let fake: FakeConductor;
beforeAll(async () => {
  fake = await startFakeConductor();
});
afterAll(() => fake.close());
beforeEach(() => {
  fake.routes = () => undefined;
});

const call = (tool: Tool, args: Record<string, unknown>) => callTool(fake.url, tool, args);
const T = 1_700_000_000_000;
const iso = (ms: number) => new Date(ms).toISOString();

interface Run {
  readonly id: string;
  readonly reason?: string;
  readonly version?: number;
  readonly status?: string;
}

/** A server with these executions of `fake_flow`: its search, its list of running executions and each execution. */
function serverWith(runs: readonly Run[], { hasIndex = true } = {}): FakeConductor['routes'] {
  const rows = runs.map(({ id, reason, version = 1, status = 'FAILED' }, i) => ({
    workflowId: id,
    workflowType: 'fake_flow',
    version,
    status,
    startTime: iso(T - i * 1000),
    endTime: iso(T),
    executionTime: 5,
    reasonForIncompletion: reason ?? null,
  }));
  return ({ path, query }: FakeRequest): FakeReply | undefined => {
    if (path === '/api/workflow/running/fake_flow') return { body: runs.map(({ id }) => id) };
    if (path === '/api/workflow/search') {
      const shown = hasIndex && Number(query.get('start') ?? 0) === 0 ? rows : [];
      return { body: { totalHits: shown.length, results: shown } };
    }
    const run = runs.find(({ id }) => path === `/api/workflow/${id}`);
    if (!run) return undefined;
    const { id: workflowId, version = 1, status = 'FAILED', reason } = run;
    const failed = fakeTask({
      taskType: 'charge',
      taskDefName: 'charge',
      workflowInstanceId: workflowId,
      status: 'FAILED',
      reasonForIncompletion: reason?.replace(/^.* and reason: '(.*)'$/, '$1'),
    });
    const changes = { workflowVersion: version, status, reasonForIncompletion: reason, tasks: reason ? [failed] : [] };
    return { body: fakeExecution({ workflowId, ...changes }) };
  };
}

const wrapped = (taskNumber: number, reason: string) =>
  `Task 86aaf492-4548-4778-904c-${String(taskNumber).padStart(12, '0')} failed with status: FAILED and reason: '${reason}'`;

describe('M1: a quoted reason is the reason of that execution', () => {
  const codes = [503, 401, 404];
  const runs = codes.map((code, i) => ({
    id: `exec-${i + 1}`,
    reason: wrapped(i, `GET http://shop/price answered ${code}: {}`),
  }));

  test('M1: the list quotes each reason word for word', async () => {
    fake.routes = serverWith(runs);
    const { text, structured } = await call(listWorkflowExecutions, { workflowName: 'fake_flow' });
    for (const code of codes) expect(text).toContain(`"GET http://shop/price answered ${code}: {}"`);
    expect(structured.reasons).toEqual(codes.map((code) => `GET http://shop/price answered ${code}: {}`));
  });

  test('M1: two executions share a reason only if it is the same, also where a long reason is cut', async () => {
    const long = (code: number) => `${'x'.repeat(300)} answered ${code}`;
    fake.routes = serverWith([
      { id: 'exec-1', reason: 'order 17 is locked' },
      { id: 'exec-2', reason: 'order 4711 is locked' },
      { id: 'exec-3', reason: 'order 17 is locked' },
      { id: 'exec-4', reason: long(404) },
      { id: 'exec-5', reason: long(503) },
    ]);
    const { structured } = await call(listWorkflowExecutions, {});
    const { rows, reasons } = structured as { rows: unknown[][]; reasons: string[] };
    expect(rows.map((row) => row.at(-1))).toEqual([1, 2, 1, 3, 4]);
    expect(reasons.slice(0, 2)).toEqual(['order 17 is locked', 'order 4711 is locked']);
  });

  test('M1: the diagnosis of many keeps different status codes apart', async () => {
    fake.routes = serverWith([...runs, { id: 'exec-9', reason: wrapped(9, 'GET http://shop/price answered 503: {}') }]);
    const { structured } = await call(diagnoseExecution, { workflowName: 'fake_flow' });
    const groups = structured.groups as { count: number; summary: string }[];
    expect(groups.map(({ count, summary }) => [count, /HTTP (\d+)/.exec(summary)?.[1]])).toEqual([
      [2, '503'],
      [1, '401'],
      [1, '404'],
    ]);
  });

  test.each([
    ['exit code 1', 'exit code 137'],
    ['ORA-00942: no table', 'ORA-00001: no table'],
    ['HTTP/1.1 502 Bad Gateway', 'HTTP/1.1 504 Gateway Timeout'],
    ['status=429', 'status=500'],
    ['Request failed with status code 422', 'Request failed with status code 409'],
  ])('M1: %j and %j are different failures', (a, b) => {
    expect(reasonShape(a)).not.toBe(reasonShape(b));
  });

  test.each([
    ['order 17 is locked', 'order 4711 is locked'],
    ['no answer after 1200 ms (attempt 1)', 'no answer after 1312 ms (attempt 3)'],
    ['answered 503 for order 17', 'answered 503 for order 18'],
  ])('%j and %j are the same failure', (a, b) => {
    expect(reasonShape(a)).toBe(reasonShape(b));
  });
});

describe('M2: running executions are counted by version', () => {
  const names = { fake_flow: [3, 4, 5].map((version) => ({ name: 'fake_flow', version })) };
  const def = { name: 'fake_flow', tasks: [{ name: 'set', taskReferenceName: 'set', type: 'SET_VARIABLE' }] };
  const server = (hasIndex: boolean): FakeConductor['routes'] => {
    const runs = serverWith([{ id: 'exec-4', version: 4, status: 'RUNNING' }], { hasIndex });
    return (request) => {
      const { path, method, query } = request;
      if (path === '/api/metadata/workflow/names-and-versions') return { body: names };
      if (path === '/api/metadata/workflow/fake_flow')
        return { body: { ...def, version: Number(query.get('version')) } };
      return method === 'DELETE' ? { body: '' } : runs(request);
    };
  };

  test.each([true, false])('M2: version 3 can be deleted while only version 4 runs (index: %j)', async (hasIndex) => {
    fake.routes = server(hasIndex);
    const { structured } = await call(deleteWorkflow, { name: 'fake_flow', version: 3 });
    expect(structured).toMatchObject({ running: 0, versionsLeft: [4, 5] });
    expect(await errorOf(call(deleteWorkflow, { name: 'fake_flow', version: 4 }))).toMatchObject({ code: 'conflict' });
  });

  test('M2: a comparison counts the executions of the old version', async () => {
    fake.routes = server(true);
    const running = async (from: number, to: number) =>
      (await call(diffWorkflow, { name: 'fake_flow', from, to })).structured.running;
    expect(await running(4, 5)).toBe(1);
    expect(await running(3, 4)).toBe(0);
  });
});

describe('M9: the preview of a filter shows the reason', () => {
  const previewOf = async (reason: string, sought: string) => {
    fake.routes = serverWith([{ id: 'exec-1', reason }]);
    return (await call(retryWorkflow, { filter: { reason: sought } })).text;
  };

  test("M9: it begins with the worker's words, not with the server's", async () => {
    expect(await previewOf(wrapped(1, 'GET http://shop/price answered 503'), '503')).toContain(
      '| "GET http://shop/price answered 503"',
    );
  });

  test('M9: a text far behind in a long reason is shown too', async () => {
    expect(await previewOf(`${'x'.repeat(500)} answered 503`, '503')).toContain('"…503"');
  });

  test("M9: a text in the server's words is shown with them", async () => {
    expect(await previewOf(wrapped(77, 'no stock'), '000000000077')).toContain('000000000077 failed with status');
  });
});
