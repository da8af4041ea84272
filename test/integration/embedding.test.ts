import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';
import { getRequestListener } from '@hono/node-server';
import { createMcpExpressApp } from '@modelcontextprotocol/sdk/server/express.js';
import { definePrompt, defineResource, defineTask, defineTool, type Tool, z } from 'conductor-fleet';
import { createMcpEndpoint, type McpEndpoint, type McpEndpointOptions } from 'conductor-fleet/mcp';
import { startFakeConductor as startFakeTasks } from 'conductor-fleet/testing';
import { createWorkers, type FleetEvent, loadTasks, type Workers, type WorkersOptions } from 'conductor-fleet/workers';
import { Hono } from 'hono';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { pause } from '../../core/pause.ts';
import { fakeExecution, startFakeConductor } from '../support/fake-conductor.ts';
import { connect, type Era, eras, type McpClient } from '../support/mcp-clients.ts';
import { runFleetCommand } from '../support/product.ts';
import { rawRequest } from '../support/raw-mcp.ts';

/** On a busy machine, vitest's default of one second is too short. */
const PATIENT = { timeout: 20_000 };

/** Tests what `docs/embedding.md` promises beyond `embed-workers.test.ts` and `embed-mcp.test.ts`. */

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function listen(listener: RequestListener, port = 0): Promise<{ server: Server; url: string; port: number }> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port: used } = server.address() as AddressInfo;
  return { server, port: used, url: `http://127.0.0.1:${used}/mcp` };
}

describe('workers', () => {
  const empty = z.object({});
  const quick = (name: string) =>
    defineTask({ name, description: '', input: empty, output: empty }).worker(async () => ({}));
  const dataDir = mkdtempSync(join(tmpdir(), 'embed-'));

  function create(options: Partial<WorkersOptions>): Workers {
    const workers = createWorkers({ tasks: [quick('quick')], dataDir, workerPollIntervalMs: 5, ...options });
    closing.push(() => workers.stop());
    return workers;
  }

  test('workers poll only after start(), which succeeds while the server is away', async () => {
    let requests = 0;
    const answer: RequestListener = ({ url }, response) => {
      requests += 1;
      response.setHeader('Content-Type', 'application/json').end(url?.includes('/poll/') ? '[]' : '{}');
    };
    const { server, port } = await listen(answer);
    const workers = create({ conductorServerUrl: `http://127.0.0.1:${port}/api` });
    await pause(300);
    expect(requests).toBe(0);
    await new Promise((resolve) => server.close(resolve));
    const heard = new Set<FleetEvent['type']>();
    workers.on(({ type }) => heard.add(type));
    await workers.start();
    await vi.waitFor(() => expect(heard).toContain('poll-failed'), 20_000);
    expect(heard).not.toContain('poll-answered');
    await listen(answer, port);
    await vi.waitFor(() => expect(heard).toContain('poll-answered'), 20_000);
  });

  test('pause, resume and setConcurrency without a type act on all types; fleet workers lists no embedded workers', async () => {
    const fake = await startFakeTasks();
    closing.push(() => fake.close());
    const workers = create({ tasks: [quick('one'), quick('two')], conductorServerUrl: fake.url });
    await workers.start();
    workers.setConcurrency(3);
    workers.pause();
    const paused = { state: 'paused', concurrency: 3 };
    await vi.waitFor(
      () => expect(workers.status()).toMatchObject({ concurrency: 3, types: [paused, paused] }),
      PATIENT,
    );
    const { stderr } = await runFleetCommand(['workers'], {
      CONDUCTOR_SERVER_URL: fake.url,
      FLEET_DIR: dataDir,
    });
    expect(stderr).toContain('No worker process runs with the data folder');
    workers.resume();
    for (const type of ['one', 'two']) {
      expect(await fake.result(fake.enqueue(type, {}))).toMatchObject({ status: 'COMPLETED' });
    }
  });

  test('if the spool folder cannot be used, the logger gets a warning and the workers serve tasks', async () => {
    const fake = await startFakeTasks();
    closing.push(() => fake.close());
    const file = join(dataDir, 'a-file');
    writeFileSync(file, '');
    const warn = vi.fn();
    const ignore = () => {};
    const log = { ...{ trace: ignore, debug: ignore, info: ignore, warn, error: ignore, fatal: ignore } };
    const logger: NonNullable<WorkersOptions['log']> = { ...log, child: () => logger };
    const workers = create({ conductorServerUrl: fake.url, workerSpoolDir: join(file, 'spool'), log: logger });
    await workers.start();
    expect(warn).toHaveBeenCalledWith(
      expect.objectContaining({ folder: join(file, 'spool') }),
      expect.stringContaining('the spool cannot be opened'),
    );
    expect(await fake.result(fake.enqueue('quick', {}))).toMatchObject({ status: 'COMPLETED' });
  });

  test('a task with `thread: true` runs in a thread', async () => {
    const fake = await startFakeTasks();
    closing.push(() => fake.close());
    const tasks = await loadTasks(new URL('../support/runtime-tasks/', import.meta.url));
    const workers = create({ tasks, conductorServerUrl: fake.url });
    await workers.start();
    const { outputData } = await fake.result(fake.enqueue('runtime_hard', { upTo: 4 }));
    expect(outputData).toEqual({ sum: 10, thread: expect.any(Number) });
    expect(outputData?.thread).not.toBe(threadId);
  });
});

describe('the MCP server', () => {
  const answers = { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false };
  const toolOf = (name: string, permission: Tool['permission'], text: string) =>
    defineTool({
      ...{ name, permission, title: name, description: 'A tool of the host.', toolset: 'workflows' },
      ...{ annotations: answers, input: z.strictObject({}), output: z.object({}) },
    }).handler(async () => ({ text, structured: {} }));
  const hello = toolOf('hello', 'workflows:read', 'Hello');
  const manual = defineResource({
    ...{ name: 'manual', title: 'Manual', description: 'Our manual.', uriTemplate: 'conductor://our-manual' },
    ...{ mimeType: 'text/plain', permission: 'workflows:read', params: z.strictObject({}) },
  }).reader(async () => ({ text: 'Press the button.' }));
  const tidyUp = definePrompt({
    ...{ name: 'tidy_up', title: 'Tidy up', description: 'Tidies up.', permission: 'workflows:read' },
    arguments: z.strictObject({}),
  }).messages(async () => [{ text: 'Tidy up, please.' }]);

  async function endpoint(options: Partial<McpEndpointOptions> = {}): Promise<McpEndpoint> {
    const fake = await startFakeConductor();
    fake.routes = ({ path }) =>
      path === '/api/workflow/exec-1' ? { body: fakeExecution({ status: 'RUNNING' }) } : undefined;
    const mcp = await createMcpEndpoint({ conductorServerUrl: fake.url, tools: [hello], ...options });
    closing.push(async () => {
      await mcp.close();
      await fake.close();
    });
    return mcp;
  }
  async function client(era: Era, url: string): Promise<McpClient> {
    const connected = await connect(era, { url });
    closing.push(() => connected.close());
    return connected;
  }
  const ask = async (url: string, tool: string, args: object = {}) =>
    (await fetch(url, rawRequest('tools/call', { name: tool, arguments: args }, {}))).text();

  const frameworks: [string, (mcp: McpEndpoint) => RequestListener][] = [
    [
      'Express, after express.json()',
      ({ node }) => {
        const app = createMcpExpressApp();
        app.all('/mcp', node);
        return app;
      },
    ],
    ['Hono', (mcp) => getRequestListener(new Hono().all('/mcp', (c) => mcp.fetch(c.req.raw)).fetch)],
  ];
  describe.each(frameworks)('in %s', (_, appOf) => {
    test.each(eras)('a client of %s calls a tool, reads a resource and gets a prompt of the host', async (era) => {
      const mcp = await endpoint({ resources: [manual], prompts: [tidyUp], mcpSessions: true });
      const { url } = await listen(appOf(mcp));
      const { call, reads } = await client(era, url);
      expect(await call('hello')).toMatchObject({ isError: false, text: 'Hello' });
      expect(await reads.readResource({ uri: 'conductor://our-manual' })).toMatchObject({
        contents: [{ text: 'Press the button.' }],
      });
      expect(await reads.getPrompt({ name: 'tidy_up' })).toMatchObject({
        messages: [{ content: { text: 'Tidy up, please.' } }],
      });
    });
  });

  test('tools of the host need permissions, and requests and answers have limits; endpoints share nothing', async () => {
    const tools = [
      hello,
      toolOf('launch', 'workflows:execute', 'Launched'),
      toolOf('long', 'workflows:read', 'x'.repeat(20_000)),
    ];
    const { url } = await listen((await endpoint({ tools, maxResponseSizeKb: 8, rateLimitRpm: 2 })).node);
    const role = async () => ({ name: 'ada', role: 'operator' as const });
    const other = await listen((await endpoint({ tools, callerFrom: role })).node);
    expect(await ask(url, 'launch')).toContain('needs the permission workflows:execute');
    expect(await ask(other.url, 'launch')).toContain('Launched');
    expect(await ask(url, 'long')).toContain('MAX_RESPONSE_SIZE_KB (in code: maxResponseSizeKb) sets the limit');
    expect(await ask(url, 'hello')).toContain('Hello');
    const tooMany = await Promise.all([1, 2, 3, 4].map(() => ask(url, 'hello')));
    expect(tooMany.join()).toContain('RATE_LIMIT_RPM (in code: rateLimitRpm)');
    expect(await ask(other.url, 'long')).toContain('x'.repeat(20_000));
  });

  test.each([{ tools: [hello, hello] }, { resources: [manual, manual] }, { prompts: [tidyUp, tidyUp] }])(
    'two of the same name are refused: %o',
    async (options) => {
      await expect(endpoint(options)).rejects.toMatchObject({
        code: 'config',
        message: expect.stringMatching(/^Two /),
      });
    },
  );

  test('the node handler refuses a foreign Host', async () => {
    const { url } = await listen((await endpoint()).node);
    const { headers } = rawRequest('tools/list', {}, {});
    const status = await new Promise((resolve, reject) => {
      const sent = request(url, { method: 'POST', headers: { ...(headers as object), Host: 'evil.example' } });
      sent.on('response', ({ statusCode }) => resolve(statusCode)).on('error', reject);
      sent.end('{}');
    });
    expect(status).toBe(403);
  });

  function slowTool() {
    const [began, ended] = [Promise.withResolvers<void>(), Promise.withResolvers<boolean>()];
    const slow: Tool = {
      ...hello,
      name: 'slow',
      async handle(_, { signal }) {
        began.resolve();
        await pause(60_000, signal);
        ended.resolve(signal.aborted);
        return { text: '', structured: {} };
      },
    };
    return { slow, began, ended };
  }

  const served = eras.flatMap((era) => [
    { era, mcpSessions: false },
    { era, mcpSessions: true },
  ]);
  test.each(served)('close() ends the running call of a client, so the server can close: %o', async (options) => {
    const { slow, began, ended } = slowTool();
    const { era, mcpSessions } = options;
    const mcp = await endpoint({ tools: [slow], mcpSessions });
    const { server, url } = await listen(mcp.node);
    const { call } = await client(era, url);
    const answer = call('slow').catch((error: unknown) => error);
    await began.promise;
    server.keepAliveTimeout = 1; // so that the test does not wait for idle connections
    const closed = new Promise<string>((resolve) => server.close(() => resolve('closed')));
    expect(await Promise.race([closed, pause(300)])).toBeUndefined();
    await mcp.close();
    expect(await ended.promise).toBe(true);
    // The client library of the 2025 revision does not notice the end of its session. It waits for its own time limit.
    if (era !== '2025-11-25' || !mcpSessions) {
      expect(await answer).toMatchObject({ message: expect.stringContaining('This MCP endpoint has been closed.') });
    }
    expect(await closed).toBe('closed');
  });

  test('close() ends the running call of a client of 2025-11-25 that asks for progress', async () => {
    const { slow, began, ended } = slowTool();
    const mcp = await endpoint({ tools: [slow] });
    const { url } = await listen(mcp.node);
    const params = { name: 'slow', arguments: {}, _meta: { progressToken: 1 } };
    const answer = fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }),
    });
    await began.promise;
    await mcp.close();
    expect(await ended.promise).toBe(true);
    expect((await answer).headers.get('content-type')).toBe('text/event-stream');
    expect(await (await answer).text()).not.toContain('"result"');
  });

  test.each(eras)('close() ends the stream of a client of %s', async (era) => {
    const mcp = await endpoint({ mcpSessions: true });
    const { server, url } = await listen(mcp.node);
    const { reads } = await client(era, url);
    await reads.onUpdate('conductor://executions/exec-1', () => {});
    server.keepAliveTimeout = 1; // so that the test does not wait for idle connections
    const closed = new Promise<string>((resolve) => server.close(() => resolve('closed')));
    expect(await Promise.race([closed, pause(300)])).toBeUndefined();
    await mcp.close();
    expect(await closed).toBe('closed');
  });
});
