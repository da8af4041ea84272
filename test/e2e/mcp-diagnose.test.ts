import { randomUUID } from 'node:crypto';
import { encode } from 'gpt-tokenizer';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { hasEnded, type WorkflowDef } from '../../core/conductor/types.ts';
import { connect, type McpClient } from '../support/mcp-clients.ts';
import { stdioTarget } from '../support/mcp-process.ts';
import { orderFault, realConductor } from '../support/product.ts';
import { endedTroubles } from '../support/troubles/ended-troubles.ts';
import { expected, type TroubleName } from '../support/troubles/expected.ts';
import { openTroubles } from '../support/troubles/open-troubles.ts';
import { http, stage, type Trouble, task } from '../support/troubles/scene.ts';

const conductor = realConductor();
const shopUrl = inject('shopUrl');
const troubles: Record<TroubleName, Trouble> = { ...endedTroubles, ...openTroubles };
const names = Object.keys(troubles) as TroubleName[]; // cast: Object.keys returns plain strings

/** Causes that the diagnosis may name instead if the server is busy. */
const ALSO: Partial<Record<TroubleName, readonly string[]>> = {
  scriptThrows: ['timeout'],
  scriptOfNothing: ['timeout'],
  switchBroken: ['timeout'],
  conditionBroken: ['timeout'],
  slowCall: ['none'],
  workflowTimeout: ['timeout'],
};

let client: McpClient;
/** The id of each trouble's execution. All troubles are staged at once, while the client connects. */
const staged = new Map<TroubleName, Promise<string>>();

beforeAll(async () => {
  for (const name of names) {
    const staging = stage(conductor, troubles[name], { prefix: 'und', shopUrl });
    staging.catch(() => undefined); // the test of this trouble awaits the promise and reports its error
    staged.set(name, staging);
  }
  client = await connect(
    '2026-07-28',
    stdioTarget({
      CONDUCTOR_SERVER_URL: inject('conductorServerUrl'),
      MCP_TOOLSETS: 'all',
      RATE_LIMIT_RPM: '100000',
    }),
  );
});

afterAll(async () => {
  await client.close();
  const ids = await Promise.allSettled(staged.values());
  for (const id of ids) {
    if (id.status !== 'fulfilled' || hasEnded((await conductor.getStatus(id.value)).status)) continue;
    await conductor.terminate(id.value, 'end of test');
  }
  conductor.close();
});

/** Calls a tool. If the tool reports an error, the test fails with the tool's message. */
async function ok(name: string, args: Record<string, unknown>) {
  const answer = await client.call(name, args);
  expect(answer.isError, answer.text).toBe(false);
  return answer;
}

const diagnose = (executionId: string) => ok('diagnose_execution', { executionId });

/** Returns the arguments of each suggested call of this tool in a text. */
function callsIn(text: string, tool: string): Record<string, unknown>[] {
  return [...text.matchAll(new RegExp(`\\b${tool} (\\{.*\\})$`, 'gm'))].map(([, json = '']) => JSON.parse(json));
}

const uniqueName = () => `und_${randomUUID().slice(0, 8)}`;

async function start(def: Pick<WorkflowDef, 'name' | 'tasks'> & Partial<WorkflowDef>): Promise<string> {
  await conductor.putWorkflowDef({ version: 1, schemaVersion: 2, ...def });
  return conductor.startWorkflow({ name: def.name, input: {} });
}

describe.concurrent('the root cause', () => {
  test.each(names)('of %s', async (name) => {
    const { text, structured } = await diagnose((await staged.get(name)) ?? '');
    const [cause, , ...calls] = expected[name];
    expect([cause, ...(ALSO[name] ?? [])], text).toContain(structured.cause);
    if (structured.cause === cause) for (const call of calls) expect(text).toContain(`${call} {"`);
    expect(encode(text).length).toBeLessThan(600);
  });
});

describe.concurrent('a recovery', () => {
  test('recovery from a missing input takes two calls and few tokens', async () => {
    const name = uniqueName();
    const id = await start({ name, tasks: [http('look_up', '${workflow.input.url}')], inputParameters: ['url'] });
    await conductor.waitForEnd(id);
    const found = await diagnose(id);
    const [call] = callsIn(found.text, 'execute_workflow');
    const input = { url: `${shopUrl}/echo/status/200` };
    const again = await ok('execute_workflow', { ...call, input, waitSeconds: 30 });
    expect(again.structured.status).toBe('COMPLETED');
    expect(encode(found.text + JSON.stringify(call) + again.text).length).toBeLessThan(2500);
  });

  test('the suggested retry continues a failed sub-workflow from its failed task, and then its parent', async () => {
    const name = uniqueName();
    await orderFault({ path: `/flaky/${name}`, status: 500, times: 1 });
    const inner = [task('before', 'NOOP'), http('flaky', `${shopUrl}/flaky/${name}`)];
    await conductor.putWorkflowDef({ name: `${name}_inner`, version: 1, schemaVersion: 2, tasks: inner });
    const subWorkflowParam = { name: `${name}_inner`, version: 1 };
    const id = await start({ name, tasks: [task('inner', 'SUB_WORKFLOW', { subWorkflowParam })] });
    await conductor.waitForEnd(id);
    const { text, structured } = await diagnose(id);
    expect(structured).toMatchObject({ cause: 'upstream', taskRef: 'flaky' });
    const [call] = callsIn(text, 'retry_workflow');
    expect(call?.executionIds).toEqual([structured.rootExecutionId]);
    await ok('retry_workflow', call ?? {});
    expect((await conductor.waitForEnd(id)).status).toBe('COMPLETED');
  });

  test('the diagnosis of a sub-workflow that was terminated with its parent names the parent', async () => {
    const parent = await stage(conductor, openTroubles.childWaits, { prefix: 'und', shopUrl });
    const { structured } = await diagnose(parent);
    await conductor.terminate(parent, 'not needed');
    const child = String(structured.rootExecutionId);
    await conductor.waitForEnd(child);
    const found = await diagnose(child);
    expect(found.structured).toMatchObject({ cause: 'terminated', rootExecutionId: parent });
    expect(found.text).toContain('Where: ended with its parent');
  });
});

describe.concurrent('many executions', () => {
  test('diagnose_execution shows executions that failed for the same reason as one group', async ({ expect }) => {
    const name = uniqueName();
    const def = { name, tasks: [http('look_up', `${shopUrl}/echo/status/404`)] };
    const ids = [await start(def), await start(def), await start(def)];
    await Promise.all(ids.map((id) => conductor.waitForEnd(id)));
    await expect
      .poll(async () => (await ok('diagnose_execution', { workflowName: name })).structured, { timeout: 20_000 })
      .toMatchObject({ total: 3, groups: [{ count: 3, cause: 'upstream', taskRef: 'look_up' }] });
  });

  test('analyze_workflow_performance shows where the executions of a workflow spend their time', async ({ expect }) => {
    const name = uniqueName();
    const def = { name, tasks: [task('quick', 'NOOP'), task('slow', 'WAIT', { inputParameters: { duration: '1s' } })] };
    const ids = [await start(def), await start(def)];
    await Promise.all(ids.map((id) => conductor.waitForEnd(id)));
    await expect
      .poll(async () => (await ok('analyze_workflow_performance', { workflowName: name })).structured, {
        timeout: 20_000,
      })
      .toMatchObject({
        executions: 2,
        successRate: 1,
        tasks: expect.arrayContaining([expect.objectContaining({ ref: 'slow' })]),
      });
    const two = await ok('analyze_workflow_performance', { executionIds: ids });
    expect(two.text).toMatch(/^slow \| WAIT \| COMPLETED .* \| COMPLETED /m);
  });

  test('list_workflows finds a workflow by its purpose, and get_workflow shows it as a tree', async () => {
    const name = uniqueName();
    await start({ name, description: `Looks after ${name}s`, tasks: [task('quick', 'NOOP')] });
    const found = await ok('list_workflows', { search: `looks ${name}` });
    expect(found.structured).toMatchObject({ total: 1, rows: [[name, [1], `Looks after ${name}s`, []]] });
    const { text } = await ok('get_workflow', { name });
    expect(text).toContain('└─ quick');
    expect(text).toContain('Open executions: 0.');
  });
});
