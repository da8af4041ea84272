import { mkdtempSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineTask, defineTool, defineWorkflow, z } from 'conductor-fleet';
import { createMcpEndpoint } from 'conductor-fleet/mcp';
import { createWorkers, type Workers } from 'conductor-fleet/workers';
import { afterAll, expect, inject, test, vi } from 'vitest';
import { connect, eras, type McpClient } from '../support/mcp-clients.ts';
import { registerAlone, uniqueName } from '../support/probe.ts';
import { realConductor } from '../support/product.ts';

/** Tests workers and the MCP server inside one program. The test is that program. */

const conductor = realConductor();
const conductorServerUrl = inject('conductorServerUrl');
const dataDir = mkdtempSync(join(tmpdir(), 'embed-'));
const started: Workers[] = [];
/** Handlers that are held end when this resolves. */
const release = Promise.withResolvers<void>();
afterAll(async () => {
  release.resolve();
  await Promise.all(started.map((workers) => workers.stop()));
  conductor.close();
});

const order = z.object({ orderId: z.string() });
const taskOf = (name: string) => defineTask({ name: uniqueName(name), description: '', input: order, output: order });
const [reserve, ship] = [taskOf('embed_reserve'), taskOf('embed_ship')];
const workflow = defineWorkflow({
  name: uniqueName('EmbedOrder'),
  version: 1,
  description: 'Reserves, then ships.',
  input: order,
  output: order,
}).build((wf, { orderId }) => {
  const reserved = wf.task('reserve', reserve, { orderId });
  const shipped = wf.task('ship', ship, { orderId: reserved.output.orderId });
  return { orderId: shipped.output.orderId };
});

/** How often each task ran, by the id of the task. */
const runs = new Map<string, number>();

/** Starts a pool. The first `quick` tasks end at once, all others are held. */
async function startPool(task: ReturnType<typeof taskOf>, quick: number): Promise<Workers> {
  let begun = 0;
  const served = task.worker(async ({ orderId }, { taskId }) => {
    runs.set(taskId, (runs.get(taskId) ?? 0) + 1);
    begun += 1;
    if (begun > quick) await release.promise;
    return { orderId };
  });
  const options = { conductorServerUrl, dataDir, workerConcurrency: 6, workerDrainSeconds: 120 };
  const workers = createWorkers({ tasks: [served], ...options });
  started.push(workers);
  await workers.start();
  return workers;
}

/** The HTTP server of the program: a page of its own, and MCP at `/mcp` with a tool that tells the state of the workers. */
async function startServer(pools: readonly Workers[]) {
  const workersState = defineTool({
    name: 'workers_state',
    title: 'State of the workers',
    description: 'Says in which state the workers of this program are.',
    toolset: 'queues',
    permission: 'tasks:read',
    annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
    input: z.strictObject({}),
    output: z.object({ states: z.array(z.string()) }),
  }).handler(async () => {
    const states = pools.map((pool) => pool.status().state);
    return { text: states.join(', '), structured: { states } };
  });
  const callerFrom = () => ({ name: 'ops', role: 'operator' as const });
  const mcp = await createMcpEndpoint({ conductorServerUrl, tools: [workersState], mcpSessions: true, callerFrom });
  const server = createServer((request, response) => {
    if (request.url === '/mcp') void mcp.node(request, response);
    else response.end('a page of the program');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { mcp, server, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** Each client starts `each` executions. Returns their ids. */
async function startExecutions(clients: readonly McpClient[], each: number): Promise<string[]> {
  const calls = clients.flatMap((client) =>
    Array.from({ length: each }, async (_, n) => {
      const input = { orderId: `${client.era}-${n}` };
      const { isError, text, structured } = await client.call('execute_workflow', { name: workflow.name, input });
      expect(isError, text).toBe(false);
      return String(structured.executionId);
    }),
  );
  return Promise.all(calls);
}

const listeners = () => process.eventNames().map((name) => [name, process.listenerCount(name)]);
const tasksOf = async (ids: readonly string[]) =>
  (await Promise.all(ids.map((id) => conductor.getExecution(id)))).flatMap(({ tasks }) => tasks);

test('P3: two worker pools drain beside an HTTP server with MCP; no task is lost, and none runs twice', async () => {
  await registerAlone(conductor, [workflow]);
  const before = listeners();
  const pools = [await startPool(reserve, 6), await startPool(ship, 2)] as const;
  const { mcp, server, origin } = await startServer(pools);
  const clients = await Promise.all(eras.map((era) => connect(era, { url: `${origin}/mcp` })));
  const page = async () => (await fetch(origin)).text();
  expect(await page()).toBe('a page of the program');

  // 16 executions: six tasks of each type have been taken and are done or held; the other tasks wait in their queue.
  const ids = await startExecutions(clients, 8);
  const running = () => pools.map((pool) => pool.status().running);
  // A task also counts as running while its result is delivered. So the tasks that have begun are counted too.
  await vi.waitFor(() => expect([...running(), runs.size]).toEqual([6, 4, 12 + 6]), 200_000);
  const stopping = pools.map((pool) => pool.stop());
  const again = pools[0].stop();
  // The clients go on while the workers drain.
  for (const { call } of clients) {
    expect((await call('workers_state')).structured).toEqual({ states: ['draining', 'draining'] });
  }
  ids.push(...(await startExecutions(clients, 4)));
  expect(running()).toEqual([6, 4]);
  release.resolve();

  const clean = { handedBack: 0, undelivered: 0, unfinished: 0 };
  const [first, second] = ['6', '4'].map((ended) => `The workers have stopped: ${ended} running tasks ended.`);
  expect(await Promise.all(stopping)).toEqual([
    { ...clean, message: first },
    { ...clean, message: second },
  ]);
  expect((await again).message).toBe(`These workers were already stopping. The first stop(): ${first}`);
  expect((await pools[1].stop()).message).toBe(`These workers had already stopped. The first stop(): ${second}`);
  const left = await tasksOf(ids);
  const ran = left.filter(({ status }) => status === 'COMPLETED').map(({ taskId }) => taskId);
  expect(ran).toHaveLength(12 + 6);
  expect([...runs.keys()].sort()).toEqual(ran.sort());
  expect(new Set(left.map(({ status }) => status))).toEqual(new Set(['COMPLETED', 'SCHEDULED']));

  await Promise.all([startPool(reserve, 0), startPool(ship, 0)]);
  const ended = await Promise.all(ids.map((id) => conductor.waitForEnd(id)));
  expect(ended.map(({ status, output }) => [status, output])).toEqual(ended.map(({ input }) => ['COMPLETED', input]));
  const tasks = ended.flatMap((execution) => execution.tasks);
  expect(tasks).toHaveLength(2 * ids.length);
  expect(tasks.map(({ taskId, retryCount }) => [runs.get(taskId), retryCount])).toEqual(tasks.map(() => [1, 0]));
  expect(runs.size).toBe(tasks.length);

  expect((await clients[0]?.call('workers_state'))?.structured).toEqual({ states: ['stopped', 'stopped'] });
  await Promise.all(clients.map((client) => client.close()));
  await mcp.close();
  expect((await fetch(`${origin}/mcp`, { method: 'POST' })).status).toBe(503);
  expect(await page()).toBe('a page of the program');
  await new Promise((resolve) => server.close(resolve));
  expect(listeners()).toEqual(before);
});
