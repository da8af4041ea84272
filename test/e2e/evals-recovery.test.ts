import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { WorkflowDef } from '../../core/conductor/types.ts';
import { recover } from '../evals/recovery.ts';
import { connect, type McpClient } from '../support/mcp-clients.ts';
import { stdioTarget } from '../support/mcp-process.ts';
import { uniqueName } from '../support/probe.ts';
import { realConductor } from '../support/product.ts';

const MOST_STEPS = 3;
const env = { CONDUCTOR_SERVER_URL: inject('conductorServerUrl'), RATE_LIMIT_RPM: '100000', MCP_TOOLSETS: 'all' };
const conductor = realConductor();
const name = uniqueName('evl_sum');
let client: McpClient;
let tools: string[];
let ended: string;

beforeAll(async () => {
  const add = { evaluatorType: 'graaljs', expression: '$.a + 1', a: '${workflow.input.a}' };
  const tasks = [{ name: 'add_one', taskReferenceName: 'add_one', type: 'INLINE', inputParameters: add }];
  const def = { name, version: 1, schemaVersion: 2, ownerEmail: 'evals@example.com', tasks, inputParameters: ['a'] };
  await conductor.putWorkflowDef(def as unknown as WorkflowDef); // cast: plain JSON, which the server checks
  ended = await conductor.startWorkflow({ name, input: { a: 1 } });
  await conductor.waitForEnd(ended);
  client = await connect('2025-11-25', stdioTarget(env));
  tools = await client.toolNames();
});
afterAll(() => client.close());

const unknownId = randomUUID();

/** Wrong calls, each with its expected error code. They are functions, because their arguments come from the running server. */
const mistakes: Record<string, () => [tool: string, args: Record<string, unknown>, code: string]> = {
  'the start of a workflow by a part of its name': () => [
    'execute_workflow',
    { name: name.slice(0, -2), input: { a: 1 } },
    'not-found',
  ],
  'the start of a version that does not exist': () => ['execute_workflow', { name, version: 99 }, 'not-found'],
  'a misspelt parameter': () => ['execute_workflow', { nam: name, input: { a: 1 } }, 'input'],
  'too long a wait': () => ['execute_workflow', { name, input: { a: 1 }, waitSeconds: 600 }, 'input'],
  'no id': () => ['get_execution_status', {}, 'input'],
  'an id that is a path': () => ['get_execution_status', { executionId: '../metadata' }, 'input'],
  'the status of an unknown execution': () => ['get_execution_status', { executionId: unknownId }, 'not-found'],
  'an unknown value of detail': () => ['get_execution_status', { executionId: ended, detail: 'everything' }, 'input'],
  'an unknown task of an execution': () => [
    'get_execution_status',
    { executionId: ended, taskRef: 'add_on' },
    'not-found',
  ],
  'the diagnosis of an unknown execution': () => ['diagnose_execution', { executionId: unknownId }, 'not-found'],
  'too many rows': () => ['list_workflow_executions', { workflowName: name, limit: 5000 }, 'input'],
  'an unknown cursor': () => ['list_workflow_executions', { cursor: 'next' }, 'input'],
  'a definition by a part of its name': () => ['get_workflow', { name: name.slice(0, -2) }, 'not-found'],
  'the performance of a workflow by a part of its name': () => [
    'analyze_workflow_performance',
    { workflowName: name.slice(0, -2) },
    'not-found',
  ],
  'an unknown task definition': () => ['get_task_definition', { name: `${name}_nope` }, 'not-found'],
  'a pause of an unknown execution': () => ['pause_workflow', { executionIds: [unknownId] }, 'not-found'],
  'a retry of an unknown execution': () => ['retry_workflow', { executionIds: [unknownId] }, 'not-found'],
};

/** Calls in another form than the schema's. Their meaning is plain, so they succeed at once. */
const plain: Record<string, () => [tool: string, args: Record<string, unknown>]> = {
  'an input as a text': () => ['execute_workflow', { name, input: '{"a":1}' }],
  'a page as a text': () => ['get_execution_status', { executionId: ended, page: '1' }],
  'a status in lower-case letters': () => ['list_workflow_executions', { workflowName: name, status: 'completed' }],
  'a list of statuses as a text': () => ['list_workflow_executions', { workflowName: name, status: '["COMPLETED"]' }],
  'null for an optional parameter': () => ['get_execution_status', { executionId: ended, taskRef: null, page: null }],
};

test.each(Object.entries(plain))('M7: %s needs no second call', async (_what, make) => {
  const { text, isError } = await client.call(...make());
  expect(isError, text).toBe(false);
});

describe('an agent succeeds if it follows the advice of an error literally', () => {
  test.each(Object.entries(mistakes))('after %s', async (_what, make) => {
    const [tool, args, code] = make();
    const { calls, recovered } = await recover(client, { tool, args }, { tools, most: MOST_STEPS });
    const told = calls.map((call) => `${call.tool} ${JSON.stringify(call.args)}\n${call.text}`).join('\n\n');
    expect(calls[0]?.text, told).toContain(`Error (${code})`);
    expect(calls.length, told).toBeGreaterThan(1);
    expect(recovered, told).toBe(true);
    expect(calls.slice(1).filter((call) => call.isError && call.text.includes('Error (input)'))).toEqual([]);
  });
});
