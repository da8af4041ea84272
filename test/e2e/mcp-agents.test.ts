import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import { claimIdOf } from '../../mcp/agents/claims.ts';
import { sealOf, stateKeyOf } from '../../mcp/signing/state-key.ts';
import { connect, type McpClient } from '../support/mcp-clients.ts';
import { type HttpProcess, startHttpProcess, stdioTarget } from '../support/mcp-process.ts';
import { realConductor } from '../support/product.ts';

const key = randomUUID();
const env = {
  CONDUCTOR_SERVER_URL: inject('conductorServerUrl'),
  RATE_LIMIT_RPM: '100000',
  MCP_TOOLSETS: 'agents',
  MCP_STATE_KEY: key,
};
const seal = sealOf(stateKeyOf(key), { id: 'local' });
const prefix = `rst_${randomUUID().replaceAll('-', '').slice(0, 8)}`;
const review = `${prefix}_review`;
const short = `${prefix}_short`;
const conductor = realConductor();
let here: McpClient;
let there: McpClient;
let processes: HttpProcess[];

beforeAll(async () => {
  const def = { retryCount: 1, retryDelaySeconds: 0, timeoutSeconds: 0, ownerEmail: 'a@example.com' };
  const outputSchema = {
    name: review,
    version: 1,
    type: 'JSON',
    data: { type: 'object', properties: { verdict: { type: 'string' } }, required: ['verdict'] },
  };
  await conductor.putTaskDefs([
    { ...def, name: review, description: 'Read the text and judge it.', responseTimeoutSeconds: 600, outputSchema },
    { ...def, name: short, responseTimeoutSeconds: 2 },
  ]);
  for (const name of [review, short]) {
    const task = {
      name,
      taskReferenceName: 'only',
      type: 'SIMPLE',
      inputParameters: { text: '${workflow.input.text}' },
    };
    await conductor.putWorkflowDef({ name, version: 1, schemaVersion: 2, tasks: [task] });
  }
  processes = await Promise.all([startHttpProcess(env), startHttpProcess(env)]);
  const clients = await Promise.all(processes.map(({ url }) => connect('2026-07-28', { url })));
  [here, there] = clients as [McpClient, McpClient];
});
afterAll(async () => {
  await Promise.all([here.close(), there.close()]);
  await Promise.all(processes.map((one) => one.stop()));
});

const start = (name: string) => conductor.startWorkflow({ name, input: { text: 'to be read' } });
const taskOf = (claimId: unknown) => conductor.getTask(String(claimId).split(':')[0] ?? '');
const claim = async (client: McpClient, type: string, agent = 'ann') => {
  const { text, structured } = await client.call('claim_task', { taskTypes: [type], agent, waitSeconds: 20 });
  expect(structured.claimed, text).toBe(true);
  return { text, structured, claimId: structured.claimId as string };
};

describe('an agent as a worker', () => {
  test('S2: a caller whom a rule limits finds and counts only what the rule allows', async () => {
    const [mine, other] = [await start(review), await start(short)];
    const MCP_RULES = JSON.stringify([{ permissions: ['executions:read'], workflows: [`${prefix}_rev*`] }]);
    const limited = await startHttpProcess({ ...env, MCP_TOOLSETS: 'executions', MCP_RULES });
    processes.push(limited);
    const client = await connect('2026-07-28', { url: limited.url });
    const found = await vi.waitFor(async () => {
      const { text } = await client.call('list_workflow_executions', { limit: 50 });
      expect(text).toContain(mine);
      return text;
    }, 20_000);
    expect(found).not.toContain(other);
    expect((await client.call('get_execution_status', { executionId: other })).text).toContain('not in your reach');
    expect((await client.call('get_execution_status', { executionId: mine })).isError).toBe(false);
    await client.close();
    for (const id of [mine, other]) await conductor.terminate(id, 'the test is over');
  });

  test('S3: an agent of a team takes tasks of its own workflows, and leaves the others in their queue', async () => {
    const executionId = await start(review);
    const others = await startHttpProcess({ ...env, MCP_ROLE: 'operator', MCP_TEAM: 'billing' });
    const own = await startHttpProcess({ ...env, MCP_ROLE: 'operator', MCP_TEAM: prefix.split('_')[0] ?? '' });
    processes.push(others, own);
    const [stranger, member] = await Promise.all([others, own].map(({ url }) => connect('2026-07-28', { url })));
    if (!stranger || !member) throw new Error('A client is missing.');
    const asked = await stranger.call('claim_task', { taskTypes: [review], waitSeconds: 2 });
    expect(asked.structured).toEqual({ claimed: false });
    const { structured, claimId } = await claim(member, review);
    expect(structured).toMatchObject({ executionId });
    const refused = await stranger.call('update_task', {
      executionId,
      taskRef: 'only',
      status: 'complete',
      output: { verdict: 'bad' },
    });
    expect(refused.text).toContain('Error (denied): The workflow');
    await member.call('update_task', { claimId, status: 'complete', output: { verdict: 'good' } });
    expect(await conductor.waitForEnd(executionId)).toMatchObject({ status: 'COMPLETED', output: { verdict: 'good' } });
    await Promise.all([stranger.close(), member.close()]);
  });

  test('an agent claims a task through one MCP process and completes it through another', async () => {
    const executionId = await start(review);
    const { text, structured, claimId } = await claim(here, review);
    expect(structured).toMatchObject({ executionId, input: { text: 'to be read' }, attempt: 1 });
    expect(text).toContain('"Read the text and judge it."');
    expect((await taskOf(claimId)).workerId).toBe('mcp:ann');

    const unfit = await there.call('update_task', { claimId, status: 'complete', output: { verdict: 7 } });
    expect(unfit.text).toMatch(/^Error \(input\): The output does not match the schema of/);

    const progress = await there.call('update_task', { claimId, status: 'progress', message: 'half way' });
    expect(progress.text).toContain('still yours');
    expect((await conductor.taskLogs((await taskOf(claimId)).taskId)).map(({ log }) => log)).toContain('half way');

    const done = await there.call('update_task', { claimId, status: 'complete', output: { verdict: 'good' } });
    expect(done.structured).toMatchObject({ status: 'COMPLETED', executionId });
    expect(await conductor.waitForEnd(executionId)).toMatchObject({ status: 'COMPLETED', output: { verdict: 'good' } });

    const late = await here.call('update_task', { claimId, status: 'complete', output: { verdict: 'bad' } });
    expect(late.text).toMatch(/^Error \(conflict\): The lease was lost/);
  });

  test('an agent that hands its task back loses its claim once another agent has claimed the task', async () => {
    const executionId = await start(review);
    const first = await claim(here, review);
    const back = await here.call('update_task', { claimId: first.claimId, status: 'release' });
    expect(back.structured.status).toBe('SCHEDULED');
    const second = await claim(there, review, 'bob');
    expect(second.claimId).not.toBe(first.claimId);
    const stale = await here.call('update_task', {
      claimId: first.claimId,
      status: 'complete',
      output: { verdict: 'x' },
    });
    expect(stale.text).toMatch(/^Error \(conflict\): The lease was lost: another worker has the task/);

    const failed = await there.call('update_task', {
      claimId: second.claimId,
      status: 'fail',
      reason: 'unreadable',
      retryable: false,
    });
    expect(failed.structured.status).toBe('FAILED_WITH_TERMINAL_ERROR');
    expect(await conductor.waitForEnd(executionId)).toMatchObject({ status: 'FAILED' });
  });

  test('an agent cannot answer a task that another worker has polled', async () => {
    await start(review);
    const [task] = await conductor.pollTasks(review, { count: 1, timeoutMs: 5000, workerId: 'somebody' });
    if (!task) throw new Error('nothing was handed out');
    const answer = await here.call('update_task', {
      claimId: claimIdOf(task, seal),
      status: 'complete',
      output: { verdict: 'x' },
    });
    expect(answer.text).toMatch(/^Error \(conflict\)/);
    expect((await conductor.getTask(task.taskId)).status).toBe('IN_PROGRESS');
  });

  test('an agent gets an error if it polls for a type without a task definition', async () => {
    const answer = await here.call('claim_task', { taskTypes: [`${review}er`] });
    expect(answer.text).toMatch(/^Error \(not-found\): No task definition is named/);
    expect(answer.text).toContain(`claim_task {"taskTypes":["${review}"]}`);
  });

  test("the MCP process keeps an agent's task beyond its lease, and hands it back when the process ends", async () => {
    const own = await connect('2025-11-25', stdioTarget(env));
    const executionId = await start(short);
    const { claimId } = await claim(own, short);
    const task = await vi.waitFor(
      async () => {
        const found = await taskOf(claimId);
        expect(found.updateTime - found.startTime).toBeGreaterThan(3000);
        return found;
      },
      { timeout: 30_000, interval: 200 },
    );
    expect(task).toMatchObject({ status: 'IN_PROGRESS', workerId: 'mcp:ann' });
    await own.close();
    await vi.waitFor(async () => expect((await taskOf(claimId)).status).toBe('SCHEDULED'), {
      timeout: 20_000,
      interval: 200,
    });
    const again = await claim(here, short, 'bob');
    expect(again.structured.executionId).toBe(executionId);
    await here.call('update_task', { claimId: again.claimId, status: 'complete', output: {} });
    expect(await conductor.waitForEnd(executionId)).toMatchObject({ status: 'COMPLETED' });
  });
});
