import { mkdtempSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { defineTask, defineTool, defineWorkflow, z } from 'conductor-fleet';
import { createMcpEndpoint } from 'conductor-fleet/mcp';
import { createWorkers, type Workers } from 'conductor-fleet/workers';
import { afterAll, expect, inject, test, vi } from 'vitest';
import { connect, eras } from '../support/mcp-clients.ts';
import { registerAlone } from '../support/probe.ts';
import { realConductor, unique } from '../support/product.ts';

const conductor = realConductor();
const conductorServerUrl = inject('conductorServerUrl');
const dataDir = mkdtempSync(join(tmpdir(), 'embed-'));
const started: Workers[] = [];
afterAll(async () => {
  await Promise.all(started.map((workers) => workers.stop()));
  conductor.close();
});

/** How often each task ran, by the id of the task. */
const runs = new Map<string, number>();

const order = z.object({ orderId: z.string() });
const taskOf = (name: string) => defineTask({ name: unique(name), description: '', input: order, output: order });
const serve = (task: ReturnType<typeof taskOf>) =>
  task.worker(async ({ orderId }, { taskId, signal }) => {
    runs.set(taskId, (runs.get(taskId) ?? 0) + 1);
    await sleep(300, undefined, { signal });
    return { orderId };
  });
const [reserve, ship] = [taskOf('embed_reserve'), taskOf('embed_ship')];
const workflow = defineWorkflow({
  name: unique('EmbedOrder'),
  version: 1,
  description: 'Reserves, then ships.',
  input: order,
  output: order,
}).build((wf, { orderId }) => {
  const reserved = wf.task('reserve', reserve, { orderId });
  const shipped = wf.task('ship', ship, { orderId: reserved.output.orderId });
  return { orderId: shipped.output.orderId };
});

async function startPool(task: ReturnType<typeof taskOf>): Promise<Workers> {
  const workers = createWorkers({ tasks: [serve(task)], conductorServerUrl, dataDir, workerConcurrency: 6 });
  started.push(workers);
  await workers.start();
  return workers;
}

/** The server of a host: a page of its own, MCP at `/mcp`, and a tool that tells how its workers are. */
async function startHost(pools: readonly Workers[]) {
  const workersStatus = defineTool({
    name: 'workers_status',
    title: 'Status of the workers',
    description: 'Says how many tasks the workers of this program run.',
    toolset: 'queues',
    permission: 'tasks:read',
    annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
    input: z.strictObject({}),
    output: z.object({ states: z.array(z.string()) }),
  }).handler(async () => {
    const states = pools.map((pool) => pool.status().state);
    return { text: states.join(', '), structured: { states } };
  });
  const mcp = await createMcpEndpoint({
    conductorServerUrl,
    tools: [workersStatus],
    mcpSessions: true,
    callerFrom: ({ headers }) => (headers.has('x-guest') ? undefined : { name: 'test', role: 'operator' }),
  });
  const server = createServer((request, response) => {
    if (request.url === '/mcp') void mcp.node(request, response);
    else response.end('a page of the host');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      await mcp.close();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

test('P3: two worker pools beside a server with MCP drain on stop, and no task is lost or runs twice', async () => {
  await registerAlone(conductor, [workflow]);
  const pools = [await startPool(reserve), await startPool(ship)];
  let shipped = 0;
  pools[1]?.on(({ type }) => {
    if (type === 'task-ended') shipped += 1;
  });
  const host = await startHost(pools);
  const clients = await Promise.all(eras.map((era) => connect(era, { url: `${host.origin}/mcp` })));
  expect(await (await fetch(host.origin)).text()).toBe('a page of the host');

  const starting = Promise.all(
    Array.from({ length: 30 }, async (_, n) => {
      const client = clients[n % clients.length] as (typeof clients)[number]; // n stays below the length
      const input = { orderId: `order-${n}` };
      const { structured } = await client.call('execute_workflow', { workflowName: workflow.name, input });
      return String(structured.executionId);
    }),
  );
  // The stop comes in the middle: while tasks run, and while clients start further executions.
  await vi.waitFor(
    () =>
      expect([shipped >= 2, pools[0]?.status().running]).toEqual([true, expect.toSatisfy((running) => running > 0)]),
    60_000,
  );
  const reports = await Promise.all(pools.map((pool) => pool.stop()));
  expect(reports).toMatchObject(pools.map(() => ({ handedBack: 0, undelivered: 0, unfinished: 0 })));

  const ids = await starting;
  const [client] = clients;
  expect((await client?.call('workers_status'))?.structured).toEqual({ states: ['stopped', 'stopped'] });
  const executions = () => Promise.all(ids.map((id) => conductor.getExecution(id)));
  const statuses = (await executions()).flatMap(({ tasks }) => tasks.map(({ status }) => status));
  expect(statuses).toContain('SCHEDULED');
  expect(statuses).toContain('COMPLETED');
  expect(statuses).not.toContain('IN_PROGRESS');

  await Promise.all([startPool(reserve), startPool(ship)]);
  await expect
    .poll(async () => new Set((await executions()).map(({ status }) => status)))
    .toEqual(new Set(['COMPLETED']));
  const tasks = (await executions()).flatMap((execution) => execution.tasks);
  expect(tasks).toHaveLength(2 * ids.length);
  expect(tasks.map(({ taskId, retryCount }) => [runs.get(taskId), retryCount])).toEqual(tasks.map(() => [1, 0]));
  await Promise.all(clients.map((one) => one.close()));
  await host.close();
});
