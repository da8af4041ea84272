import { randomUUID } from 'node:crypto';
import { describe, expect, inject, test } from 'vitest';
import { callerOf, isAllowed } from '../../mcp/admission/permissions.ts';
import { catalogue } from '../../mcp/api/catalogue.ts';
import { isReadOnly, pathParameters } from '../../mcp/api/route.ts';
import describeApi from '../../mcp/tools/describe-api.ts';
import invokeApi from '../../mcp/tools/invoke-api.ts';
import { realConductor } from '../support/product.ts';
import { callTool } from '../support/tool-calls.ts';

const url = inject('conductorServerUrl');
const prefix = `rst_${randomUUID().replaceAll('-', '').slice(0, 8)}`;
const conductor = realConductor();
const invoke = (args: Record<string, unknown>) => callTool(url, invokeApi, args);

describe('the catalogue', () => {
  test('the catalogue contains only routes that the server has: it answers OPTIONS for each', async () => {
    const missing: string[] = [];
    for (const { method, path } of catalogue) {
      const address = new URL(path.replace(/\{\w+\}/g, 'x'), url);
      const { status, headers } = await fetch(address, { method: 'OPTIONS', signal: AbortSignal.timeout(20_000) });
      if (status !== 200 || !(headers.get('allow') ?? '').split(',').includes(method))
        missing.push(`${method} ${path}`);
    }
    expect(missing).toEqual([]);
  }, 120_000);

  test('the catalogue describes the answer of every read-only route without parameters correctly', async () => {
    const harmless = catalogue.filter(
      (route) =>
        route.method === 'GET' &&
        isReadOnly(route) &&
        !route.refused &&
        pathParameters(route).length === 0 &&
        !needsMore(route),
    );
    expect(harmless.length).toBeGreaterThan(20);
    const failed: string[] = [];
    for (const { name, query = {} } of harmless) {
      const few = 'size' in query ? { size: 1 } : {};
      await invoke({ operation: name, query: few }).catch((error) => failed.push(`${name}: ${error.message}`));
    }
    expect(failed).toEqual([]);
  }, 120_000);
});

/** True if the route has required parameters or calls other services. */
function needsMore({ name, query = {} }: (typeof catalogue)[number]): boolean {
  return name === 'getModelProviders' || Object.values(query).some((type) => type.endsWith('!'));
}

describe('invoke_api', () => {
  const name = `${prefix}_flow`;

  test('invoke_api writes an event handler, for which there is no tool, and reads it back', async () => {
    const handler = {
      name: `${prefix}_handler`,
      event: `conductor:${name}:never`,
      active: false,
      actions: [{ action: 'start_workflow', start_workflow: { name } }],
    };
    await invoke({ operation: 'addEventHandler', body: handler });
    const { structured } = await invoke({
      operation: 'getEventHandlersForEvent',
      path: { event: handler.event },
      query: { activeOnly: false },
    });
    expect(structured.answer).toEqual([expect.objectContaining({ name: handler.name })]);
    await expect(invoke({ operation: 'removeEventHandler', path: { name: handler.name } })).rejects.toMatchObject({
      code: 'input',
      remedy: expect.stringContaining('"confirm":true'),
    });
    await invoke({ operation: 'removeEventHandler', path: { name: handler.name }, confirm: true });
    expect((await conductor.listEventHandlers()).map((one) => one.name)).not.toContain(handler.name);
  });

  test('invoke_api lets an operator start a registered workflow, but not a definition that the call contains', async () => {
    const tasks = [{ name: 'n', taskReferenceName: 'n', type: 'NOOP', inputParameters: {} }];
    const workflowDef = { name, version: 1, schemaVersion: 2 as const, tasks };
    await conductor.putWorkflowDef(workflowDef);
    const caller = callerOf('operator');
    const operator = { caller, allows: (permission: Parameters<typeof isAllowed>[1]) => isAllowed(caller, permission) };
    const start = (body: object) => callTool(url, invokeApi, { operation: 'startWorkflow', body }, operator);
    await expect(start({ name, workflowDef })).rejects.toMatchObject({ code: 'denied' });
    const { structured } = await start({ name, input: {} });
    expect(await conductor.waitForEnd(String(structured.answer))).toMatchObject({ status: 'COMPLETED' });
  });

  test('the call that describe_api suggests works', async () => {
    const { text } = await callTool(url, describeApi, { operation: 'getWorkflowVersions' });
    expect(text).toContain('invoke_api {"operation":"getWorkflowVersions","path":{"name":"name"}}');
  });
});
