import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type FakeConductor, startFakeConductor } from '../support/fake-conductor.ts';
import { connect } from '../support/mcp-clients.ts';
import { type HttpProcess, startHttpProcess, stdioTarget } from '../support/mcp-process.ts';

let fake: FakeConductor;
let server: HttpProcess | undefined;
beforeEach(async () => {
  fake = await startFakeConductor();
});
afterEach(async () => {
  await server?.stop();
  server = undefined;
  await fake.close();
});

type Json = Record<string, unknown>;
const initialize = (protocolVersion: string) => ({
  protocolVersion,
  capabilities: {},
  clientInfo: { name: 'raw', version: '0' },
});
const request = (id: unknown, method: string, params: Json = {}) => ({ jsonrpc: '2.0', id, method, params });

async function serve(flags: string[] = []): Promise<string> {
  server = await startHttpProcess({ CONDUCTOR_SERVER_URL: fake.url }, flags);
  return server.url;
}

function post(url: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  const standard = {
    'Content-Type': 'application/json',
    Accept: 'application/json, text/event-stream',
    'MCP-Protocol-Version': '2025-11-25',
  };
  return fetch(url, { method: 'POST', headers: { ...standard, ...headers }, body: JSON.stringify(body) });
}

interface Answer {
  readonly id?: unknown;
  readonly result?: Json;
  readonly error?: { readonly code: number; readonly message: string };
}

async function answerTo(url: string, body: unknown, headers?: Record<string, string>): Promise<Answer> {
  const text = await (await post(url, body, headers)).text();
  return JSON.parse(/^data: (\{.+)$/m.exec(text)?.[1] ?? text) as Answer;
}

describe('over HTTP', () => {
  test('S: a body that is nested very deeply is refused at once', async () => {
    const url = await serve();
    const begun = performance.now();
    const headers = { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' };
    const response = await fetch(url, { method: 'POST', headers, body: deeplyNested(1) });
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('more than 1000 levels deep. Nothing was executed.');
    expect(performance.now() - begun).toBeLessThan(5000); // before, it kept the process busy for a minute
  });

  test('M13: every odd request gets an answer in words, never a dump', async () => {
    const url = await serve();
    const wrong: [string, Json][] = [
      ['tools/call', { name: 5 }],
      ['tools/call', { name: 'list_workflows', arguments: 'x' }],
      ['prompts/get', { name: 'operations_report', arguments: { hours: {} } }],
      ['resources/read', {}],
      ['completion/complete', { ref: 7 }],
      ['resources/list', { cursor: 'junk' }],
      ['resources/list', { cursor: 5 }],
      ['resources/templates/list', { cursor: 'junk' }],
      ['tools/list', { cursor: 'junk' }],
      ['prompts/list', { cursor: 'junk' }],
    ];
    for (const [method, params] of wrong) {
      const { id, error } = await answerTo(url, request(7, method, params));
      expect([id, error?.code], JSON.stringify([method, params, error])).toEqual([7, -32602]);
      expect(error?.message).not.toMatch(/"(code|path|expected)"/);
    }
    for (const id of [1.5, null, 2 ** 60]) {
      expect((await answerTo(url, request(id, 'ping'))).error?.code).toBe(-32600);
    }
    const prompt = request(1, 'prompts/get', { name: 'operations_report', arguments: { hours: 3 } });
    expect(JSON.stringify((await answerTo(url, prompt)).result)).toContain('of the last 3 hours');
    const call = request(2, 'tools/call', { name: 'list_workflows', arguments: null });
    expect((await answerTo(url, call)).result).toMatchObject({ structuredContent: { total: 1 } });
    expect((await post(url, request(1, 'ping'), { Accept: '*/*' })).status).toBe(200);
  });

  test('M4: without sessions, a client of 2025 is not told that it can subscribe', async () => {
    const url = await serve();
    const { result } = await answerTo(url, request(1, 'initialize', initialize('2025-11-25')));
    expect(result?.capabilities).toEqual({ completions: {}, tools: {}, resources: {}, prompts: {} });
    const subscribe = request(2, 'resources/subscribe', { uri: 'conductor://workflows' });
    expect((await answerTo(url, subscribe)).error?.code).toBe(-32601);
  });

  test('M4 and M5: in a session it can subscribe, and its stream is free again when its connection closes', async () => {
    const url = await serve(['--sessions']);
    const opened = await post(url, request(1, 'initialize', initialize('2025-11-25')));
    const session = { 'Mcp-Session-Id': opened.headers.get('mcp-session-id') ?? '' };
    expect(await opened.text()).toContain('"subscribe":true');
    const subscribe = request(2, 'resources/subscribe', { uri: 'conductor://workflows' });
    expect((await answerTo(url, subscribe, session)).result).toEqual({});

    const listen = async () => {
      const going = new AbortController();
      const headers = { Accept: 'text/event-stream', 'MCP-Protocol-Version': '2025-11-25', ...session };
      return { stop: going, status: (await fetch(url, { headers, signal: going.signal })).status };
    };
    const first = await listen();
    expect(first.status).toBe(200);
    expect((await listen()).status).toBe(409);
    first.stop.abort();
    const second = await expect
      .poll(async () => (await listen()).status, { timeout: 3000, interval: 100 })
      .toBe(200)
      .then(() => 'open');
    expect(second).toBe('open');
  });

  test('M6: a script of an allowed origin may call and read, another one may not', async () => {
    const url = await serve(['--allowed-origins', 'tools.example']);
    const preflight = (Origin: string) =>
      fetch(url, { method: 'OPTIONS', headers: { Origin, 'Access-Control-Request-Method': 'POST' } });
    const allowed = await preflight('https://tools.example');
    expect([allowed.status, allowed.headers.get('content-length')]).toEqual([204, null]); // RFC 9110, section 8.6
    expect(allowed.headers.get('access-control-allow-origin')).toBe('https://tools.example');
    expect(allowed.headers.get('access-control-allow-methods')).toContain('POST');
    for (const header of ['content-type', 'mcp-protocol-version', 'mcp-session-id'])
      expect(allowed.headers.get('access-control-allow-headers')?.toLowerCase()).toContain(header);
    const answer = await post(url, request(1, 'ping'), { Origin: 'https://tools.example' });
    expect(answer.headers.get('access-control-allow-origin')).toBe('https://tools.example');
    expect(answer.headers.get('access-control-expose-headers')).toContain('Mcp-Session-Id');
    expect(await answer.json()).toMatchObject({ result: {} });

    const foreign = await preflight('https://evil.example');
    expect([foreign.status, foreign.headers.get('access-control-allow-origin')]).toEqual([403, null]);
    expect((await post(url, request(1, 'ping'))).headers.get('access-control-allow-origin')).toBe(null);
  });
});

/** A call whose arguments are nested 100,000 levels deep, as a text. */
function deeplyNested(id: number): string {
  const value = '['.repeat(100_000) + ']'.repeat(100_000);
  return `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"invoke_api","arguments":{"body":${value}}}}`;
}

/** A Node flag that lets a process write to a file which modules it loads. */
const LISTS_MODULES = `--import=data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module';
  import { appendFileSync } from 'node:fs';
  registerHooks({
    load(url, context, next) {
      if (url.startsWith('file:')) appendFileSync(process.env.LOADED_MODULES, url + '\\n');
      return next(url, context);
    },
  });`)}`;

/** Needed by few calls, or only with a setting. Each module costs about 50 KB of memory at rest. */
const NOT_AT_REST = [
  '/node_modules/ioredis/',
  '/node_modules/jose/',
  '/node_modules/p-queue/',
  '/core/audit/parse-line.',
  '/core/conductor/definition-lock.',
  '/mcp/api/',
  '/mcp/auth/',
  '/mcp/docs/',
  '/mcp/guard/guard-conductor.',
  '/mcp/operate/gate-guard.',
  '/mcp/operate/operate.',
  '/mcp/transports/http.',
  '/workflows/lint/',
];
/** Modules of our own; above it stand the packages. Before a change raises it, see what the change loads that few calls need. */
const MOST_MODULES_AT_REST = 230;

describe('over stdio', () => {
  test('M13: odd ids, broken lines and batches of 2025-03-26 are answered', async () => {
    const { command, args, env } = stdioTarget({ CONDUCTOR_SERVER_URL: fake.url });
    const child = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'ignore'] });
    const lines: unknown[] = [];
    let rest = '';
    child.stdout.on('data', (chunk) => {
      const parts = `${rest}${chunk}`.split('\n');
      rest = parts.pop() ?? '';
      lines.push(...parts.filter((part) => part !== '').map((part) => JSON.parse(part) as unknown));
    });
    const ask = async (line: unknown): Promise<unknown> => {
      const before = lines.length;
      child.stdin.write(`${typeof line === 'string' ? line : JSON.stringify(line)}\n`);
      await expect.poll(() => lines.length, { timeout: 10_000 }).toBeGreaterThan(before);
      return lines[before];
    };
    try {
      expect(await ask(request(0, 'initialize', initialize('2025-03-26')))).toMatchObject({ id: 0, result: {} });
      for (const id of [1.5, null, 2 ** 60])
        expect(await ask(request(id, 'ping'))).toMatchObject({ id, error: { code: -32600 } });
      expect(await ask('{"jsonrpc"')).toMatchObject({ id: null, error: { code: -32700 } });
      expect(await ask('[]')).toMatchObject({ id: null, error: { code: -32600 } });
      const tooDeep = { code: -32600, message: expect.stringContaining('more than 1000 levels deep') };
      expect(await ask(deeplyNested(13))).toMatchObject({ id: 13, error: tooDeep });
      expect(await ask({ jsonrpc: '2.0', id: 12 })).toMatchObject({ id: 12, error: { code: -32600 } });
      const batch = [
        request(20, 'tools/call', { name: 'list_workflows', arguments: {} }),
        request(21, 'tools/call', { name: 5 }),
        request(22, 'ping'),
        { jsonrpc: '2.0', method: 'notifications/initialized' },
      ];
      const answers = (await ask(batch)) as Answer[];
      expect(answers.map(({ id }) => id).sort()).toEqual([20, 21, 22]);
      expect(answers.find(({ id }) => id === 21)?.error?.code).toBe(-32602);
      expect(await ask(request(30, 'ping'))).toEqual({ jsonrpc: '2.0', id: 30, result: {} });
    } finally {
      child.stdin.end();
    }
    expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(0);
  });

  test('at rest, only what a client needs that has listed the tools is loaded', async () => {
    const list = join(mkdtempSync(join(tmpdir(), 'fleet-loaded-')), 'modules');
    const env = { CONDUCTOR_SERVER_URL: fake.url, NODE_OPTIONS: LISTS_MODULES, LOADED_MODULES: list };
    const before = fake.requests.length;
    const client = await connect('2025-11-25', stdioTarget(env));
    expect(await client.toolNames()).toContain('get_execution_status');
    const asked = fake.requests.slice(before).map(({ path }) => path);
    expect(asked.filter((path) => path.endsWith('/latest-versions'))).toHaveLength(1);
    await client.close();
    const loaded = [...new Set(readFileSync(list, 'utf8').trim().split('\n'))];
    expect(loaded.some((file) => file.endsWith('/mcp/tools/get-execution-status.ts'))).toBe(true);
    expect(loaded.filter((file) => NOT_AT_REST.some((part) => file.includes(part)))).toEqual([]);
    const own = loaded.filter((file) => !file.includes('/node_modules/'));
    expect(own.length).toBeLessThanOrEqual(MOST_MODULES_AT_REST);
  });
});
