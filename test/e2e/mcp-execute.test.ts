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
