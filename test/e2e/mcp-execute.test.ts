import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { WorkflowDef } from '../../core/conductor/types.ts';
import { connect, type McpClient } from '../support/mcp-clients.ts';
import { stdioTarget } from '../support/mcp-process.ts';
import { realConductor, unique } from '../support/product.ts';

const conductor = realConductor();
const name = unique('once').replace('-', '_');

const def = (tasks: WorkflowDef['tasks'], suffix: string): WorkflowDef => ({
  name: `${name}_${suffix}`,
  version: 1,
  schemaVersion: 2,
  tasks,
});
const ends = def([{ name: 'n', taskReferenceName: 'n', type: 'NOOP' }], 'ends');
const fails = def(
  [
    {
      name: 'f',
      taskReferenceName: 'f',
      type: 'TERMINATE',
      inputParameters: { terminationStatus: 'FAILED', terminationReason: 'on purpose' },
    },
  ],
  'fails',
);

const worked = def(
  [
    {
      name: `${name}_nobody`,
      taskReferenceName: 'w',
      type: 'SIMPLE',
      inputParameters: { text: '${workflow.input.text}' },
    },
  ],
  'worked',
);

let clients: McpClient[];

beforeAll(async () => {
  const env = { CONDUCTOR_SERVER_URL: inject('conductorServerUrl') };
  for (const one of [ends, fails, worked]) await conductor.putWorkflowDef(one);
  clients = await Promise.all([connect('2025-11-25', stdioTarget(env)), connect('2026-07-28', stdioTarget(env))]);
});
afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()));
  conductor.close();
});

async function start(client: McpClient, args: Record<string, unknown>): Promise<{ id: string; isNew: boolean }> {
  const { isError, text, structured } = await client.call('execute_workflow', args);
  expect(isError, text).toBe(false);
  return { id: String(structured.executionId), isNew: structured.isNew === true };
}

describe('a start that does not wait', () => {
  test('execute_workflow returns the status that the execution has on the server', async () => {
    const [client] = clients as [McpClient];
    const { structured } = await client.call('execute_workflow', { name: worked.name, input: { text: 'x' } });
    const { status, workflowVersion: version, tasks } = await conductor.getExecution(String(structured.executionId));
    expect(structured).toMatchObject({ status, version, isNew: true });
    expect(tasks.map((task) => task.status)).toEqual(['SCHEDULED']);
    await conductor.terminate(String(structured.executionId), 'seen');
  });

  test('execute_workflow reports an execution that has failed at once', async () => {
    const [client] = clients as [McpClient];
    const { structured } = await client.call('execute_workflow', { name: fails.name });
    expect(structured).toMatchObject({ status: 'FAILED', error: { reason: 'on purpose' } });
  });
});

describe('a key that two processes use', () => {
  test('20 simultaneous starts with one key, ten through each process, make one execution', async () => {
    const args = { name: ends.name, idempotencyKey: 'order-{orderId}', input: { orderId: 7 } };
    const starts = clients.flatMap((client) => Array.from({ length: 10 }, () => start(client, args)));
    const started = await Promise.all(starts);
    expect(new Set(started.map(({ id }) => id)).size).toBe(1);
    expect(started.filter(({ isNew }) => isNew)).toHaveLength(1);
    expect(await conductor.correlatedExecutions(ends.name, 'order-7')).toHaveLength(1);
  });

  test('a process that was started later finds the execution of a key', async () => {
    const [first] = clients;
    const args = { name: ends.name, idempotencyKey: 'later' };
    const { id } = await start(first as McpClient, args);
    const later = await connect('2025-11-25', stdioTarget({ CONDUCTOR_SERVER_URL: inject('conductorServerUrl') }));
    expect(await start(later, args)).toEqual({ id, isNew: false });
    await later.close();
  });

  test('a start leaves no lock behind', async () => {
    const locks = async () =>
      (await conductor.listWorkflowNames()).filter((one) => one.startsWith('fleet_start_lock_'));
    await expect.poll(locks, { timeout: 10_000 }).toEqual([]); // polled, because another test may hold a lock for a moment
  });
});

describe('if the execution of a key has failed', () => {
  test('a start finds the failed execution; rerun_if_failed starts a new one, which then owns the key', async () => {
    const [client] = clients as [McpClient];
    const args = { name: fails.name, idempotencyKey: 'k' };
    const first = await start(client, args);
    expect(await start(client, args)).toEqual({ id: first.id, isNew: false });
    const second = await start(client, { ...args, onExisting: 'rerun_if_failed' });
    expect(second.isNew).toBe(true);
    expect(await start(client, args)).toEqual({ id: second.id, isNew: false });
    const third = await start(client, { ...args, onExisting: 'force' });
    expect(new Set([first.id, second.id, third.id]).size).toBe(3);
  });

  test('rerun_if_failed does not start a completed execution again', async () => {
    const [client] = clients as [McpClient];
    const args = { name: ends.name, idempotencyKey: 'done', onExisting: 'rerun_if_failed' };
    const { id } = await start(client, args);
    expect(await start(client, args)).toEqual({ id, isNew: false });
  });
});

test('S2: the server keeps who started an execution, also in a sub-workflow, and after a restart and a rerun', async () => {
  const own = await connect(
    '2026-07-28',
    stdioTarget({ CONDUCTOR_SERVER_URL: inject('conductorServerUrl'), MCP_TOOLSETS: 'all' }),
  );
  const ask = async (tool: string, args: Record<string, unknown>, isError = false) => {
    const answer = await own.call(tool, args);
    expect(answer.isError, answer.text).toBe(isError);
    return answer;
  };
  const [order, parent] = [`${name}_order`, `${name}_parent`];
  const human = {
    name: 'decide',
    taskReferenceName: 'decide',
    type: 'HUMAN',
    inputParameters: { what: '${workflow.input.what}' },
  };
  await conductor.putWorkflowDef({ name: order, version: 1, schemaVersion: 2, tasks: [human] });
  const sub = {
    name: 'sub',
    taskReferenceName: 'sub',
    type: 'SUB_WORKFLOW',
    subWorkflowParam: { name: order, version: 1 },
  };
  await conductor.putWorkflowDef({
    name: parent,
    version: 1,
    schemaVersion: 2,
    tasks: [{ ...sub, inputParameters: {} }],
  });
  const starterOf = async (id: string) => (await conductor.getExecution(id)).taskToDomain;
  const local = { 'fleet:started-by': 'local' };
  const forged = { taskToDomain: { 'fleet:started-by': 'ann' }, createdBy: 'ann', 'fleet:started-by': 'ann' };

  const { structured } = await ask('execute_workflow', { name: order, input: { what: 'desk', ...forged } });
  const id = String(structured.executionId);
  expect(await starterOf(id)).toEqual(local);
  const raw = await ask('invoke_api', {
    operation: 'startWorkflow',
    body: { name: order, input: {}, ...forged, 'fleet:started-by': undefined },
  });
  expect(await starterOf(String(raw.structured.answer))).toEqual(local);
  await conductor.terminate(id, 'test');
  await conductor.restart(id);
  expect(await starterOf(id)).toEqual(local);
  await conductor.terminate(id, 'test');
  await ask('rerun_workflow', { executionId: id, workflowInput: { what: 'lamp' } });
  const waits = async (execution: string) => (await conductor.getExecution(execution)).tasks[0]?.status;
  await expect.poll(() => waits(id)).toBe('IN_PROGRESS');
  expect(await conductor.getExecution(id)).toMatchObject({ taskToDomain: local, input: { what: 'lamp' } });

  const args = { executionId: id, taskRef: 'decide', decision: 'approve', reason: 'mine' };
  const text = (await ask('decide_approval', args, true)).text;
  expect(text).toMatch(/^Error \(conflict\): You started this execution yourself/);
  const [, confirm] = /"confirm":"([^"]+)"/.exec(text) ?? [];
  await ask('decide_approval', { ...args, confirm });
  const [task] = (await conductor.getExecution(id)).tasks;
  expect(task?.outputData.approvalRecord).toMatchObject({ startedBy: 'local', decidedByStarter: true });

  const outer = await ask('execute_workflow', { name: parent });
  const subId = async () =>
    (await conductor.getExecution(String(outer.structured.executionId))).tasks[0]?.subWorkflowId;
  await expect.poll(subId, { timeout: 20_000 }).toBeTruthy();
  const inner = { ...args, executionId: String(await subId()) };
  await expect.poll(() => waits(inner.executionId)).toBe('IN_PROGRESS');
  expect((await ask('decide_approval', inner, true)).text).toMatch(/You started this execution yourself/);
  await conductor.terminate(String(outer.structured.executionId), 'end of test');
  await own.close();
});
