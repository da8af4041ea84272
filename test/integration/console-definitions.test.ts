import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { queueRoutes, type ServedConsole, sendRaw, serveConsole } from '../support/console-scene.ts';
import { DefinitionStore } from '../support/definition-store.ts';
import { defTask, ExecutionStore, storedDef } from '../support/execution-store.ts';
import { type FakeConductor, startFakeConductor } from '../support/fake-conductor.ts';

let fake: FakeConductor;
let definitions: DefinitionStore;
let executions: ExecutionStore;
let site: ServedConsole;

const OWN = { 'sec-fetch-site': 'same-origin' };
const EVIL = '<img src=x onerror=alert(1)>';

beforeAll(async () => {
  fake = await startFakeConductor();
});
afterAll(() => fake.close());
beforeEach(() => {
  definitions = new DefinitionStore();
  executions = new ExecutionStore();
  const schema = { type: 'object', properties: { amount: { type: 'number' } }, required: ['amount'] };
  add(storedDef('pay', [defTask('charge', 'SIMPLE')], { description: EVIL, inputSchema: { data: schema } }));
  add(storedDef('pay', [defTask('charge', 'SIMPLE'), defTask('route', 'SWITCH')], { version: 2 }));
  add(storedDef('order', [defTask('sub', 'SUB_WORKFLOW', { subWorkflowParam: { name: 'pay', version: 1 } })]));
  add(storedDef('refund', [], { failureWorkflow: 'pay' }));
  add(storedDef('fleet_start_lock_0', []));
  fake.routes = (request) => queueRoutes(request) ?? definitions.routes(request) ?? executions.routes(request);
});
afterEach(() => site?.close());

function add(def: Record<string, unknown>): void {
  definitions.workflows.set(`${def.name} ${def.version}`, { ...def, updateTime: 1_700_000_000_000 });
}

const read = async (name: string, params: Record<string, string> = {}) => {
  const topic = encodeURIComponent(`${name}?${new URLSearchParams(params)}`);
  const { status, text } = await sendRaw(`${site.url}/console/read?topic=${topic}`, OWN);
  return { status, ...JSON.parse(text) };
};

describe('definitions', () => {
  test('the list has names, versions and purposes, and no lock', async () => {
    site = await serveConsole(fake.url);
    expect((await read('definitions')).value.rows).toEqual([
      { id: 'order', versions: [1] },
      { id: 'pay', versions: [1, 2] },
      { id: 'refund', versions: [1] },
    ]);
  });

  test('the last runs are the newest of each workflow, and it says when not all executions were read', async () => {
    executions.add('exec-1', [], { workflowName: 'pay', status: 'COMPLETED' });
    executions.add('exec-2', [], { workflowName: 'pay', status: 'FAILED' });
    site = await serveConsole(fake.url);
    expect((await read('recent-runs')).value).toEqual({ runs: { pay: ['FAILED', 'COMPLETED'] } });
    expect((await read('workflow-runs', { name: 'pay' })).value).toMatchObject({
      total: 2,
      rows: [{ id: 'exec-1' }, { id: 'exec-2' }],
    });
    const all = fake.routes;
    fake.routes = async (request) => {
      const reply = await all(request);
      if (request.path !== '/api/workflow/search') return reply;
      return { body: { ...(reply?.body as object), totalHits: 5000 } };
    };
    await site.close();
    site = await serveConsole(fake.url);
    expect((await read('recent-runs')).value.sampled).toEqual({ read: 2, total: 5000 });
  });

  test('one definition has its versions, its picture, its callers and its form; markup stays text', async () => {
    site = await serveConsole(fake.url);
    const { value } = await read('definition', { name: 'pay', version: '1' });
    expect(value).toMatchObject({
      ...{ name: 'pay', version: 1, versions: [1, 2], description: EVIL, unsearched: 0 },
      callers: [
        { name: 'order', how: 'sub-workflow', version: 1 },
        { name: 'refund', how: 'failure-workflow' },
      ],
      fields: [{ name: 'amount', kind: 'number', isRequired: true }],
    });
    expect(value.picture.boxes.map(({ ref }: { ref?: string }) => ref)).toContain('charge');
    expect((await read('definition', { name: 'pay' })).value.version).toBe(2);
    expect((await read('definition', { name: 'order' })).value.calls).toEqual([
      { name: 'pay', how: 'sub-workflow', version: 1 },
    ]);
  });

  test('findings name the task at which they stand, errors first', async () => {
    site = await serveConsole(fake.url);
    const { findings } = (await read('definition-findings', { name: 'pay' })).value;
    expect(findings[0]).toMatchObject({ severity: 'error', ref: 'route', repair: expect.any(String) });
    const severities = findings.map(({ severity }: { severity: string }) => severity);
    expect(severities).toEqual([...severities].sort());
    expect(new Set(findings.map(({ id }: { id: string }) => id)).size).toBe(findings.length);
  });

  test('a definition that is too large to check says so', async () => {
    add(storedDef('huge', [defTask('t', 'SIMPLE', { inputParameters: { x: 'x'.repeat(120_000) } })]));
    site = await serveConsole(fake.url);
    expect((await read('definition-findings', { name: 'huge' })).value).toMatchObject({
      findings: [],
      unchecked: expect.stringContaining('characters'),
    });
  });

  test('drift compares with the code of this process, and says if the code has no such workflow', async () => {
    site = await serveConsole(fake.url);
    expect((await read('definition-drift', { name: 'pay' })).value).toEqual({ total: 0, changes: [], breaks: [] });
    add(storedDef('GetWeather', [defTask('other', 'SIMPLE')]));
    const { value } = await read('definition-drift', { name: 'GetWeather' });
    expect(value.codeVersion).toBe(1);
    expect(value.total).toBe(value.changes.length);
    expect(value.changes.map(({ path }: { path: string }) => path)).toContain('tasks.other');
    expect(value.breaks.join()).toContain('other');
  });

  test.each([
    [{ name: 'none' }, 404, 'not-found'],
    [{ name: 'pay', version: '9' }, 404, 'not-found'],
    [{ name: 'pay', version: 'x' }, 400, 'input'],
  ])('%j is a problem of its page', async (params, status, code) => {
    site = await serveConsole(fake.url);
    expect(await read('definition', params as Record<string, string>)).toMatchObject({ status, error: { code } });
  });

  test('a double click starts one execution', async () => {
    site = await serveConsole(fake.url);
    const args = { name: 'pay', version: 1, input: { amount: 3 }, idempotencyKey: 'console-0' };
    const post = async () => {
      const body = JSON.stringify({ tool: 'execute_workflow', args });
      const headers = { ...OWN, 'content-type': 'application/json' };
      return JSON.parse((await sendRaw(`${site.url}/console/act`, headers, { method: 'POST', body })).text);
    };
    const starts: unknown[] = [];
    const all = fake.routes;
    fake.routes = (request) => {
      if (request.path === '/api/workflow/pay/correlated/console-0')
        return { body: starts.map(() => executions.execution('started')) };
      if (request.method === 'POST' && request.path === '/api/workflow') {
        starts.push(request.body);
        executions.add('started', [], { workflowName: 'pay', correlationId: 'console-0', input: { amount: 3 } });
        return { body: 'started' };
      }
      return all(request);
    };
    const [one, two] = await Promise.all([post(), post()]);
    expect([one, two]).toMatchObject([
      { structured: { executionId: 'started' } },
      { structured: { executionId: 'started' } },
    ]);
    expect(starts).toHaveLength(1);
  });

  test('a setting that withholds a tool withholds what shows the same, and no more', async () => {
    site = await serveConsole(fake.url, { MCP_TOOLS_DENY: 'validate_workflow,diff_workflow' });
    expect((await read('definition-findings', { name: 'pay' })).error.code).toBe('denied');
    expect((await read('definition-drift', { name: 'pay' })).error.code).toBe('denied');
    expect((await read('definition', { name: 'pay' })).status).toBe(200);
  });
});
