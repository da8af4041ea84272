import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { permissionsOf, roles } from '../../mcp/admission/permissions.ts';
import { promptsWith, resourcesWith, toolsWith } from '../../mcp/front/content.ts';
import { type FakeConductor, startFakeConductor } from '../support/fake-conductor.ts';
import { changingTools, prompts, resources, toolPermissions, type Walk, walk } from '../support/permission-table.ts';
import { ASKS_TOO, raw, rawResult } from '../support/raw-mcp.ts';
import { type Served, serveHttp, textOf, ways } from '../support/raw-ways.ts';
import { examples } from '../support/tool-examples.ts';

/*
 * Walks over everything that a client can name, over both transports and in both eras: each role, read-only mode, and the lists of tools.
 */

let fake: FakeConductor;

beforeAll(async () => {
  fake = await startFakeConductor();
});
afterAll(() => fake.close());
beforeEach(() => {
  fake.routes = () => undefined;
});

const walkOf = (way: string): Walk[] =>
  walk(examples, { era: way.endsWith('2026-07-28') ? 'modern' : 'legacy', subscribes: way !== 'HTTP, 2025-11-25' });

/** The requests that changed something at the Conductor server since the first `before` ones. */
const changesSince = (before: number) =>
  fake.requests
    .slice(before)
    .filter(({ method, path }) => method !== 'GET' && !path.endsWith('/validate'))
    .map(({ method, path }) => `${method} ${path}`);

/** A subscription has no answer while it is open. */
async function answerTo({ method, params }: Walk, send: Served['send']): Promise<string> {
  const opened = new Promise<string>((resolve) => setTimeout(resolve, 300, 'open').unref());
  const answer = send(method, params).then(textOf);
  return method === 'subscriptions/listen' ? Promise.race([answer, opened]) : answer;
}

test('the tables of this test name every tool, resource and prompt', async () => {
  const [tools, allResources, allPrompts] = await Promise.all([toolsWith(), resourcesWith(), promptsWith()]);
  expect(Object.fromEntries(tools.map(({ name, permission }) => [name, permission]))).toEqual(toolPermissions);
  expect(
    tools
      .filter(({ annotations }) => !annotations.readOnlyHint)
      .map(({ name }) => name)
      .sort(),
  ).toEqual(changingTools);
  expect(Object.keys(resources)).toHaveLength(allResources.length);
  expect(Object.keys(prompts).sort()).toEqual(allPrompts.map(({ name }) => name).sort());
});

describe.each(Object.keys(ways))('over %s', (way) => {
  const open = (env: Record<string, string>) => {
    const serve = ways[way];
    if (!serve) throw new Error(`There is no way "${way}".`);
    return serve(fake.url, env);
  };

  test.each(roles)(
    'S2: the role %s may use exactly what its permissions allow',
    async (role) => {
      const { send, close } = await open({ MCP_ROLE: role });
      for (const one of walkOf(way)) {
        const refused = (await answerTo(one, send)).includes(`needs the permission ${one.permission}, which`);
        expect(refused, `${one.method} ${one.what}`).toBe(!permissionsOf(role).includes(one.permission));
      }
      const listed = (await send('tools/list')).result?.tools as { name: string }[];
      const allowed = Object.entries(toolPermissions).filter(([, permission]) =>
        permissionsOf(role).includes(permission),
      );
      expect(listed.map(({ name }) => name).sort()).toEqual(allowed.map(([name]) => name).sort());
      await close();
    },
    60_000,
  );

  test('S2: in read-only mode an admin changes nothing, whatever the request names', async () => {
    fake.routes = ({ path }) => (path.startsWith('/api/metadata/workflow') ? offeredAsTool(path) : undefined);
    const { send, close } = await open({ MCP_ROLE: 'admin', MCP_READ_ONLY: 'true' });
    const before = fake.requests.length;
    const workflowTool = {
      what: 'report',
      permission: 'workflows:execute',
      tool: 'report',
      method: 'tools/call',
      params: { name: 'report', arguments: {} },
    } as const;
    for (const one of [...walkOf(way), workflowTool]) {
      const reads = one.permission.endsWith(':read') && !changingTools.includes(one.what);
      const answer = await answerTo(one, send);
      expect(
        /Error \(denied\): .*read-only mode \(MCP_READ_ONLY/.test(answer),
        `${one.method} ${one.what}: ${answer}`,
      ).toBe(!reads);
    }
    expect(changesSince(before)).toEqual([]);
    const listed = (await send('tools/list')).result?.tools as { name: string }[];
    expect(listed.map(({ name }) => name).filter((name) => [...changingTools, 'report'].includes(name))).toEqual([]);
    await close();
  }, 60_000);

  test('S2: what shows or does the same as a denied tool is denied, for everyone', async () => {
    const all = walkOf(way);
    const denied = [
      'get_execution_status',
      'list_workflow_executions',
      'decide_approval',
      'terminate_workflow',
      'get_workflow',
      'search_docs',
      'execute_workflow',
    ];
    const { send, close } = await open({ MCP_ROLE: 'admin', MCP_TOOLS_DENY: denied.join(',') });
    for (const one of all) {
      const refused = /Error \(denied\): .*MCP_TOOLS_DENY/.test(await answerTo(one, send));
      expect(refused, `${one.method} ${one.what}`).toBe(denied.includes(one.tool) || isTemplateOf(one, denied));
    }
    const listed = (await send('tools/list')).result?.tools as { name: string }[];
    expect(listed.filter(({ name }) => denied.includes(name))).toEqual([]);
    const templates = (await send('resources/templates/list')).result?.resourceTemplates;
    expect(templates).toEqual([expect.objectContaining({ uriTemplate: 'conductor://templates/{name}' })]);
    await close();
  }, 60_000);
});

/** A completion is also denied with the resource whose argument it completes. */
function isTemplateOf({ method, what }: Walk, denied: readonly string[]): boolean {
  if (method !== 'completion/complete') return false;
  return denied.includes(
    what.startsWith('conductor://executions')
      ? 'get_execution_status'
      : what.startsWith('conductor://workflows')
        ? 'get_workflow'
        : '',
  );
}

/** A definition that is offered as a tool and says that it only reads. */
function offeredAsTool(path: string) {
  const def = {
    name: 'report',
    version: 1,
    tasks: [],
    metadata: { mcp: { purpose: 'Makes a report.', readOnly: true } },
  };
  if (path.endsWith('/names-and-versions')) return { body: { report: [{ name: 'report', version: 1 }] } };
  if (path.endsWith('/latest-versions') || path === '/api/metadata/workflow') return { body: [def] };
  return path.endsWith('/report') ? { body: def } : undefined;
}

describe('an allow-list of tools', () => {
  let served: Awaited<ReturnType<typeof serveHttp>>;
  beforeAll(async () => {
    served = await serveHttp(fake.url, { MCP_TOOLSETS: '', MCP_TOOLS: 'list_workflows,execute_workflow' });
  });
  afterAll(() => served.close());

  test('S2: it withholds resources, prompts and completions whose tools it leaves out', async () => {
    const listOf = async (method: string, key: string) =>
      ((await rawResult(served.url, method))[key] as { name: string }[]).map(({ name }) => name);
    expect(await listOf('resources/templates/list', 'resourceTemplates')).toEqual([]);
    expect(await listOf('resources/list', 'resources')).toEqual(['workflows']);
    expect(await listOf('prompts/list', 'prompts')).toEqual(['author_workflow']);
    for (const one of walk(examples, { era: 'modern', subscribes: true })) {
      if (one.method === 'tools/call' || ['list_workflows', 'execute_workflow'].includes(one.tool)) continue;
      const { error } = await raw(served.url, one.method, one.params, ASKS_TOO);
      expect(error?.message, `${one.method} ${one.what}`).toContain('MCP_TOOLS');
    }
  });

  test('S2: it withholds workflows that are tools, and so does the deny-list of workflows', async () => {
    fake.routes = ({ path }) => (path.startsWith('/api/metadata/workflow') ? offeredAsTool(path) : undefined);
    const before = fake.requests.length;
    const answers: Record<string, string> = {};
    const lists = {
      MCP_TOOLS: 'list_workflows,execute_workflow',
      MCP_WORKFLOW_TOOLS_DENY: 'rep*',
      MCP_TOOLSETS: 'all',
    };
    for (const [setting, value] of Object.entries(lists)) {
      const { url, close } = await serveHttp(fake.url, { MCP_TOOLSETS: '', [setting]: value });
      const listed = JSON.stringify(await rawResult(url, 'tools/list'));
      expect(listed.includes('"report"'), setting).toBe(setting === 'MCP_TOOLSETS');
      answers[setting] = textOf(await raw(url, 'tools/call', { name: 'report', arguments: {} }, ASKS_TOO));
      if (setting !== 'MCP_TOOLSETS') expect(changesSince(before)).toEqual([]);
      await close();
    }
    expect(answers.MCP_TOOLS).toContain('Tool report not found');
    expect(answers.MCP_WORKFLOW_TOOLS_DENY).toContain('Tool report not found');
    expect(answers.MCP_TOOLSETS).toContain('exec-1');
    expect(changesSince(before)).not.toEqual([]);
  });

  test('a call does not go on as a task that its client may not ask for', async () => {
    fake.routes = ({ path, method }) => {
      if (path === '/api/workflow/exec-1')
        return { body: { workflowId: 'exec-1', workflowName: 'fake_flow', status: 'RUNNING', tasks: [] } };
      return method === 'GET' && path.endsWith('/status')
        ? { body: { workflowId: 'exec-1', status: 'RUNNING' } }
        : undefined;
    };
    const { result } = await raw(
      served.url,
      'tools/call',
      { name: 'execute_workflow', arguments: { name: 'fake_flow', input: {} } },
      ASKS_TOO,
    );
    expect(result).toMatchObject({ structuredContent: { executionId: 'exec-1', status: 'RUNNING' } });
    expect(result).not.toHaveProperty('taskId');
  });
});
