import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { EXAMPLE_INPUT, EXAMPLE_STEPS } from '../../workflows/steps/step-format.ts';
import { connect, type McpClient } from '../support/mcp-clients.ts';
import { stdioTarget } from '../support/mcp-process.ts';
import { realConductor, unique } from '../support/product.ts';

const conductor = realConductor();
const prefix = unique('author').replaceAll('-', '_');
let client: McpClient;

beforeAll(async () => {
  const env = { CONDUCTOR_SERVER_URL: inject('conductorServerUrl'), MCP_TOOLSETS: 'all', RATE_LIMIT_RPM: '100000' };
  client = await connect('2025-11-25', stdioTarget(env));
});
afterAll(async () => {
  await client.close();
  conductor.close();
});

async function ok(name: string, args: Record<string, unknown>) {
  const answer = await client.call(name, args);
  expect(answer.isError, answer.text).toBe(false);
  return answer;
}

async function refused(name: string, args: Record<string, unknown>) {
  const answer = await client.call(name, args);
  expect(answer.isError, answer.text).toBe(true);
  return answer.text;
}

/** Finds the suggested calls in a text. Each is a line that ends with `tool {json}`. */
function callsIn(text: string): { tool: string; args: Record<string, unknown> }[] {
  return [...text.matchAll(/\b([a-z]+(?:_[a-z]+)+) (\{.*\})$/gm)].map(([, tool = '', json = '']) => {
    return { tool, args: JSON.parse(json) as Record<string, unknown> };
  });
}

describe.concurrent('design_and_execute_workflow', () => {
  test('one call turns steps into a completed execution', async () => {
    const name = `${prefix}_steps`;
    const answer = await ok('design_and_execute_workflow', {
      name,
      description: 'Sums up prices.',
      steps: [...EXAMPLE_STEPS, { id: 'done', type: 'end', output: { label: '${vars.label}', total: '${total}' } }],
      input: EXAMPLE_INPUT,
      waitSeconds: 20,
    });
    expect(answer.structured).toMatchObject({
      name,
      version: 1,
      status: 'COMPLETED',
      output: { label: 'large', total: 110 },
    });
    expect(answer.text).toContain('The dry run completed.');
    await expect(conductor.getWorkflowDef(name)).resolves.toMatchObject({ description: 'Sums up prices.' });
    // The dry run left no execution behind.
    const { totalHits } = await conductor.searchExecutions({ query: `workflowType=${name}_dry_run` });
    expect(totalHits).toBe(0);
  });

  test('the dry run covers calls, choices, approvals and loops without a service; the execution then waits for a person', async () => {
    const name = `${prefix}_mixed`;
    const { structured, text } = await ok('design_and_execute_workflow', {
      name,
      steps: [
        { id: 'ask', type: 'approval', question: 'Go on for ${input.who}?' },
        { id: 'fetch', type: 'http', url: 'http://127.0.0.1:9/orders', retries: 1 },
        {
          id: 'each',
          type: 'loop',
          over: '${fetch.body.orders}',
          steps: [{ id: 'work', type: 'worker', task: `${prefix}_work`, input: { id: '${item.id}' } }],
          collect: '${work.receipt}',
        },
        {
          id: 'both',
          type: 'parallel',
          branches: [
            [{ id: 'sum', type: 'script', code: '${each.results}.length * ${fetch.body.factor}' }],
            [
              {
                id: 'tool',
                type: 'mcp_tool',
                server: 'http://127.0.0.1:9/mcp',
                tool: 'notify',
                arguments: { n: '${input.who}' },
              },
            ],
          ],
        },
      ],
      input: { who: 'Ann' },
    });
    expect(structured).toMatchObject({ status: 'RUNNING' });
    expect(text).toContain(`No worker has polled ${prefix}_work yet`);
    expect(text).toContain(`${prefix}_work`);
    await expect(conductor.getTaskDef('http_30s_1_retries')).resolves.toMatchObject({
      timeoutSeconds: 30,
      timeoutPolicy: 'RETRY',
    });
    const execution = await conductor.getExecution(String(structured.executionId));
    expect(execution.tasks.map(({ referenceTaskName, status }) => `${referenceTaskName} ${status}`)).toEqual([
      'ask IN_PROGRESS',
    ]);
    await conductor.terminate(execution.workflowId, 'end of test');
  });

  test('nothing is registered after a failed dry run; with an example as the answer, the dry run passes', async () => {
    const name = `${prefix}_dry`;
    const fetch = { id: 'fetch', type: 'http', url: 'http://127.0.0.1:9/x' };
    const steps = [
      fetch,
      { id: 'broken', type: 'script', code: 'const rows = ${fetch.body}.rows; return rows.flat().length;' },
    ];
    const text = await refused('design_and_execute_workflow', { name, steps });
    expect(text).toContain('Nothing was registered, because step "broken" failed in the dry run');
    expect(text).toContain('give it as "example" of that step');
    expect(await conductor.listWorkflowNames()).not.toContain(name);
    const told = [{ ...fetch, example: { rows: [[1], [2]] } }, steps[1]];
    const { structured } = await ok('design_and_execute_workflow', { name, steps: told, execute: false });
    expect(structured).toEqual({ name, version: 1 });
  });

  test('without steps and without a model, the error contains the format and an example that works', async () => {
    const name = `${prefix}_words`;
    const text = await refused('design_and_execute_workflow', {
      name,
      description: 'Sum up prices and tell whether they are large.',
    });
    expect(text).toMatch(/^Error \(input\)/);
    const [next] = callsIn(text.split('\nNext: ')[1] ?? '');
    expect(next).toMatchObject({ tool: 'design_and_execute_workflow', args: { name } });
    const { structured } = await ok(next?.tool ?? '', next?.args ?? {});
    expect(structured).toMatchObject({ name, version: 1 });
    // The name is registered now, so a second call with it must be refused.
    const conflict = await refused(next?.tool ?? '', next?.args ?? {});
    expect(conflict).toMatch(/^Error \(conflict\)/);
    const [again] = callsIn(conflict.split('\nNext: ')[1] ?? '');
    await ok(again?.tool ?? '', { ...again?.args });
  });

  test('a call without an input that the steps read is refused, and nothing is stored', async () => {
    const name = `${prefix}_input`;
    const text = await refused('design_and_execute_workflow', { name, steps: EXAMPLE_STEPS });
    expect(text).toContain('the input lacks prices, which steps read.');
    expect(await conductor.listWorkflowNames()).not.toContain(name);
  });
});

describe('definitions in Conductor JSON', () => {
  const call = {
    name: 'call',
    taskReferenceName: 'call',
    type: 'http',
    inputParameters: { http_request: { uri: 'http://x', method: 'GET' } },
  };

  test('create_workflow refuses a definition with lint errors; its suggested call repairs and registers the definition', async () => {
    const name = `${prefix}_lint`;
    const definition = { name, version: 1, schemaVersion: 2, tasks: [call] };
    const checked = await ok('validate_workflow', { definition });
    expect(checked.structured).toMatchObject({ valid: false, errors: 1, fixable: 1 });
    expect(checked.text).toContain('"http" must be written HTTP');

    const text = await refused('create_workflow', { name, tasks: [call] });
    expect(text).toContain('error | /tasks/0/type | "http" must be written HTTP');
    const [fixed] = callsIn(text.split('\nNext: ')[1] ?? '');
    expect(fixed?.args).toMatchObject({ fix: true });
    const { structured } = await ok(fixed?.tool ?? '', fixed?.args ?? {});
    expect(structured).toMatchObject({ name, version: 1, warnings: 1 }); // it warns that the task stays open for ever after a crash, because it has no task definition
    expect((await ok('validate_workflow', { name })).structured).toMatchObject({ valid: true, warnings: 1 });
  });

  test('diff_workflow says whether a version can be replaced safely; delete_workflow refuses a version that runs', async () => {
    const name = `${prefix}_diff`;
    const ask = { name: 'ask', taskReferenceName: 'ask', type: 'HUMAN' };
    const note = { name: 'note', taskReferenceName: 'note', type: 'NOOP' };
    await ok('create_workflow', { name, tasks: [ask, note], settings: { inputTemplate: { a: 1 } } });
    await ok('create_workflow', { name, version: 2, tasks: [ask], settings: { inputTemplate: { a: 2 } } });
    const compared = await ok('diff_workflow', { name });
    expect(compared.structured).toMatchObject({
      from: 'version 1',
      to: 'version 2',
      changes: ['~ inputTemplate.a: 1 → 2', '- tasks.note: {"name":"note","taskReferenceName":"note","type":"NOOP"}'],
      safe: false,
      breaks: ['task note was removed'],
    });
    const same = await ok('diff_workflow', { name, definition: { name, tasks: [ask], inputTemplate: { a: 2 } } });
    expect(same.structured).toMatchObject({ total: 0, safe: true });

    const executionId = await conductor.startWorkflow({ name, version: 2, input: {} });
    const text = await refused('delete_workflow', { name, version: 2 });
    expect(text).toContain('was not deleted: 1 execution of it is running');
    await conductor.terminate(executionId, 'end of test');
    await expect.poll(async () => (await client.call('delete_workflow', { name, version: 2 })).isError).toBe(false);
    expect((await ok('delete_workflow', { name, version: 1 })).structured).toMatchObject({ versionsLeft: [] });
    expect(await refused('delete_workflow', { name, version: 1 })).toMatch(/^Error \(not-found\)/);
  });

  test('the tools for task definitions create, overwrite and read them', async () => {
    const name = `${prefix}_task`;
    expect((await ok('create_task_definition', { name, timeoutSeconds: 20 })).structured).toEqual({
      name,
      created: true,
    });
    const text = await refused('create_task_definition', { name, retryCount: 1 });
    const replace = callsIn(text).find(({ args }) => args.overwrite === true);
    expect((await ok(replace?.tool ?? '', replace?.args ?? {})).structured).toEqual({ name, created: false });
    expect((await ok('get_task_definition', { name })).structured).toMatchObject({
      definition: { name, retryCount: 1, responseTimeoutSeconds: 60, timeoutPolicy: 'RETRY' },
    });
    expect((await ok('get_task_definition', { contains: `${prefix}_ta` })).structured).toMatchObject({ total: 1 });
    expect(await refused('get_task_definition', { name: `${name}s` })).toContain(
      `get_task_definition {"name":"${name}"}`,
    );
  });

  test.each(['resilient_http', 'compensation', 'ai_agent'])(
    'the calls in the answer of get_workflow_template register the template %s',
    async (template) => {
      const { text, structured } = await ok('get_workflow_template', { name: template });
      const { definitions } = structured as { definitions: { name: string }[] };
      expect(definitions.length).toBeGreaterThan(0);
      // The names are made unique, because other tests use the same server.
      const registering = callsIn(text).filter(({ tool }) => tool.startsWith('create_'));
      const names = registering.map(({ args }) => String(args.name));
      for (const { tool, args } of registering) {
        const json = names.reduce(
          (all, name) => all.replaceAll(`"${name}"`, `"${prefix}_${template}_${name}"`),
          JSON.stringify(args),
        );
        await ok(tool, JSON.parse(json) as Record<string, unknown>);
      }
    },
  );
});
