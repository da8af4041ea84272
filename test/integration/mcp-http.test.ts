import { request } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createConductor } from '../../core/conductor/api.ts';
import { createCaller } from '../../core/conductor/connection/caller.ts';
import { release } from '../../core/conductor/embedded/install/release.ts';
import { silentLogger } from '../../core/log.ts';
import { readingOf } from '../../mcp/admission/subject.ts';
import type { Feature } from '../../mcp/engine/mcp-server.ts';
import { type HttpEndpoint, type HttpOptions, startHttp } from '../../mcp/transports/http.ts';
import { type FakeConductor, startFakeConductor } from '../support/fake-conductor.ts';
import { frontOf, httpConfig } from '../support/mcp-front.ts';
import { rawRequest } from '../support/raw-mcp.ts';

let fake: FakeConductor;
let front: HttpEndpoint | undefined;

beforeEach(async () => {
  waiting = Promise.withResolvers();
  left = Promise.withResolvers();
  fake = await startFakeConductor();
});
afterEach(async () => {
  await front?.close();
  front = undefined;
  await fake.close();
});

async function start(changes: Partial<HttpOptions['config']> = {}): Promise<HttpEndpoint> {
  const auth = { conductorAuthKey: undefined, conductorAuthSecret: undefined };
  const api = createConductor(createCaller({ conductorServerUrl: fake.url, ...auth, requestTimeoutMs: 500 }));
  const conductor = async () => api;
  front = await startHttp({
    ...frontOf([noTools]),
    conductor,
    config: await httpConfig(changes),
    log: silentLogger,
  });
  return front;
}

/** A server without tools. The cursor of `tools/list` tells it to send a message first, or to wait until the client is gone. */
const noTools: Feature = {
  capabilities: { tools: {} },
  attach: (requests) =>
    requests.answer('tools/list', {
      find: () => readingOf('tools/list', 'none'),
      async handle(_subject, { params, context: { mcpReq } }) {
        if (params?.cursor === 'progress') {
          await mcpReq.notify({ method: 'notifications/progress', params: { progressToken: 'p', progress: 1 } });
        }
        if (params?.cursor === 'wait') {
          waiting.resolve();
          await new Promise((resolve) => mcpReq.signal.addEventListener('abort', resolve));
          left.resolve();
        }
        return { tools: [] };
      },
    }),
};
let waiting = Promise.withResolvers<void>();
let left = Promise.withResolvers<void>();

interface Reply {
  status: number;
  text: string;
}

/** Sends a request with any Host header, which `fetch` does not allow. */
function send(url: string, method = 'GET', headers: Record<string, string> = {}, body?: string): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method, headers, agent: false }, async (response) => {
      let text = '';
      for await (const chunk of response) text += chunk;
      resolve({ status: response.statusCode ?? 0, text });
    });
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}

const rpc = (method: string, params: object = {}) => JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
const headers = { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' };
const path = (url: string, to: string) => new URL(to, url).href;

describe('who may call', () => {
  test('the server accepts a request for localhost, with and without a local Origin', async () => {
    const { url } = await start();
    expect((await send(url, 'POST', headers, rpc('tools/list'))).status).toBe(200);
    const local = { ...headers, Origin: 'http://localhost:6274' };
    expect((await send(url, 'POST', local, rpc('tools/list'))).status).toBe(200);
  });

  test('the server refuses a foreign Host or Origin', async () => {
    const { url } = await start();
    expect((await send(url, 'POST', { ...headers, Host: 'evil.example' }, rpc('tools/list'))).status).toBe(403);
    expect((await send(url, 'POST', { ...headers, Origin: 'https://evil.example' }, rpc('tools/list'))).status).toBe(
      403,
    );
  });

  test('the server accepts the configured host names', async () => {
    const { url } = await start({ mcpAllowedHosts: ['mcp'], mcpAllowedOrigins: ['tools.example'] });
    const named = { ...headers, Host: 'mcp:3000', Origin: 'https://tools.example' };
    expect((await send(url, 'POST', named, rpc('tools/list'))).status).toBe(200);
  });
});

describe('probes', () => {
  test('/health answers 200 while the process runs, even if Conductor is down', async () => {
    const { url } = await start();
    fake.fault = 'hang-up';
    expect(await send(path(url, '/health'))).toEqual({ status: 200, text: '{"status":"ok"}' });
  });

  test('/ready answers 200 only while Conductor answers', async () => {
    const { url } = await start();
    expect(await send(path(url, '/ready'))).toMatchObject({
      status: 200,
      text: expect.stringContaining(release.version),
    });
    // An answer is used again for a second.
    fake.fault = 'html';
    await expect.poll(() => send(path(url, '/ready'))).toMatchObject({ status: 503 });
    fake.fault = 'none';
    await expect.poll(() => send(path(url, '/ready'))).toMatchObject({ status: 200 });
  });
});

test('a 2025 client gets a JSON body, or an event stream if it asks for progress; a notification gets an empty 202', async () => {
  const { url } = await start();
  const typeOf = async (body: string) => {
    const response = await fetch(url, { method: 'POST', headers, body });
    expect(await response.text()).toContain('"tools":[]');
    return response.headers.get('content-type');
  };
  expect(await typeOf(rpc('tools/list'))).toBe('application/json');
  expect(await typeOf(rpc('tools/list', { _meta: { other: 1 } }))).toBe('application/json');
  expect(await typeOf(rpc('tools/list', { _meta: { progressToken: 0 } }))).toBe('text/event-stream');
  const notified = await fetch(url, {
    method: 'POST',
    headers,
    body: JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' }),
  });
  expect([notified.status, await notified.text()]).toEqual([202, '']);
});

test('the server refuses a malformed request of a 2025 client with the right status', async () => {
  const { url } = await start();
  const statusOf = async (changed: Record<string, string>, body = rpc('tools/list')) =>
    (await send(url, 'POST', { ...headers, ...changed }, body)).status;
  expect(await statusOf({ 'Mcp-Protocol-Version': '2025-06-18' })).toBe(200);
  expect(await statusOf({ 'Mcp-Protocol-Version': '2024-01-01' })).toBe(400);
  expect(await statusOf({ Accept: 'application/json' })).toBe(406);
  expect(await statusOf({ 'Content-Type': 'text/plain' })).toBe(415);
  expect(await statusOf({}, JSON.stringify({ id: 1, method: 'tools/list' }))).toBe(400);
  expect(await statusOf({}, JSON.stringify({ jsonrpc: '2.0', id: null, method: 'tools/list' }))).toBe(400);
});

describe('a 2026 client', () => {
  const ask = (url: string, method: string, params: object = {}, options: RequestInit = {}) =>
    fetch(url, { ...rawRequest(method, { ...params }, {}), ...options });

  test('a 2026 client gets a plain result, an error with its status, and a stream only if a message comes first', async () => {
    const { url } = await start();
    const whole = await ask(url, 'tools/list');
    expect([whole.status, whole.headers.get('content-type')]).toEqual([200, 'application/json']);
    expect(await whole.json()).toMatchObject({ id: expect.any(Number), result: { tools: [] } });
    const unknown = await ask(url, 'prompts/list');
    expect([unknown.status, await unknown.json()]).toMatchObject([404, { error: { code: -32601 } }]);
    const told = await ask(url, 'tools/list', { cursor: 'progress' });
    expect(told.headers.get('content-type')).toBe('text/event-stream');
    const events = [...(await told.text()).matchAll(/^data: (.+)$/gm)].map(([, data = '']) => JSON.parse(data));
    expect(events).toMatchObject([{ method: 'notifications/progress' }, { result: { tools: [] } }]);
  });

  test('a call is cancelled if its 2026 client disconnects, and if the server closes', async () => {
    const { url, close } = await start();
    const going = new AbortController();
    const gone = ask(url, 'tools/list', { cursor: 'wait' }, { signal: going.signal });
    await waiting.promise;
    going.abort();
    await expect(gone).rejects.toThrow();
    await left.promise;

    waiting = Promise.withResolvers();
    left = Promise.withResolvers();
    const open = ask(url, 'tools/list', { cursor: 'wait' }).catch(() => 'closed');
    await waiting.promise;
    await close();
    await left.promise;
    expect(await open).toBe('closed');
  });
});

test('the server refuses a body of more than 4 MB', async () => {
  const { url } = await start();
  const reply = await send(url, 'POST', headers, rpc('tools/list', { x: 'x'.repeat(4 * 1024 * 1024) }));
  expect(reply.status).toBe(413);
});

test('wrong paths, methods and bodies get an error status, and a query in the address is ignored', async () => {
  const { url } = await start();
  expect(await send(path(url, '/'))).toMatchObject({ status: 404, text: expect.stringContaining('/mcp') });
  for (const method of ['GET', 'DELETE', 'PUT']) expect((await send(url, method, headers)).status).toBe(405);
  expect((await send(url, 'POST', { 'Content-Type': 'text/plain' }, 'x')).status).toBe(415);
  expect((await send(url, 'POST', headers, '{')).status).toBe(400);
  expect((await send(`${url}?x=1`, 'POST', headers, rpc('tools/list'))).status).toBe(200);
});

test('if the port is taken, the error names it and says how to choose another', async () => {
  const { url } = await start();
  const mcpPort = Number(new URL(url).port);
  const first = front;
  await expect(start({ mcpPort })).rejects.toMatchObject({
    code: 'environment',
    message: `Port ${mcpPort} on 127.0.0.1 is taken.`,
    remedy: expect.stringContaining('--port'),
  });
  front = first;
});

test('when the server closes, it ends open event streams and idle connections', async () => {
  const { url, close } = await start();
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '0' },
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  const stream = await fetch(url, {
    method: 'POST',
    headers: { ...headers, 'MCP-Protocol-Version': '2026-07-28', 'Mcp-Method': 'subscriptions/listen' },
    body: rpc('subscriptions/listen', { _meta: meta, notifications: { toolsListChanged: true } }),
  });
  expect(stream.headers.get('content-type')).toContain('text/event-stream');
  const ended = stream.text().catch(() => 'ended');
  await close();
  await ended;
  await expect(fetch(url)).rejects.toThrow();
});
