import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { WorkflowDef } from '../../core/conductor/types.ts';
import { connect, eras, type McpClient } from '../support/mcp-clients.ts';
import { stdioTarget } from '../support/mcp-process.ts';
import { realConductor, unique } from '../support/product.ts';

const conductor = realConductor();
const prefix = unique('wft').replace('-', '_');
const script = (expression: string) => ({
  name: 's',
  taskReferenceName: 's',
  type: 'INLINE',
  inputParameters: { evaluatorType: 'graaljs', expression, n: '${workflow.input.n}' },
});

function def(name: string, tasks: WorkflowDef['tasks'], mcp: Record<string, unknown> = {}): WorkflowDef {
  const data = { type: 'object', properties: { n: { type: 'number' } }, required: ['n'] };
  return {
    name: `${prefix}_${name}`,
    version: 1,
    schemaVersion: 2,
    tasks,
    inputSchema: { name: 'in', version: 1, type: 'JSON', data },
    outputParameters: { result: '${s.output.result}' },
    metadata: { mcp: { purpose: `Tests ${name}.`, ...mcp } },
  };
}

const double = def('double', [script('$.n * 2')], { idempotencyKey: `${prefix}-{n}` });
const large = def('large', [script("(function () { return 'x'.repeat(60000) })()")]);
const gated = def('gated', [script('$.n'), { name: 'ask', taskReferenceName: 'ask', type: 'HUMAN' }], {
  waitSeconds: 40,
});

const env = {
  CONDUCTOR_SERVER_URL: inject('conductorServerUrl'),
  MCP_WORKFLOW_TOOLS: `${prefix}_*`,
  MCP_WORKFLOW_TOOLS_DENY: `${prefix}_secret*`,
};

beforeAll(async () => {
  for (const one of [double, large, gated, def('secret', [script('1')])]) await conductor.putWorkflowDef(one);
});
afterAll(() => conductor.close());

describe.each(eras)('a %s client', (era) => {
  let client: McpClient;
  beforeAll(async () => {
    client = await connect(era, stdioTarget(env));
  });
  afterAll(() => client.close());

  test('the client sees the workflows that are offered as tools, and no denied workflow', async () => {
    const own = (await client.toolNames()).filter((name) => name.startsWith(prefix));
    expect(own).toEqual(expect.arrayContaining([double.name, gated.name, large.name]));
    expect(own).not.toContain(`${prefix}_secret`);
    expect(await client.toolNames()).toContain('execute_workflow');
  });

  test('the client gets the output of a workflow that ends in time, and the same execution for the same key', async () => {
    const first = await client.call(double.name, { n: 21 });
    expect(first).toMatchObject({
      isError: false,
      structured: { status: 'COMPLETED', version: 1, output: { result: 42 } },
    });
    const second = await client.call(double.name, { n: 21 });
    expect(second.structured).toMatchObject({ executionId: first.structured.executionId, isNew: false });
  });

  test('the client gets an error for a wrong input, and nothing starts', async () => {
    const { isError, text } = await client.call(double.name, { n: 'many' });
    expect(isError).toBe(true);
    expect(text).toMatch(/^Error \(input\): The input does not fit/);
  });

  test('the client gets a large output as a resource', async () => {
    const { text, structured } = await client.call(large.name, { n: 1 });
    expect(structured.output).toBeUndefined();
    expect(text).toContain(`The whole output is the resource conductor://executions/${structured.executionId}/output.`);
  });

  test('a call returns early if the workflow waits for a person', async () => {
    const startedAt = performance.now();
    const { text, structured } = await client.call(gated.name, { n: 1 });
    expect(performance.now() - startedAt).toBeLessThan(20_000);
    expect(structured).toMatchObject({ status: 'RUNNING', waitsFor: 'ask' });
    expect(text).toContain(`list_pending_approvals {"executionId":"${structured.executionId}"}`);
    await conductor.terminate(String(structured.executionId), 'seen');
  });

  test('a workflow tool runs a new version as soon as it is registered', async () => {
    const name = `${prefix}_grows_${era.slice(0, 4)}`;
    const version = (n: number) => ({ ...double, name, version: n, tasks: [script(`${n}`)] });
    await conductor.putWorkflowDef(version(1));
    await expect.poll(() => client.toolNames(), { timeout: 10_000 }).toContain(name);
    await conductor.putWorkflowDef(version(2));
    const runs = async () => (await client.call(name, { n: Math.random() })).structured.version;
    await expect.poll(runs, { timeout: 10_000, interval: 500 }).toBe(2);
  });
});
