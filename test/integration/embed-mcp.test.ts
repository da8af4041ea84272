import { execFile } from 'node:child_process';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { getRequestListener } from '@hono/node-server';
import { defineTool, z } from 'conductor-fleet';
import { createMcpEndpoint, type McpEndpoint, type McpEndpointOptions } from 'conductor-fleet/mcp';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type FakeConductor, fakeExecution, startFakeConductor } from '../support/fake-conductor.ts';
import { connect, type Era, eras, type McpClient } from '../support/mcp-clients.ts';
import { rawRequest } from '../support/raw-mcp.ts';

/** Tests the MCP server inside an HTTP server of a host. The test is the host. */

let fake: FakeConductor;
let closing: (() => unknown)[];

beforeEach(async () => {
  closing = [];
  fake = await startFakeConductor();
});
afterEach(async () => {
  for (const close of closing.reverse()) await close();
  await fake.close();
});

const whoAmI = defineTool({
  name: 'who_am_i',
  title: 'Who am I',
  description: 'Says who the host thinks the caller is.',
  toolset: 'workflows',
  permission: 'workflows:read',
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input: z.strictObject({}),
  output: z.object({ name: z.string(), role: z.string() }),
}).handler(async (_, { caller: { name, role } }) => ({ text: `${name}: ${role}`, structured: { name, role } }));

async function endpoint(options: Partial<McpEndpointOptions> = {}): Promise<McpEndpoint> {
  const mcp = await createMcpEndpoint({ conductorServerUrl: fake.url, tools: [whoAmI], ...options });
  closing.push(() => mcp.close());
  return mcp;
}

/** A server of the host with a page of its own. It serves MCP at `/mcp`. */
async function host(mcp: RequestListener): Promise<string> {
  const server = createServer((request, response) => {
    if (request.url === '/mcp') void mcp(request, response);
    else response.end('a page of the host');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
}

async function client(era: Era, url: string): Promise<McpClient> {
  const connected = await connect(era, { url });
  closing.push(() => connected.close());
  return connected;
}

/** The handlers, each behind the host's own server. */
const ways: readonly [string, (mcp: McpEndpoint) => RequestListener][] = [
  ['node', ({ node }) => node],
  ['fetch', ({ fetch }) => getRequestListener(fetch)],
];

/** Asks `who_am_i` with some headers. */
async function ask(url: string, headers: Record<string, string> = {}): Promise<{ status: number; text: string }> {
  const request = rawRequest('tools/call', { name: 'who_am_i', arguments: {} }, {});
  const response = await fetch(url, { ...request, headers: { ...request.headers, ...headers } });
  return { status: response.status, text: await response.text() };
}

describe.each(ways)('the %s handler', (_, handlerOf) => {
  test.each(eras)('a client of %s gets the tools of the host and reads; it may not run anything', async (era) => {
    const url = await host(handlerOf(await endpoint()));
    const { toolNames, call } = await client(era, url);
    const names = await toolNames();
    expect(names).toEqual(expect.arrayContaining(['who_am_i', 'get_execution_status']));
    expect(names).not.toContain('execute_workflow');
    expect((await call('who_am_i')).structured).toEqual({ name: 'anonymous', role: 'viewer' });
    expect((await call('get_execution_status', { executionId: 'exec-1' })).text).toContain('COMPLETED');
    const refused = await call('terminate_workflow', { executionId: 'exec-1' });
    expect(refused).toMatchObject({ isError: true, text: expect.stringContaining('workflows:execute') });
    expect(await (await fetch(new URL('/', url))).text()).toBe('a page of the host');
  });

  test.each(eras)('a client of %s is told about changes of an execution', async (era) => {
    const mcp = await endpoint({ mcpSessions: true });
    let looks = 0;
    fake.routes = ({ path }) =>
      path === '/api/workflow/exec-1'
        ? { body: fakeExecution({ status: looks++ % 2 ? 'RUNNING' : 'PAUSED' }) }
        : undefined;
    const { reads } = await client(era, await host(handlerOf(mcp)));
    const updated = vi.fn();
    await reads.onUpdate('conductor://executions/exec-1', updated);
    await vi.waitFor(() => expect(updated).toHaveBeenCalled(), 20_000);
  });

  test('a body that is too large, is not JSON or has another type is refused, and so is a foreign Host or Origin', async () => {
    const url = await host(handlerOf(await endpoint({ mcpAllowedOrigins: ['tools.example'] })));
    const post = (body: string, headers: Record<string, string> = {}) =>
      fetch(url, { method: 'POST', body, headers: { 'Content-Type': 'application/json', ...headers } });
    expect((await post(JSON.stringify({ x: 'x'.repeat(4 * 1024 * 1024) }))).status).toBe(413);
    expect((await post('{')).status).toBe(400);
    expect((await post('{}', { 'Content-Type': 'text/plain' })).status).toBe(415);
    const foreign = await post('{}', { Origin: 'https://evil.example' });
    expect([foreign.status, await foreign.text()]).toEqual([403, expect.stringContaining('mcpAllowedOrigins')]);
    expect((await ask(url, { Origin: 'https://tools.example' })).status).toBe(200);
  });

  test('the host says who calls, or refuses with an answer of its own', async () => {
    const lines: string[] = [];
    const url = await host(
      handlerOf(
        await endpoint({
          log: logTo(lines),
          async callerFrom({ headers }) {
            const token = headers.get('authorization');
            if (token === 'Bearer ada') return { name: 'ada', role: 'operator' };
            if (token === 'Bearer bad')
              return new Response('no', { status: 401, headers: { 'WWW-Authenticate': 'Bearer' } });
            if (token === 'Bearer root') return { name: 'x', role: 'root' as 'admin' };
            if (token === 'Bearer crash') throw new Error('the user store is away');
            return undefined;
          },
        }),
      ),
    );
    expect((await ask(url, { Authorization: 'Bearer ada' })).text).toContain('"name":"ada","role":"operator"');
    expect((await ask(url)).text).toContain('"name":"anonymous","role":"viewer"');
    expect(await ask(url, { Authorization: 'Bearer bad' })).toEqual({ status: 401, text: 'no' });
    for (const token of ['root', 'crash']) {
      const failed = await ask(url, { Authorization: `Bearer ${token}` });
      expect(failed).toEqual({ status: 500, text: expect.stringContaining('"Internal server error"') });
    }
    expect(lines).toEqual([
      'error MCP request failed: callerFrom returned {"name":"x","role":"root"}, which is not a caller.',
      'error MCP request failed: the user store is away',
    ]);
  });

  test('a session belongs to the caller who opened it', async () => {
    const mcp = await endpoint({
      mcpSessions: true,
      callerFrom: ({ headers }) => ({ name: headers.get('x-user') ?? '?', role: headers.get('x-role') as 'viewer' }),
    });
    const url = await host(handlerOf(mcp));
    const send = (method: string, params: object, who: Record<string, string>) =>
      fetch(url, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream', ...who },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
      });
    const ada = { 'X-User': 'ada', 'X-Role': 'admin' };
    const clientInfo = { name: 'raw', version: '0' };
    const opened = await send('initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo }, ada);
    const session = { 'Mcp-Session-Id': opened.headers.get('mcp-session-id') ?? '' };
    expect((await send('tools/list', {}, { ...ada, ...session })).status).toBe(200);
    expect((await send('tools/list', {}, { ...ada, 'X-User': 'bob', ...session })).status).toBe(404);
    expect((await send('tools/list', {}, { ...ada, 'X-Role': 'viewer', ...session })).status).toBe(404);
  });

  test('after close, a request gets a 503, and closing again does no harm', async () => {
    const mcp = await endpoint();
    const url = await host(handlerOf(mcp));
    expect((await ask(url)).status).toBe(200);
    await Promise.all([mcp.close(), mcp.close()]);
    expect(await ask(url)).toEqual({ status: 503, text: expect.stringContaining('has been closed') });
  });
});

test('the node handler uses what a body parser of the host has read, and callerFrom sees the request of the host', async () => {
  type Parsed = IncomingMessage & { body?: unknown; user?: string };
  const lines: string[] = [];
  const { node } = await endpoint({
    log: logTo(lines),
    callerFrom: (_, incoming) => ({ name: (incoming as Parsed).user ?? '', role: 'admin' }),
  });
  let form: (text: string) => unknown = JSON.parse;
  const url = await host(async (request: Parsed, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    request.body = form(text);
    request.user = 'ada';
    await node(request, response);
  });
  for (form of [JSON.parse, String, Buffer.from])
    expect((await ask(url)).text).toContain('"name":"ada","role":"admin"');
  form = () => undefined;
  expect((await ask(url)).status).toBe(500);
  expect(lines).toEqual([expect.stringContaining('Leave what was read in `body`.')]);
});

test('the fetch handler takes the host from the address if there is no Host header, and refuses a body that was read', async () => {
  const lines: string[] = [];
  const mcp = await endpoint({ mcpAllowedHosts: ['api.example.com'], log: logTo(lines) });
  const { fetch: answer } = mcp;
  const at = (address: string) =>
    new Request(address, rawRequest('tools/call', { name: 'who_am_i', arguments: {} }, {}));
  expect((await answer(at('https://api.example.com/any/path'))).status).toBe(200);
  const foreign = await answer(at('https://evil.example/mcp'));
  expect([foreign.status, await foreign.text()]).toEqual([403, expect.stringContaining('mcpAllowedHosts')]);
  const read = at('http://localhost/mcp');
  await read.text();
  expect((await answer(read)).status).toBe(500);
  expect(lines).toEqual([expect.stringContaining('has been read before')]);
});

test('a caller stays a viewer although the environment that the host passes has MCP_ROLE', async () => {
  const env = { MCP_ROLE: 'admin', CONDUCTOR_SERVER_URL: fake.url, MCP_TOOLS: 'who_am_i' };
  const mcp = await createMcpEndpoint({ env, tools: [whoAmI] });
  closing.push(() => mcp.close());
  const { toolNames, call } = await client('2026-07-28', await host(mcp.node));
  expect(await toolNames()).toEqual(['who_am_i']);
  expect((await call('who_am_i')).structured).toEqual({ name: 'anonymous', role: 'viewer' });
});

const { handle: _, ...withoutCode } = whoAmI;
test.each<[string, Record<string, unknown>, string, string]>([
  [
    'a tool with a built-in name',
    { tools: [{ ...whoAmI, name: 'get_workflow' }] },
    'built-in tool with the name "get_workflow"',
    'another name',
  ],
  [
    'two tools with one name',
    { tools: [whoAmI, whoAmI] },
    'Two tools are there with the name "who_am_i"',
    'another name',
  ],
  ['a tool without code', { tools: [withoutCode] }, 'tools[0] is not one of the tools', '.handler('],
  ['an unknown tool', { tools: [whoAmI], mcpTools: ['who_am_j'] }, 'no tool called "who_am_j"', 'who_am_i'],
  ['an unknown option', { mcpRole: 'admin' }, '"mcpRole" is not an option of createMcpEndpoint', ''],
  ['a wrong value', { rateLimitRpm: 0 }, 'rateLimitRpm', 'docs/configuration.md'],
  ['no server', { conductorServerUrl: undefined }, 'which Conductor server', 'conductorServerUrl:'],
])('createMcpEndpoint refuses %s, and says what to do', async (_, change, message, remedy) => {
  const options = { conductorServerUrl: fake.url, ...change } as McpEndpointOptions;
  await expect(createMcpEndpoint(options)).rejects.toMatchObject({
    code: 'config',
    message: expect.stringContaining(message),
    remedy: expect.stringContaining(remedy),
  });
});

test('a program with two endpoints keeps its signal handlers, and ends by itself after closing them', async () => {
  const program = `
    import { createServer } from 'node:http';
    import { createMcpEndpoint } from 'conductor-fleet/mcp';
    const counts = () => JSON.stringify(process.eventNames().map((name) => [name, process.listenerCount(name)]));
    const before = counts();
    const options = { conductorServerUrl: '${fake.url}', mcpSessions: true };
    const endpoints = [await createMcpEndpoint(options), await createMcpEndpoint(options)];
    const server = createServer(endpoints[0].node).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const headers = { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' };
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'raw', version: '0' } };
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params });
    const url = 'http://127.0.0.1:' + server.address().port;
    const { status } = await fetch(url, { method: 'POST', headers, body });
    await Promise.all(endpoints.map((mcp) => mcp.close()));
    server.close();
    console.log(status, counts() === before);`;
  const run = promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], { cwd: process.cwd() });
  expect(await run).toEqual({ stdout: '200 true\n', stderr: '' });
});

/** A logger that keeps its errors as lines. */
function logTo(lines: string[]): NonNullable<McpEndpointOptions['log']> {
  const ignore = () => {};
  const error = (fields: object | string, text?: string) => void lines.push(`error ${text ?? fields}`);
  const log = { trace: ignore, debug: ignore, info: ignore, warn: ignore, error, fatal: ignore, child: () => log };
  return log;
}
