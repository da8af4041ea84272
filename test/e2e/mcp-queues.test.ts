import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import getQueueStatus from '../../mcp/tools/get-queue-status.ts';
import { realConductor } from '../support/product.ts';
import { callTool } from '../support/tool-calls.ts';

const prefix = `rst_${randomUUID().replaceAll('-', '').slice(0, 8)}`;
const conductor = realConductor();
const alone = `${prefix}_alone`;
const limited = `${prefix}_limited`;

const look = async (taskType: string) => {
  const { text, structured } = await callTool(inject('conductorServerUrl'), getQueueStatus, { taskType });
  return { text, queues: structured.queues as Record<string, unknown>[] };
};

beforeAll(async () => {
  await conductor.putTaskDefs([
    { name: alone, retryCount: 0, responseTimeoutSeconds: 600, timeoutSeconds: 0, ownerEmail: 'a@example.com' },
    {
      name: limited,
      retryCount: 0,
      responseTimeoutSeconds: 600,
      timeoutSeconds: 0,
      concurrentExecLimit: 1,
      ownerEmail: 'a@example.com',
    },
  ]);
  const task = (name: string, ref: string) => ({ name, taskReferenceName: ref, type: 'SIMPLE', inputParameters: {} });
  for (const name of [alone, limited]) {
    await conductor.putWorkflowDef({ name, version: 1, schemaVersion: 2, tasks: [task(name, 'only')] });
  }
});

describe('get_queue_status', () => {
  test('get_queue_status says that no worker polls, how long the oldest task has waited and how to start a worker', async () => {
    await conductor.startWorkflow({ name: alone, input: {} });
    const { text, queues } = await look(alone);
    expect(queues).toEqual([
      { taskType: alone, state: 'no_worker', waiting: 1, running: 0, oldestWaitMs: expect.any(Number) },
    ]);
    expect(text).toContain(`\`fleet work --only ${alone}\``);
  });

  test('get_queue_status distinguishes a type with a domain from the same type without one', async () => {
    await conductor.startWorkflow({ name: alone, input: {}, taskToDomain: { [alone]: `${prefix}_d` } });
    const { queues } = await look(alone);
    expect(queues).toContainEqual(expect.objectContaining({ domain: `${prefix}_d`, state: 'no_worker', waiting: 1 }));
  });

  test('get_queue_status says that a limit of the task definition delays tasks', async () => {
    await conductor.startWorkflow({ name: limited, input: {} });
    const [first] = await conductor.pollTasks(limited, { count: 1, timeoutMs: 4000, workerId: 'w' });
    expect(first).toBeDefined();
    await conductor.startWorkflow({ name: limited, input: {} });
    await conductor.pollTasks(limited, { count: 1, timeoutMs: 100, workerId: 'w' });
    const { text, queues } = await look(limited);
    expect(queues).toEqual([expect.objectContaining({ state: 'limited', running: 1, limit: 1, lastPollBy: 'w' })]);
    expect(text).toContain('concurrentExecLimit');
  });

  test('get_queue_status suggests the right name for a misspelt type', async () => {
    await expect(look(`${alone}e`)).rejects.toMatchObject({
      code: 'not-found',
      remedy: expect.stringContaining(`get_queue_status {"taskType":"${alone}"}`),
    });
  });
});
