import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { silentLogger } from '../../core/log.ts';
import { callerOf, isAllowed, type Permission, type Role } from '../../mcp/admission/permissions.ts';
import { Leases } from '../../mcp/agents/leases.ts';
import { catalogue } from '../../mcp/api/catalogue.ts';
import { pathParameters } from '../../mcp/api/route.ts';
import claimTask from '../../mcp/tools/claim-task.ts';
import getMyPermissions from '../../mcp/tools/get-my-permissions.ts';
import invokeApi from '../../mcp/tools/invoke-api.ts';
import searchApi from '../../mcp/tools/search-api.ts';
import updateTask from '../../mcp/tools/update-task.ts';
import { type FakeConductor, fakeTask, startFakeConductor } from '../support/fake-conductor.ts';
import { callTool, conductorAt } from '../support/tool-calls.ts';

let fake: FakeConductor;

beforeAll(async () => {
  fake = await startFakeConductor();
});
afterAll(() => fake.close());
beforeEach(() => {
  fake.fault = 'none';
  fake.routes = () => undefined;
});

const as = (role: Role) => {
  const caller = callerOf(role);
  return { caller, allows: (permission: Permission) => isAllowed(caller, permission) };
};
const invoke = (args: Record<string, unknown>, role: Role = 'admin') => callTool(fake.url, invokeApi, args, as(role));
const asked = async (work: Promise<unknown>) => {
  const before = fake.requests.length;
  await work.catch(() => undefined);
  return fake.requests.slice(before);
};

describe('the catalogue', () => {
  test('the catalogue contains every operation and every route once', () => {
    const names = catalogue.map(({ name }) => name);
    const calls = catalogue.map(({ method, path }) => `${method} ${path.replace(/\{\w+\}/g, '{}')}`);
    expect(new Set(names).size).toBe(names.length);
    expect(calls.filter((call, index) => calls.indexOf(call) !== index)).toEqual([]);
  });

  test('the catalogue refuses routes that read secrets or settings, or that poll or answer tasks, to every role', async () => {
    const closed = /^\/api\/(secrets|environment|admin\/config|tasks\/poll|queue\/update)|\{status\}|update-v2/;
    const open = catalogue.filter(({ path, refused }) => closed.test(path) && refused === undefined);
    expect(open).toEqual([]);
    const writes = catalogue.filter(
      ({ method, path }) => method === 'POST' && /^\/api\/tasks(\/\{\w+\}\/\{|$)/.test(path),
    );
    expect(writes.filter(({ refused }) => refused === undefined)).toEqual([]);
  });

  test('a viewer can call only routes that read', async () => {
    for (const route of catalogue) {
      const path = Object.fromEntries(pathParameters(route).map((name) => [name, 'x']));
      const { length } = await asked(invoke({ operation: route.name, path, body: {}, confirm: true }, 'viewer'));
      const mayAsk = route.permission.endsWith(':read') && !route.refused;
      if (!mayAsk) expect(length, route.name).toBe(0);
    }
  });
});

describe('invoke_api', () => {
  test('invoke_api refuses wrong parameters without a request to the server', async () => {
    const wrong: Record<string, unknown>[] = [
      { operation: 'getWorkflow', path: {} },
      { operation: 'getWorkflow', path: { workflowId: 'a/b' } },
      { operation: 'getWorkflow', path: { workflowId: '..' } },
      { operation: 'getWorkflow', path: { workflowId: 'a', name: 'b' } },
      { operation: 'getWorkflow', path: { workflowId: 'a' }, query: { includeTask: true } },
      { operation: 'getWorkflow', path: { workflowId: 'a' }, query: { includeTasks: 'yes' } },
      { operation: 'getWorkflow', path: { workflowId: 'a' }, query: { constructor: 'x' } },
      { operation: 'getWorkflow', path: { workflowId: 'a' }, body: {} },
      { operation: 'startWorkflow' },
      { operation: 'startWorkflow', body: { nam: 'x' } },
      { operation: 'putTaskDefs', body: { name: 'x' }, confirm: true },
      { operation: 'terminateWorkflow', path: { workflowId: 'a' } },
    ];
    for (const args of wrong) {
      await expect(invoke(args)).rejects.toMatchObject({ code: 'input' });
      expect(await asked(invoke(args))).toEqual([]);
    }
  });

  test('invoke_api finds a definition in the body of a start at any depth', async () => {
    const workflowDef = { name: 'own', tasks: [] };
    await expect(
      invoke({ operation: 'startWorkflow', body: { name: 'own', workflowDef } }, 'operator'),
    ).rejects.toMatchObject({
      code: 'denied',
    });
    expect(await asked(invoke({ operation: 'startWorkflow', body: { name: 'own' } }, 'operator'))).toHaveLength(1);
  });

  test('encodes path parameters', async () => {
    const [request] = await asked(invoke({ operation: 'getTaskDef', path: { tasktype: 'a b?c#d%2e' } }));
    expect(request?.path).toBe('/api/metadata/taskdefs/a%20b%3Fc%23d%252e');
  });

  test('invoke_api shortens a large answer and names the parameters that make it smaller', async () => {
    fake.routes = ({ path }) =>
      path === '/api/workflow/search' ? { body: { totalHits: 1, results: ['x'.repeat(90_000)] } } : undefined;
    const { text, structured } = await invoke({ operation: 'searchWorkflows' });
    expect(structured).toMatchObject({ cut: true, size: expect.any(Number) });
    expect(structured.answer).toBeUndefined();
    expect(text).toMatch(/\[cut: \d+ of \d+ characters\. Ask for less: query parameter size/);
  });
});

test('search_api finds an operation by its purpose, and shows whether it is allowed', async () => {
  const { structured } = await callTool(fake.url, searchApi, { query: 'delete event handler' }, as('viewer'));
  const operations = structured.operations as Record<string, unknown>[];
  expect(operations.slice(0, 3)).toContainEqual(
    expect.objectContaining({ operation: 'removeEventHandler', effect: 'destructive', allowed: false }),
  );
});

test('get_my_permissions shows which tools the caller cannot use, and why', async () => {
  const tools = async () =>
    [
      { name: 'a', toolset: 'api', permission: 'workflows:read', isOn: true },
      { name: 'b', toolset: 'agents', permission: 'workflows:execute', isOn: true },
      { name: 'c', toolset: 'queues', permission: 'tasks:read', isOn: false },
    ] as const;
  const { structured } = await callTool(fake.url, getMyPermissions, {}, { ...as('viewer'), tools });
  expect(structured).toMatchObject({
    role: 'viewer',
    tools: ['a'],
    withheld: { b: expect.stringContaining('workflows:execute'), c: expect.stringContaining('queues is off') },
  });
});

describe('a claimed task', () => {
  const held = (changes: Record<string, unknown> = {}) =>
    fakeTask({
      taskType: 'charge',
      taskDefName: 'charge',
      status: 'IN_PROGRESS',
      workerId: 'mcp:local',
      pollCount: 1,
      startTime: Date.now(),
      responseTimeoutSeconds: 1,
      ...changes,
    });
  const serve = (state: () => Record<string, unknown>) => {
    fake.routes = ({ method, path }) => {
      if (path.startsWith('/api/tasks/poll/batch/')) return { body: [state()] };
      if (method === 'GET' && path === '/api/tasks/task-1') return { body: state() };
      if (method === 'POST' && path === '/api/tasks') return { body: 'task-1' };
      return undefined;
    };
  };
  const leasesOf = (silenceMs?: number) =>
    new Leases({
      conductor: async () => conductorAt(fake.url),
      log: silentLogger,
      ...(silenceMs !== undefined && { silenceMs }),
    });
  const beats = () => fake.requests.filter(({ body }) => (body as { extendLease?: boolean } | undefined)?.extendLease);
  const until = async (holds: () => boolean) => {
    while (!holds()) await new Promise((resolve) => setTimeout(resolve, 20));
  };

  test('the lease of a claimed task is extended until its agent has made no call for too long', async () => {
    serve(() => held());
    const leases = leasesOf(1500);
    const before = beats().length;
    await callTool(fake.url, claimTask, { taskTypes: ['charge'] }, { leases });
    await until(() => beats().length > before + 1);
    await callTool(fake.url, updateTask, { claimId: 'task-1:1', status: 'progress' }, { leases });
    const said = beats().length;
    await until(() => beats().length > said + 1);
    await until(() => leases.size === 0);
    expect(beats().length - before).toBeLessThan(15);
  });

  test('the lease of a claimed task is not extended past the timeoutSeconds of its definition', async () => {
    const startTime = Date.now() - 50_000;
    serve(() => held({ startTime, taskDefinition: { name: 'charge', timeoutSeconds: 60 } }));
    const leases = leasesOf();
    const { structured } = await callTool(fake.url, claimTask, { taskTypes: ['charge'] }, { leases });
    expect(structured.keptUntil).toBe(`${new Date(startTime + 60_000).toISOString().slice(0, 19)}Z`);
    await leases.close({ giveBack: false });
  });

  test('a claimed task is not handed back if another worker has it by now', async () => {
    let task = held();
    serve(() => task);
    const leases = leasesOf();
    await callTool(fake.url, claimTask, { taskTypes: ['charge'] }, { leases });
    task = held({ pollCount: 2, workerId: 'other' });
    const requests = await asked(leases.close({ giveBack: true }));
    expect(requests.map(({ method }) => method)).not.toContain('POST');
    expect(leases.size).toBe(0);
  });

  test('a claimed task is handed back at once when the process of its agent ends', async () => {
    serve(() => held());
    const leases = leasesOf();
    await callTool(fake.url, claimTask, { taskTypes: ['charge'] }, { leases });
    const requests = await asked(leases.close({ giveBack: true }));
    const updates = requests.filter(({ method }) => method === 'POST').map(({ body }) => body);
    expect(updates).toEqual([expect.objectContaining({ status: 'IN_PROGRESS', callbackAfterSeconds: 0 })]);
  });

  test('a task is handed back if its client disconnected during the poll', async () => {
    serve(() => held());
    const signal = AbortSignal.abort();
    const requests = await asked(
      callTool(fake.url, claimTask, { taskTypes: ['charge'] }, { signal, leases: leasesOf() }),
    );
    expect(requests.map(({ method }) => method)).toEqual(['GET', 'POST']);
  });

  test('update_task says that the lease is lost if the server accepted the result but ignored it', async () => {
    let ended = false;
    serve(() => held(ended ? { status: 'TIMED_OUT' } : {}));
    const routes = fake.routes;
    fake.routes = (request) => {
      ended ||= request.method === 'POST';
      return routes(request);
    };
    const update = { claimId: 'task-1:1', status: 'complete', output: { a: 1 } };
    await expect(callTool(fake.url, updateTask, update)).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('The lease was lost'),
    });
  });

  test('claim_task does not return a task of an execution that was undone, but fails it without a retry', async () => {
    let handedOut = false;
    fake.routes = ({ method, path }) => {
      if (path.startsWith('/api/tasks/poll/batch/')) {
        const body = handedOut ? [] : [held({ inputData: { _undoneBy: 'exec-2' } })];
        handedOut = true;
        return { body };
      }
      if (path === '/api/metadata/taskdefs') return { body: [{ name: 'charge' }] };
      return method === 'POST' ? { body: 'task-1' } : undefined;
    };
    const before = fake.requests.length;
    const { structured } = await callTool(fake.url, claimTask, { taskTypes: ['charge'] });
    expect(structured).toEqual({ claimed: false });
    const updates = fake.requests.slice(before).filter(({ method }) => method === 'POST');
    expect(updates.map(({ body }) => body)).toEqual([
      expect.objectContaining({ status: 'FAILED_WITH_TERMINAL_ERROR' }),
    ]);
  });
});

describe('answers with values full of quotes stay within the limit', () => {
  const size = (answer: unknown) => Buffer.byteLength(JSON.stringify(answer));
  const quotes = (n: number) => Array.from({ length: n }, (_, i) => `"${i}"\\`).join('"');

  test.each([10, 20, 100])('invoke_api with a limit of %d KB', async (kb) => {
    const maxResponseBytes = kb * 1024;
    for (const n of [500, 2000, 20_000]) {
      fake.routes = ({ path }) => (path === '/api/workflow/exec-1' ? { body: { text: quotes(n) } } : undefined);
      const args = { operation: 'getWorkflow', path: { workflowId: 'exec-1' } };
      const answer = await callTool(fake.url, invokeApi, args, { maxResponseBytes });
      expect(size({ text: answer.text, structured: answer.structured }), `${n}`).toBeLessThan(maxResponseBytes);
    }
  });

  test.each([10, 20, 100])('claim_task with a limit of %d KB', async (kb) => {
    const maxResponseBytes = kb * 1024;
    for (const n of [500, 2000, 20_000]) {
      const taskDefinition = { name: 'review', description: quotes(n) };
      const given = { taskType: 'review', taskDefName: 'review', status: 'IN_PROGRESS', responseTimeoutSeconds: 60 };
      const task = fakeTask({ ...given, endTime: 0, inputData: { text: quotes(n) }, taskDefinition });
      fake.routes = ({ path }) => (path.startsWith('/api/tasks/poll') ? { body: [task] } : undefined);
      const conductor = conductorAt(fake.url);
      const leases = new Leases({ conductor: async () => conductor, log: silentLogger });
      const answer = await callTool(fake.url, claimTask, { taskTypes: ['review'] }, { maxResponseBytes, leases });
      await leases.close({ giveBack: false });
      expect(answer.structured.claimed).toBe(true);
      expect(size({ text: answer.text, structured: answer.structured }), `${n}`).toBeLessThan(maxResponseBytes);
    }
  });
});
