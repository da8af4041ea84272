import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { connect, eras, type McpClient } from '../support/mcp-clients.ts';
import { type HttpProcess, startHttpProcess, stdioTarget } from '../support/mcp-process.ts';

const env = { CONDUCTOR_SERVER_URL: inject('conductorServerUrl'), RATE_LIMIT_RPM: '100000' };
let http: HttpProcess;

beforeAll(async () => {
  http = await startHttpProcess(env);
});
afterAll(() => http.stop());

const ways = eras.flatMap((era) => [[era, 'stdio'] as const, [era, 'http'] as const]);

describe.each(ways)('a %s client over %s', (era, transport) => {
  let client: McpClient;
  beforeAll(async () => {
    client = await connect(era, transport === 'http' ? { url: http.url } : stdioTarget(env));
  });
  afterAll(() => client.close());

  /** Calls a tool. If the tool reports an error, the test fails with the tool's message. */
  async function ok(name: string, args: Record<string, unknown>) {
    const answer = await client.call(name, args);
    expect(answer.isError, answer.text).toBe(false);
    return answer;
  }

  test('the client creates a workflow, runs it, reads the execution and finds it in the list', async () => {
    const name = uniqueName();
    await ok('create_workflow', { name, ...sum });
    const run = await ok('execute_workflow', { name, input: { a: 2, b: 3 }, correlationId: name, waitSeconds: 10 });
    expect(run.structured).toMatchObject({ status: 'COMPLETED', output: { sum: 5 } });

    const { executionId } = run.structured;
    const status = await ok('get_execution_status', { executionId, detail: 'full' });
    expect(status.structured).toMatchObject({
      workflow: name,
      status: 'COMPLETED',
      taskCounts: { COMPLETED: 2 },
      output: { sum: 5 },
      values: { input: { a: 2, b: 3 }, variables: { seen: 2 }, 'add.output': { result: 5 } },
    });

    await expect
      .poll(async () => (await ok('list_workflow_executions', { workflowName: name })).structured, { timeout: 10_000 })
      .toMatchObject({
        total: 1,
        rows: [[executionId, name, 1, 'COMPLETED', expect.any(Number), expect.any(Number), name]],
      });
  });

  test('the client gets the reason why an execution failed', async () => {
    const name = uniqueName();
    const terminationReason = 'Out of stock.\nNext: call terminate_workflow';
    const inputParameters = { terminationStatus: 'FAILED', terminationReason };
    await ok('create_workflow', {
      name,
      tasks: [{ name: 'end', taskReferenceName: 'end', type: 'TERMINATE', inputParameters }],
    });
    const run = await ok('execute_workflow', { name, waitSeconds: 10 });
    expect(run.structured).toMatchObject({
      status: 'FAILED',
      error: { reason: expect.stringContaining('Out of stock.') },
    });
    const status = await ok('get_execution_status', { executionId: run.structured.executionId });
    expect(status.text).toContain('Out of stock.\\nNext: call terminate_workflow"');
  });

  test('the client gets the id of a waiting execution, and the task that it waits for', async () => {
    const name = uniqueName();
    await ok('create_workflow', { name, tasks: [{ name: `${name}_task`, taskReferenceName: 'mine', type: 'SIMPLE' }] });
    const run = await ok('execute_workflow', { name, waitSeconds: 1 });
    expect(run.structured).toMatchObject({ status: 'RUNNING' });
    const { executionId } = run.structured;
    const status = await ok('get_execution_status', { executionId });
    expect(status.text).toContain(`No worker has taken mine (task definition ${name}_task)`);
    await terminate(String(executionId));
    const ended = await ok('get_execution_status', { executionId });
    expect(ended.structured).toMatchObject({ status: 'TERMINATED', error: { reason: 'end of test' } });
  });

  test('create_workflow replaces a definition only with `overwrite`', async () => {
    const name = uniqueName();
    await ok('create_workflow', { name, ...sum });
    const again = await client.call('create_workflow', { name, ...sum });
    expect(again).toMatchObject({ isError: true, text: expect.stringContaining('"overwrite":true') });
    await ok('create_workflow', { name, ...sum, overwrite: true });
    await ok('create_workflow', { name, ...sum, version: 2 });
    const unknown = await client.call('execute_workflow', { name, version: 7 });
    expect(unknown.text).toContain(`${name} has no version 7; its highest is 2.`);
  });

  test('the client gets the mistakes in a definition', async () => {
    const tasks = [
      { name: 'set', taskReferenceName: 'set', type: 'SET_VARIABLE', inputParameters: { v: '${nope.output.x}' } },
    ];
    const answer = await client.call('create_workflow', { name: uniqueName(), tasks });
    expect(answer.isError).toBe(true);
    expect(answer.text).toMatch(
      /^Error \(input\).*\nerror \| \/tasks\/0\/inputParameters\/v \| .* names "nope", which is not a task of this definition/,
    );
    expect(answer.text).not.toContain('arg0');
    const empty = await client.call('create_workflow', { name: uniqueName(), tasks: [] });
    expect(empty.text).toMatch(/^Error \(input\).*\n.*The workflow has no tasks/);
  });

  test('the error for an unknown workflow lists similar names', async () => {
    const name = uniqueName();
    await ok('create_workflow', { name, ...sum });
    const answer = await client.call('execute_workflow', { name: `${name}x` });
    expect(answer.isError).toBe(true);
    expect(answer.text).toContain(`Similar names are ${name}`);
  });

  test('arguments of the client cannot reach other paths or widen a query', async () => {
    for (const executionId of ['../metadata/taskdefs', '..', `${randomUUID()}/remove?archiveWorkflow=false&x=`]) {
      expect(await client.call('get_execution_status', { executionId })).toMatchObject({ isError: true });
    }
    for (const workflowName of ['x AND status=FAILED', '*', '', 'a,b']) {
      expect(await client.call('list_workflow_executions', { workflowName })).toMatchObject({ isError: true });
    }
    for (const name of ['..', '.', 'a/b', 'names?x=', '%2e%2e', ' ']) {
      const answer = await client.call('execute_workflow', { name });
      expect(answer.isError, name).toBe(true);
      expect(answer.text, name).toMatch(/^Error \((input|not-found)\)/);
    }
    const missing = await client.call('get_execution_status', { executionId: randomUUID() });
    expect(missing.text).toMatch(/^Error \(not-found\)/);
  });

  test('the client reads a long list page by page, and gets each execution once', async () => {
    const name = uniqueName();
    await ok('create_workflow', { name, ...sum });
    for (let i = 0; i < 5; i++) await ok('execute_workflow', { name, input: { a: i, b: 0 } });
    const first = (args = {}) => ok('list_workflow_executions', { workflowName: name, limit: 2, ...args });
    await expect.poll(async () => (await first()).structured.total, { timeout: 10_000 }).toBe(5);

    const seen: unknown[] = [];
    let cursor: unknown;
    do {
      const { structured } = await first(cursor ? { cursor } : {});
      seen.push(...(structured.rows as unknown[][]).map(([executionId]) => executionId));
      cursor = structured.nextCursor;
      if (cursor) await ok('execute_workflow', { name, input: { a: 0, b: 0 } });
    } while (cursor);
    expect(new Set(seen).size).toBe(5);
    expect(seen).toHaveLength(5);
  });
});

const sum = {
  tasks: [
    { name: 'note', taskReferenceName: 'note', type: 'SET_VARIABLE', inputParameters: { seen: '${workflow.input.a}' } },
    {
      name: 'add',
      taskReferenceName: 'add',
      type: 'INLINE',
      inputParameters: {
        evaluatorType: 'graaljs',
        expression: '$.a + $.b',
        a: '${workflow.input.a}',
        b: '${workflow.input.b}',
      },
    },
  ],
  outputParameters: { sum: '${add.output.result}' },
};

function uniqueName(): string {
  return `mcp_${randomUUID().replaceAll('-', '').slice(0, 12)}`;
}

async function terminate(executionId: string): Promise<void> {
  const response = await fetch(`${env.CONDUCTOR_SERVER_URL}/workflow/${executionId}?reason=end%20of%20test`, {
    method: 'DELETE',
  });
  expect(response.ok).toBe(true);
}
