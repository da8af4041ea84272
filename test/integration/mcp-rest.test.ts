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
    const requests = await asked(invoke({ operation: 'startWorkflow', body: { name: 'fake_flow' } }, 'operator'));
    expect(requests.filter(({ method }) => method === 'POST').map(({ path }) => path)).toEqual(['/api/workflow']);
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
