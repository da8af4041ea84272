import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { release } from '../../core/conductor/embedded/install/release.ts';
import { serverProperties } from '../../core/conductor/embedded/server-properties.ts';
import { connect, eras, type McpClient } from '../support/mcp-clients.ts';
import { eventually, type Stack, startStack } from './stack.ts';

/** The services that keep running (`staying`), and the services that prepare the stack and then exit (`ending`). */
const staying = ['conductor', 'mcp', 'shop', 'workers'];
const ending = ['conductor-data', 'register'];

let stack: Stack;
let claude: McpClient;

beforeAll(async () => {
  stack = await startStack();
  claude = await connect('2026-07-28', { url: stack.mcpUrl });
});
afterAll(async () => {
  await claude?.close();
  await stack?.down();
});

const order = (orderId: string) => ({ orderId, sku: 'lamp', quantity: 2, amount: 19.9 });
const newOrder = () => order(`order-${randomUUID().slice(0, 8)}`);

/** Runs a workflow through MCP to its end. If the tool reports an error, the test fails with the tool's message. */
async function runThroughMcp(name: string, input: Record<string, unknown>, client = claude) {
  const answer = await client.call('execute_workflow', { name, input, waitSeconds: 45 });
  expect(answer.isError, answer.text).toBe(false);
  return answer.structured as { executionId: string; status: string; output: Record<string, unknown> };
}

async function ordersDone(orderId: string): Promise<string[]> {
  const response = await fetch(`${stack.shopUrl}/books?orderId=${orderId}`);
  const { entries } = z.object({ entries: z.array(z.object({ kind: z.string() })) }).parse(await response.json());
  return entries.map(({ kind }) => kind);
}

describe('docker compose up --wait', () => {
  test('the command ends when every lasting service is healthy and every preparing service has exited with 0', async () => {
    const containers = await stack.containers();
    expect(containers.map(({ service }) => service).sort()).toEqual([...staying, ...ending].sort());
    for (const { service, State } of containers) {
      const wanted = ending.includes(service)
        ? { Status: 'exited', ExitCode: 0 }
        : { Status: 'running', Health: { Status: 'healthy' } };
      expect(State, service).toMatchObject(wanted);
    }
  });

  test('the command starts the same server version as the embedded server, with the same settings', async () => {
    const model = await stack.compose('config', '--format', 'json');
    const service = z.object({ image: z.string(), environment: z.record(z.string(), z.string().nullable()) });
    const { services } = z.object({ services: z.object({ conductor: service }) }).parse(JSON.parse(model));
    const { image, environment } = services.conductor;
    expect(image).toBe(release.image);
    expect(JSON.parse(environment.SPRING_APPLICATION_JSON ?? '')).toEqual(
      serverProperties({
        database: '/data/conductor.db',
        secrets: false,
        synchronous: 'normal',
        llmBaseUrl: 'http://shop:8090/llm',
      }),
    );
    expect(await stack.conductor.version()).toBe(release.version);
  });
});

describe('a workflow started through MCP runs in the containers', () => {
  test.each(eras)('a %s client starts an order: it is reserved, charged and shipped', async (era) => {
    const client = await connect(era, { url: stack.mcpUrl });
    try {
      const input = newOrder();
      const { executionId, status } = await runThroughMcp('OrderProcessing', input, client);
      expect(status).toBe('COMPLETED');
      const { tasks } = await stack.conductor.getExecution(executionId);
      expect(tasks.map((task) => [task.referenceTaskName, task.status])).toEqual([
        ['reserve', 'COMPLETED'],
        ['charge', 'COMPLETED'],
        ['ship', 'COMPLETED'],
      ]);
      expect(await ordersDone(input.orderId)).toEqual(['reserved', 'charged', 'shipped']);
    } finally {
      await client.close();
    }
  });

  test('the workers compress and analyse a file of the volume', async () => {
    const { status, output } = await runThroughMcp('FileProcessing', { path: 'README.md' });
    expect(status).toBe('COMPLETED');
    const { compressed } = z.object({ compressed: z.object({ outputPath: z.string() }) }).parse(output);
    expect(compressed.outputPath).toMatch(/^\/data\/output\//);
    await stack.compose('exec', '-T', 'workers', 'test', '-s', compressed.outputPath);
  });

  test('the server calls the scripted model and the tools of the shop container', async () => {
    const question = 'What is durable execution, and what is the temperature in Dubai?';
    const { status, output } = await runThroughMcp('ResearchAgent', { question });
    expect(status).toBe('COMPLETED');
    expect(output.answer).toMatch(/^\[scripted\].*38 °C/);
  });
});

describe('the containers', () => {
  test('the containers run without a root user, without capabilities and with a read-only file system', async () => {
    for (const container of await stack.containers()) {
      const { service, HostConfig } = container;
      expect(HostConfig, service).toMatchObject({
        ReadonlyRootfs: true,
        CapDrop: ['ALL'],
        SecurityOpt: ['no-new-privileges:true'],
      });
      if (ending.includes(service)) continue;
      expect(new Set(await stack.userIds(container)), service).toEqual(new Set(['1000']));
    }
  });

  test('the services publish ports only on the loopback address; the workers publish none', async () => {
    const published = (await stack.containers()).flatMap(({ service, NetworkSettings }) =>
      Object.entries(NetworkSettings.Ports).flatMap(([port, bindings]) =>
        (bindings ?? []).map(({ HostIp }) => `${service} ${port} on ${HostIp}`),
      ),
    );
    expect(published.sort()).toEqual([
      'conductor 8080/tcp on 127.0.0.1',
      'mcp 3000/tcp on 127.0.0.1',
      'shop 8090/tcp on 127.0.0.1',
    ]);
  });
});

describe('--scale workers=3', () => {
  test('three worker processes share the tasks', async () => {
    await stack.compose('up', '--detach', '--wait', '--no-recreate', '--scale', 'workers=3');
    const workers = await stack.containers('workers');
    expect(workers.map(({ State }) => State.Health?.Status)).toEqual(['healthy', 'healthy', 'healthy']);

    const ids = await Promise.all(
      Array.from({ length: 30 }, () => stack.conductor.startWorkflow({ name: 'OrderProcessing', input: newOrder() })),
    );
    const executions = await Promise.all(ids.map((id) => stack.conductor.waitForEnd(id)));
    expect(new Set(executions.map(({ status }) => status))).toEqual(new Set(['COMPLETED']));
    // The id of a worker process begins with the id of its container.
    const served = new Set(executions.flatMap(({ tasks }) => tasks.map(({ workerId }) => workerId?.split('-')[0])));
    expect(served.size).toBeGreaterThan(1);
    const containerIds = workers.map(({ Id }) => Id.slice(0, 12));
    expect([...served].filter((host) => !containerIds.includes(host ?? ''))).toEqual([]);
  });

  test('after docker compose stop, running tasks finish and every worker process exits with 0', async () => {
    const input = newOrder();
    const delay = { path: '/shipments', orderId: input.orderId, delayMs: 5000 };
    const headers = { 'content-type': 'application/json' };
    await fetch(`${stack.shopUrl}/faults`, { method: 'POST', headers, body: JSON.stringify(delay) });
    const id = await stack.conductor.startWorkflow({ name: 'OrderProcessing', input });
    await eventually(async () => {
      const { tasks } = await stack.conductor.getExecution(id);
      return tasks.find((task) => task.referenceTaskName === 'ship' && task.status === 'IN_PROGRESS');
    });
    await pause(500); // the task was polled, and its handler needs time to begin

    const startedAt = Date.now();
    await stack.compose('stop', 'workers');
    expect(Date.now() - startedAt).toBeLessThan(20_000);
    const workers = await stack.containers('workers');
    expect(workers.map(({ State }) => [State.Status, State.ExitCode])).toEqual(Array(3).fill(['exited', 0]));
    const { status, tasks } = await stack.conductor.getExecution(id);
    expect([status, tasks.at(-1)?.referenceTaskName, tasks.at(-1)?.retryCount]).toEqual(['COMPLETED', 'ship', 0]);
    expect(await ordersDone(input.orderId)).toEqual(['reserved', 'charged', 'shipped']);
  });
});

describe('a new container of the server', () => {
  test("the new server container continues the old container's executions", async () => {
    const waiting = await stack.conductor.startWorkflow({ name: 'OrderProcessing', input: newOrder() });
    const { executionId } = await finished();
    await stack.compose('rm', '--stop', '--force', 'conductor');
    const [front] = await stack.containers('mcp');
    expect(front?.State.Status, 'MCP outlives it').toBe('running');
    await stack.compose('up', '--detach', '--wait', '--no-recreate', '--scale', 'workers=1');

    const kept = await claude.call('get_execution_status', { executionId });
    expect(kept.structured, kept.text).toMatchObject({ workflow: 'OrderProcessing', status: 'COMPLETED' });
    const { status } = await stack.conductor.waitForEnd(waiting, { signal: AbortSignal.timeout(120_000) });
    expect(status).toBe('COMPLETED');
  });

  /** Finds the newest completed execution of an order. */
  async function finished(): Promise<{ executionId: string }> {
    const query = { workflowName: 'OrderProcessing', status: 'COMPLETED', limit: 1 };
    const { structured, text } = await claude.call('list_workflow_executions', query);
    const { rows } = z
      .object({ rows: z.array(z.tuple([z.string()], z.unknown())) })
      .parse(structured, { error: () => text });
    const [executionId] = rows[0] ?? expect.fail('no order has ended');
    return { executionId };
  }
});
