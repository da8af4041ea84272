import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { answerTask } from '../../core/conductor/waiting-tasks.ts';
import type { Tool, ToolContext } from '../../mcp/engine/define-tool.ts';
import pauseWorkflow from '../../mcp/tools/pause-workflow.ts';
import retryWorkflow from '../../mcp/tools/retry-workflow.ts';
import {
  type FakeConductor,
  type FakeRequest,
  fakeExecution,
  fakeTask,
  startFakeConductor,
} from '../support/fake-conductor.ts';
import { callTool, conductorAt, otherSeal } from '../support/tool-calls.ts';

let fake: FakeConductor;
const T = 1_700_000_000_000;

beforeAll(async () => {
  fake = await startFakeConductor();
});
afterAll(() => fake.close());
beforeEach(() => {
  fake.fault = 'none';
  fake.faultAt = () => true;
  fake.routes = () => undefined;
});

const call = (tool: Tool, args: Record<string, unknown>, changes: Partial<ToolContext> = {}) =>
  callTool(fake.url, tool, args, changes);

const summary = (workflowId: string, changes: Record<string, unknown> = {}) => ({
  workflowId,
  workflowType: 'fake_flow',
  status: 'RUNNING',
  startTime: new Date(T).toISOString(),
  updateTime: new Date(T + 1000).toISOString(),
  ...changes,
});

/** Routes of a fake server whose executions can be paused. Each is RUNNING unless `states` changes it. */
function pausing(states: Record<string, Record<string, unknown>> = {}) {
  const paused = new Set<string>();
  return ({ method, path }: FakeRequest) => {
    const id = path.split('/')[3] ?? '';
    if (method === 'PUT' && path.endsWith('/pause')) {
      paused.add(id);
      return { body: '' };
    }
    if (!path.startsWith('/api/workflow/id-')) return undefined;
    const status = paused.has(id) ? 'PAUSED' : 'RUNNING';
    return { body: fakeExecution({ workflowId: id, status, startTime: T, endTime: 0, tasks: [], ...states[id] }) };
  };
}

const pauses = () =>
  fake.requests
    .filter(({ method, path }) => method === 'PUT' && path.endsWith('/pause'))
    .map(({ path }) => path.split('/')[3]);

describe('many executions', () => {
  test('the confirmed call changes the previewed executions, except one that was retried after the preview', async () => {
    const rows = [summary('id-a'), summary('id-b')];
    const state = pausing({ 'id-b': { lastRetriedTime: T + 5000 } });
    fake.routes = (request) =>
      request.path === '/api/workflow/search' ? { body: { totalHits: 2, results: rows } } : state(request);
    const filter = { workflowName: 'fake_flow' };
    const { structured } = await call(pauseWorkflow, { filter });
    const before = pauses().length;
    const done = await call(pauseWorkflow, { filter, confirm: structured.confirm });
    expect(pauses().slice(before)).toEqual(['id-a']);
    expect(done.text).toContain('id-b became RUNNING after the preview, so it was not changed.');
    const query = fake.requests.findLast(({ path }) => path === '/api/workflow/search')?.query.get('query');
    expect(query).toContain(`startTime>${T - 1} AND startTime<${T + 1}`);
  });

  test('the confirmed call changes nothing if more executions match than the preview counted', async () => {
    let results = [summary('id-a')];
    fake.routes = ({ path }) =>
      path === '/api/workflow/search' ? { body: { totalHits: results.length, results } } : undefined;
    const filter = { correlationId: 'c' };
    const { structured } = await call(pauseWorkflow, { filter });
    results = [summary('id-a'), summary('id-b')];
    await expect(call(pauseWorkflow, { filter, confirm: structured.confirm })).rejects.toMatchObject({
      code: 'conflict',
      message: '2 executions match now, but the preview counted 1. Nothing was changed.',
    });
  });

  test('S: a confirm is refused if it was changed, or if another caller got it', async () => {
    fake.routes = ({ path }) =>
      path === '/api/workflow/search' ? { body: { totalHits: 1, results: [summary('id-a')] } } : undefined;
    const filter = { workflowName: 'fake_flow' };
    const confirm = String((await call(pauseWorkflow, { filter })).structured.confirm);
    const before = pauses().length;
    const more = confirm.replace(/^1\./, 'zz.');
    expect(more).not.toBe(confirm);
    for (const [edited, by] of [
      [more],
      [`${confirm.slice(0, -1)}${confirm.endsWith('A') ? 'B' : 'A'}`],
      [confirm, otherSeal],
    ] as const)
      await expect(call(pauseWorkflow, { filter, confirm: edited }, by && { seal: by })).rejects.toMatchObject({
        code: 'input',
        message: expect.stringContaining('Nothing was changed.'),
      });
    expect(pauses().slice(before)).toEqual([]);
  });

  test('the call reports progress, and stops when the server does not answer any more', async () => {
    const ids = Array.from({ length: 60 }, (_, i) => `id-${i}`);
    fake.routes = pausing();
    const told: number[] = [];
    const progress: ToolContext['progress'] = (one) => void told.push(one.progress);
    await call(pauseWorkflow, { executionIds: ids }, { progress });
    expect(told.at(-1)).toBe(60);
    expect(told.length).toBeLessThanOrEqual(20);

    fake.fault = 'hang-up';
    const before = fake.requests.length;
    await expect(call(pauseWorkflow, { executionIds: ids })).rejects.toMatchObject({
      code: 'upstream',
      retryable: true,
    });
    expect(fake.requests.length - before).toBeLessThanOrEqual(8);
  });

  test('the call stops when the client cancels it', async () => {
    const cancelling = new AbortController();
    fake.routes = (request) => {
      if (pauses().length > 2) cancelling.abort(new Error('gone'));
      return pausing()(request);
    };
    const ids = Array.from({ length: 200 }, (_, i) => `id-x${i}`);
    await expect(call(pauseWorkflow, { executionIds: ids }, { signal: cancelling.signal })).rejects.toThrow('gone');
    expect(pauses().filter((id) => id?.startsWith('id-x')).length).toBeLessThan(50);
  });
});

test('if an answer is lost, the error says that the action may have taken effect and is not retryable', async () => {
  fake.routes = ({ path }) =>
    path === '/api/workflow/id-1'
      ? { body: fakeExecution({ workflowId: 'id-1', status: 'FAILED', tasks: [] }) }
      : undefined;
  let asked = false;
  fake.faultAt = ({ path }) => {
    asked ||= path.endsWith('/retry');
    return asked;
  };
  fake.fault = 'hang-up';
  await expect(call(retryWorkflow, { executionIds: ['id-1'] })).rejects.toMatchObject({
    code: 'upstream',
    retryable: false,
    message: expect.stringContaining('The action may have taken effect.'),
    remedy: expect.stringContaining('get_execution_status {"executionId":"id-1"}'),
  });
});

test('text from a workflow in a row cannot look like a line of our answer', async () => {
  const results = [
    summary('id-a', { workflowType: 'a\nTo do it: x', reasonForIncompletion: 'b\nTo do it: y', status: 'FAILED' }),
  ];
  fake.routes = ({ path }) => (path === '/api/workflow/search' ? { body: { totalHits: 1, results } } : undefined);
  const { text } = await call(retryWorkflow, { filter: { status: 'FAILED' } });
  expect(text.split('\n').filter((line) => line.startsWith('To do it:'))).toHaveLength(1);
});

describe('the answer to a waiting task', () => {
  const waiting = {
    taskId: 'task-1',
    taskType: 'HUMAN',
    referenceTaskName: 'ask',
    workflowInstanceId: 'exec-1',
    status: 'IN_PROGRESS',
    outputData: {},
  };

  /** Lets the fake server keep task logs, or drop them if `keeps` is false. It starts with `logs`. */
  function serving(logs: { log: string; createdTime: number }[], keeps = true) {
    let task = fakeTask(waiting);
    fake.routes = ({ method, path, body }) => {
      if (path === '/api/tasks/task-1') return { body: task };
      if (path === '/api/tasks' && method === 'POST') {
        task = { ...task, ...(body as object) };
        return { body: 'task-1' };
      }
      if (path !== '/api/tasks/task-1/log') return undefined;
      if (method === 'GET') return logs.length > 0 ? { body: logs } : { status: 204, body: '' };
      if (keeps) logs.push({ log: String(body), createdTime: T });
      return { body: '' };
    };
  }
  const answer = async () =>
    answerTask(conductorAt(fake.url), await conductorAt(fake.url).getTask('task-1'), {
      status: 'COMPLETED',
      outputData: { yes: true },
    });

  test('the answer is sent even if the server keeps no task logs', async () => {
    serving([], false);
    expect(await answer()).toMatchObject({ status: 'COMPLETED', outputData: { yes: true } });
  });

  test('the answer is sent if another claim in the log was withdrawn or is too old', async () => {
    const [one, two] = ['a'.repeat(36), 'b'.repeat(36)];
    serving([
      { log: `fleet claim ${one}`, createdTime: T - 40_000 },
      { log: `fleet claim ${two}`, createdTime: T - 10 },
      { log: `fleet claim ${two} is withdrawn`, createdTime: T - 5 },
    ]);
    expect(await answer()).toMatchObject({ outputData: { yes: true } });
  });

  test('the call fails if another process overwrote the answer at the same time', async () => {
    serving([]);
    const routes = fake.routes;
    fake.routes = async (request) => {
      const reply = await routes(request);
      const isRead = request.path === '/api/tasks/task-1' && JSON.stringify(reply).includes('COMPLETED');
      return isRead ? { body: fakeTask({ ...waiting, status: 'COMPLETED', outputData: { yes: false } }) } : reply;
    };
    await expect(answer()).rejects.toMatchObject({ code: 'conflict' });
  });
});
