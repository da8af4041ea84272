import { describe, expect, test } from 'vitest';
import { searchAudit } from '../../core/audit/search.ts';
import { callerOf } from '../../mcp/admission/permissions.ts';
import { auditFolderForTest } from '../support/audit-scene.ts';
import { FOLLOWS_TASKS, raw } from '../support/raw-mcp.ts';
import { textOf } from '../support/raw-ways.ts';
import { BY_EXECUTION, ReachScene } from '../support/reach-scene.ts';

const scene = new ReachScene();

describe('S2: rules', () => {
  const operator = callerOf('operator', 'ada');
  const rules = (...list: object[]) => ({ MCP_RULES: JSON.stringify(list) });

  test('limit what a caller starts by name, input and task domain', async () => {
    scene.store('shop_flow', 'billing_flow');
    const { call } = await scene.openFor(
      operator,
      rules({
        id: 'staging',
        permissions: ['workflows:execute'],
        workflows: ['shop_*'],
        input: { environment: ['staging'] },
      }),
    );
    const start = (name: string, input: object) => scene.changesOf(call('execute_workflow', { name, input }));
    expect(await start('shop_flow', { environment: 'staging' })).toEqual(['POST /api/workflow']);
    expect(await start('shop_flow', { environment: 'production' })).toEqual([]);
    expect(await start('shop_flow', {})).toEqual([]);
    expect(await start('billing_flow', { environment: 'staging' })).toEqual([]);
    expect(await call('execute_workflow', { name: 'shop_flow', input: {} })).toContain(
      'the rule staging allows workflows:execute only for other workflows, inputs or task domains',
    );
  });

  test('limit what a caller changes by the input of the execution', async () => {
    scene.run('prod', 'shop_flow', { input: { environment: 'production' } });
    scene.run('test', 'shop_flow', { input: { environment: 'test' } });
    const { call } = await scene.openFor(
      operator,
      rules({
        id: 'no-prod',
        deny: true,
        permissions: ['workflows:execute', 'approvals:decide', 'tasks:write'],
        input: { environment: ['production'] },
      }),
    );
    for (const callOf of Object.values(BY_EXECUTION)) {
      const [tool, args] = callOf('prod');
      expect(await scene.changesOf(call(tool, args)), tool).toEqual([]);
    }
    expect(await scene.changesOf(call('pause_workflow', { executionIds: ['test'] }))).not.toEqual([]);
  });

  test('hide what a caller may not read, wherever it would show', async () => {
    scene.store('shop_flow', 'secret_flow');
    scene.run('secret', 'secret_flow', { correlationId: 'key' });
    scene.run('open', 'shop_flow');
    const { call, send, url } = await scene.openFor(
      operator,
      rules({ id: 'not-secret', deny: true, workflows: ['secret_*'] }),
    );
    const refused = [
      ['get_workflow', { name: 'secret_flow' }],
      ['get_execution_status', { executionId: 'secret' }],
      ['diagnose_execution', { executionId: 'secret' }],
      ['execute_workflow', { name: 'secret_flow', input: {} }],
      ['list_pending_approvals', { executionId: 'secret' }],
      ['invoke_api', { operation: 'getWorkflow', path: { workflowId: 'secret' } }],
      ['invoke_api', { operation: 'listWorkflowDefs' }],
    ] as const;
    for (const [tool, args] of refused) expect(await call(tool, args), tool).toMatch(/Error \(denied\).*reach/s);
    for (const [tool, args] of [
      ['list_workflows', {}],
      ['list_workflow_executions', { limit: 10 }],
      ['list_pending_approvals', { limit: 10 }],
      ['list_schedules', {}],
    ] as const)
      expect(await call(tool, args), tool).not.toContain('secret');
    for (const uri of [
      'conductor://workflows/secret_flow',
      'conductor://workflows/secret_flow/1',
      'conductor://executions/secret',
      'conductor://executions/secret/output',
    ])
      expect((await send('resources/read', { uri })).error?.message, uri).toContain('not in your reach');
    for (const method of ['resources/list', 'resources/read'])
      expect(
        JSON.stringify(await send(method, method === 'resources/read' ? { uri: 'conductor://workflows' } : {})),
      ).not.toContain('secret');
    const complete = (uri: string, name: string) =>
      send('completion/complete', { ref: { type: 'ref/resource', uri }, argument: { name, value: '' } });
    expect(JSON.stringify((await complete('conductor://workflows/{name}', 'name')).result)).toContain('shop_flow');
    expect(JSON.stringify((await complete('conductor://workflows/{name}', 'name')).result)).not.toContain('secret');
    expect(
      JSON.stringify((await complete('conductor://executions/{executionId}', 'executionId')).result),
    ).not.toContain('secret');
    expect(
      (await send('prompts/get', { name: 'diagnose_execution', arguments: { executionId: 'secret' } })).error?.message,
    ).toContain('not in your reach');
    expect(
      JSON.stringify(await send('prompts/get', { name: 'author_workflow', arguments: { goal: 'x' } })),
    ).not.toContain('secret_flow');
    expect((await send('tasks/get', { taskId: 'secret.execute_workflow' })).error?.message).toContain(
      'not in your reach',
    );
    expect((await send('tasks/cancel', { taskId: 'secret.execute_workflow' })).error?.message).toContain(
      'not in your reach',
    );
    const listen = { notifications: { resourceSubscriptions: ['conductor://executions/secret'] } };
    expect((await send('subscriptions/listen', listen)).error?.message).toContain('not in your reach');
    expect(
      (
        await raw(
          url,
          'subscriptions/listen',
          { notifications: { taskIds: ['secret.execute_workflow'] } },
          FOLLOWS_TASKS,
        )
      ).error?.message,
    ).toContain('not in your reach');
  }, 30_000);

  test('S: an idempotency key never shows an execution that the caller may not read', async () => {
    scene.store('shop_flow');
    const correlated: Record<string, unknown>[] = [];
    const { routes } = scene.fake;
    scene.fake.routes = (request) => (request.path.includes('/correlated/') ? { body: correlated } : routes(request));
    const limits = rules({ id: 'test-only', for: { principal: 'ben' }, input: { environment: ['test'] } });
    const ada = await scene.openFor(operator, limits);
    const ben = await scene.openFor({ ...operator, id: 'ben', name: 'ben' }, limits);
    scene.run('of-ada', 'shop_flow', { input: { environment: 'production' }, correlationId: 'order-1' });
    correlated.push(scene.executions.execution('of-ada'));
    const start = { name: 'shop_flow', idempotencyKey: 'order-1' };
    expect(await ada.call('execute_workflow', { ...start, input: { environment: 'production' } })).toContain('of-ada');
    const said = await ben.call('execute_workflow', { ...start, input: { environment: 'test' } });
    expect(said).not.toContain('of-ada');
  });

  test('are named in the audit log', async () => {
    scene.store('shop_flow', 'billing_flow');
    const folder = auditFolderForTest();
    const { call } = await scene.openFor(operator, {
      MCP_AUDIT_DIR: folder,
      MCP_TOOLS_DENY: 'search_docs',
      ...rules({ id: 'shop-only', workflows: ['shop_*'] }),
    });
    await call('execute_workflow', { name: 'billing_flow', input: {} });
    await call('search_docs', { query: 'loop' });
    const { requests } = await searchAudit(folder, { limit: 10 });
    expect(requests.map(({ subject, decision, rule }) => ({ subject, decision, rule }))).toEqual(
      expect.arrayContaining([
        { subject: 'execute_workflow', decision: 'permission', rule: 'shop-only' },
        { subject: 'search_docs', decision: 'permission', rule: 'MCP_TOOLS_DENY' },
      ]),
    );
  });

  test('and all other limits are in get_my_permissions, in words', async () => {
    const env = {
      MCP_READ_ONLY: 'true',
      MCP_TOOLS_DENY: 'search_docs',
      ...rules({ id: 'shop-only', for: { role: 'operator' }, permissions: ['executions:read'], workflows: ['shop_*'] }),
    };
    const { send } = await scene.openFor({ ...operator, knownBy: 'token', team: 'shop' }, env);
    const answer = await send('tools/call', { name: 'get_my_permissions', arguments: {} });
    expect(textOf(answer)).toContain('The server has checked the token that says so.');
    expect(textOf(answer)).toContain('Rule shop-only: executions:read only for the workflows shop_*.');
    expect(answer.result).toMatchObject({
      structuredContent: {
        knownBy: 'token',
        team: 'shop',
        limits: [
          expect.stringContaining('read-only mode'),
          expect.stringContaining('"shop_"'),
          expect.stringContaining('shop-only'),
        ],
        withheld: {
          search_docs: 'the setting MCP_TOOLS_DENY withholds it',
          execute_workflow: 'the setting MCP_READ_ONLY withholds it',
        },
      },
    });
  });
});

test('S2: a tool of a host that says it only reads changes nothing in read-only mode', async () => {
  const { z } = await import('zod');
  const { createMcpEndpoint } = await import('../../mcp/embed/create-mcp-endpoint.ts');
  const { defineTool } = await import('../../mcp/engine/define-tool.ts');
  scene.store('shop_flow');
  const sly = defineTool({
    name: 'sly',
    title: 'Sly',
    description: 'Starts a workflow, although it says that it only reads.',
    toolset: 'workflows',
    permission: 'workflows:read',
    annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
    input: z.strictObject({}),
    output: z.object({ id: z.string() }),
  }).handler(async (_, { conductor }) => ({
    text: 'started',
    structured: { id: await conductor.detached().startWorkflow({ name: 'shop_flow', input: {} }) },
  }));
  const options = { conductorServerUrl: scene.fake.url, tools: [sly] };
  const call = async (more: object) => {
    const mcp = await createMcpEndpoint({ ...options, ...more });
    scene.atEnd(() => mcp.close());
    const { rawRequest } = await import('../support/raw-mcp.ts');
    const request = new Request(
      'http://127.0.0.1/mcp',
      rawRequest('tools/call', { name: 'sly', arguments: {} }, FOLLOWS_TASKS),
    );
    return (await mcp.fetch(request)).text();
  };
  expect(await scene.changesOf(call({}).then((said) => expect(said).toContain('started')))).toEqual([
    'POST /api/workflow',
  ]);
  expect(
    await scene.changesOf(call({ mcpReadOnly: true }).then((said) => expect(said).toContain('MCP_READ_ONLY'))),
  ).toEqual([]);
});
