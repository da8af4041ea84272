import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { processEnvironment } from '../../core/config.ts';
import { type FakeConductor, startFakeConductor } from '../support/fake-conductor.ts';
import { type HttpProcess, startHttpProcess, stdioTarget } from '../support/mcp-process.ts';
import { raw, rawLegacy, rawRequest } from '../support/raw-mcp.ts';
import { exchange, openSocket, post, type RawSocket, unfinishedPost } from '../support/raw-socket.ts';

/** The campaign of issue 15 needs 10,000 connections. `npm test` opens fewer, because each costs the machine time. */
const CONNECTIONS = Number(processEnvironment().FLEET_TEST_CONNECTIONS ?? 2500);
const MB = 1024 * 1024;

const ping = '{"jsonrpc":"2.0","id":1,"method":"ping"}';

let fake: FakeConductor;
let front: HttpProcess | undefined;
let sockets: RawSocket[];

beforeEach(async () => {
  sockets = [];
  fake = await startFakeConductor();
});
afterEach(async () => {
  for (const { socket } of sockets) socket.destroy();
  await front?.stop();
  front = undefined;
  await fake.close();
});

async function start(env: Record<string, string> = {}): Promise<HttpProcess> {
  front = await startHttpProcess({ CONDUCTOR_SERVER_URL: fake.url, RATE_LIMIT_RPM: '1000000', ...env });
  return front;
}

async function open(url: string, bytes?: string): Promise<RawSocket> {
  const opened = await openSocket(url, bytes);
  sockets.push(opened);
  return opened;
}

/** Resident memory of a process, in megabytes. */
function memoryOf({ child }: HttpProcess): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) / 1024;
}

/** Sends a ping on a new connection. Returns how many milliseconds its answer took. */
async function pingMs(url: string): Promise<number> {
  const begun = performance.now();
  expect(await exchange(url, post(ping))).toContain('HTTP/1.1 200');
  return performance.now() - begun;
}

describe('bodies', () => {
  test('S: a slow body is refused with 408, and slow headers and silent connections are closed', async () => {
    const { url } = await start({ MCP_RECEIVE_TIMEOUT_MS: '1000' });
    const slow = await open(url, unfinishedPost(100, '{'));
    const headers = await open(url, 'POST /mcp HTTP/1.1\r\nHost: loc');
    const silent = await open(url);
    const trickle = setInterval(() => {
      slow.socket.write(' ');
      headers.socket.write('a');
    }, 100);
    await Promise.all([slow.closed, headers.closed, silent.closed]).finally(() => clearInterval(trickle));
    expect(slow.text()).toContain('HTTP/1.1 408');
    expect(slow.text()).toContain(
      'the body did not arrive within 1 second. Send the request again. MCP_RECEIVE_TIMEOUT_MS',
    );
    expect(headers.text()).toContain('HTTP/1.1 408');
    await pingMs(url);
  });

  test('a body above the limit gets 413, with and without its length', async () => {
    const { url } = await start({ MCP_MAX_BODY_KB: '64' });
    const large = `"${'x'.repeat(65 * 1024)}"`;
    expect(await exchange(url, post(large))).toMatch(/^HTTP\/1.1 413.*must not exceed 65536 bytes/s);
    const chunked = post('').replace('Content-Length: 0', 'Transfer-Encoding: chunked');
    const sent = await open(url, `${chunked}${(large.length + 1).toString(16)}\r\n${large}`);
    await sent.closed;
    expect(sent.text()).toMatch(/^HTTP\/1.1 413/);
  });

  test('S: 100 unfinished bodies of 4 MB: those without room get 503 with Retry-After, and usual calls are answered', async () => {
    const running = await start({ MCP_RECEIVE_TIMEOUT_MS: '3000' });
    const { url } = running;
    for (let call = 0; call < 200; call++) await pingMs(url);
    const before = memoryOf(running);
    const part = `"${'x'.repeat(4 * MB - 1000)}`;
    await Promise.all(Array.from({ length: 100 }, () => open(url, unfinishedPost(4 * MB, part))));
    await expect.poll(() => sockets.filter(({ text }) => text().includes('HTTP/1.1 503')).length).toBeGreaterThan(90);
    const refused = sockets.find(({ text }) => text().includes('503'))?.text() ?? '';
    expect(refused).toMatch(/Retry-After: 1\r\n/i);
    expect(refused).toContain('the server is reading many large bodies. Nothing was executed.');
    const peak = memoryOf(running);
    expect(await pingMs(url)).toBeLessThan(1000);
    expect(peak - before).toBeLessThan(150); // without a limit, 100 bodies took 380 MB

    await Promise.all(sockets.map(({ closed }) => closed)); // the others get their 408
    const whole = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping', params: { x: 'x'.repeat(3 * MB) } });
    expect(await exchange(url, post(whole))).toContain('HTTP/1.1 200'); // there is room again
    console.info(`100 unfinished bodies: ${report({ before, peak, after: memoryOf(running) })}`);
  });
});

describe('connections', () => {
  test(`${CONNECTIONS} connections: memory grows by at most 64 MB, and a ping takes less than a second`, async () => {
    const running = await start();
    const { url } = running;
    for (let call = 0; call < 1500; call++) await pingMs(url);
    const before = memoryOf(running);
    const openAll = async () => {
      let longest = 0;
      for (let opened = 0; opened < CONNECTIONS; opened += 250) {
        await Promise.all(Array.from({ length: 250 }, () => open(url)));
        longest = Math.max(longest, await pingMs(url));
      }
      return longest;
    };
    const longest = await openAll();
    const peak = memoryOf(running);
    for (const { socket } of sockets.splice(0)) socket.destroy();
    await pingMs(url);
    const after = memoryOf(running);
    await openAll();
    const again = memoryOf(running);
    console.info(
      `${CONNECTIONS} connections: ${report({ before, peak, after, again })}, slowest ping ${Math.round(longest)} ms`,
    );
    expect(peak - before).toBeLessThan(64);
    expect(again - peak).toBeLessThan(16); // what the first connections took is used again
    expect(longest).toBeLessThan(1000);
  });

  test('above the limit, the connection that has waited longest is closed, but none with a running call', async () => {
    const { url } = await start({ MCP_MAX_CONNECTIONS: '3' });
    let answer = () => {};
    fake.routes = ({ path }) =>
      path.startsWith('/api/workflow/')
        ? new Promise((resolve) => {
            answer = () => resolve(undefined);
          })
        : undefined;
    const call = raw(url, 'tools/call', { name: 'get_execution_status', arguments: { executionId: 'exec-1' } });
    await expect.poll(() => fake.requests.some(({ path }) => path.startsWith('/api/workflow/'))).toBe(true);
    const idle = [await open(url), await open(url), await open(url), await open(url)];
    await Promise.all([idle[0]?.closed, idle[1]?.closed]);
    expect(idle.map(({ socket }) => socket.closed)).toEqual([true, true, false, false]);
    answer();
    expect((await call).result).toMatchObject({ content: expect.anything() });
    expect(front?.stderr).toContain('3 connections are open (MCP_MAX_CONNECTIONS)');
  });

  test('more than 16 requests on one connection without an answer are refused', async () => {
    const { url } = await start();
    fake.routes = () => new Promise(() => {}); // no call gets an answer
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'list_workflows' } });
    const kept = post(body).replace('Connection: close\r\n', '');
    const piped = await open(url, kept.repeat(30));
    const calls = () => fake.requests.length;
    await expect.poll(calls).toBeGreaterThan(0);
    await pingMs(url);
    expect(calls()).toBeLessThanOrEqual(16);
    expect(piped.socket.closed).toBe(false); // the answers come in the order of the requests
  });
});

test('/ready asks Conductor once a second, however many probes ask', async () => {
  const { url } = await start();
  const before = fake.requests.length;
  const probes = Array.from({ length: 200 }, () => fetch(new URL('/ready', url)).then(({ status }) => status));
  expect(new Set(await Promise.all(probes))).toEqual(new Set([200]));
  expect(fake.requests.length - before).toBeLessThanOrEqual(3);
});

describe('subscriptions', () => {
  const addresses = (n: number) => Array.from({ length: n }, (_, i) => `conductor://executions/e-${i}`);
  const listen = (url: string, n: number, signal: AbortSignal) => {
    const request = rawRequest('subscriptions/listen', { notifications: { resourceSubscriptions: addresses(n) } }, {});
    return fetch(url, { ...request, signal });
  };

  test('S: a subscription to 1,000 addresses is refused in words, and Conductor is not asked', async () => {
    const { url } = await start();
    const response = await listen(url, 1000, AbortSignal.timeout(10_000));
    expect(await response.text()).toContain('A subscription has at most 100 addresses, but this one has 1000.');
    expect(fake.requests.filter(({ path }) => path.includes('/workflow/e-'))).toEqual([]);
  });

  test('S: a caller has at most 500 addresses; a subscription that ends makes room', async () => {
    const { url } = await start();
    const ends = Array.from({ length: 5 }, () => new AbortController());
    const later = AbortSignal.timeout(30_000);
    const open: Response[] = []; // kept, because a collected response would end its subscription
    for (const { signal } of ends) open.push(await listen(url, 100, signal));
    expect(open.map(({ headers }) => headers.get('content-type'))).toEqual(ends.map(() => 'text/event-stream'));
    expect(await (await listen(url, 1, later)).text()).toContain('at most 100 subscriptions and 500 addresses');
    ends[0]?.abort();
    await expect.poll(async () => (await listen(url, 1, later)).headers.get('content-type')).toContain('event');
    for (const end of ends) end.abort();
  });

  test('a session of 2025 has at most 100 addresses', async () => {
    const { url } = await start({ MCP_SESSIONS: 'true' });
    const clientInfo = { name: 'raw', version: '0' };
    const { sessionId } = await rawLegacy(url, 'initialize', {
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo,
    });
    const answers = [];
    for (const uri of addresses(101)) answers.push(await rawLegacy(url, 'resources/subscribe', { uri }, sessionId));
    expect(answers.filter(({ error }) => error)).toMatchObject([
      { error: { message: expect.stringContaining('at most 100 addresses') } },
    ]);
  });
});

test('S: over stdio, a line of 30 MB is answered with an error, and the next line is read', async () => {
  const { command, args, env } = stdioTarget({ CONDUCTOR_SERVER_URL: fake.url });
  const child = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'ignore'] });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const params = { name: 'list_workflows', arguments: { x: 'x'.repeat(30 * MB) } };
  child.stdin.write(`${JSON.stringify({ method: 'tools/call', params, jsonrpc: '2.0', id: 'long' })}\n${ping}\n`);
  await expect.poll(() => output).toContain('"id":1');
  expect(JSON.parse(output.split('\n')[0] ?? '')).toMatchObject({
    id: 'long',
    error: { message: expect.stringContaining('The line has 30721 KB, but a request has at most 4096 KB') },
  });
  child.stdin.end();
  expect(await exited).toBe(0);
});

test('S: over stdio, the process ends promptly after its client, even if Conductor refuses the credentials', async () => {
  fake.routes = ({ path }) => (path === '/api/token' ? { status: 401, body: { message: 'no' } } : undefined);
  const key = { CONDUCTOR_AUTH_KEY: 'key', CONDUCTOR_AUTH_SECRET: 'hush-hush' };
  const { command, args, env } = stdioTarget({ CONDUCTOR_SERVER_URL: fake.url, ...key });
  const child = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'ignore'] });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const body = rawRequest('tools/call', { name: 'list_workflows', arguments: {} }, {}).body;
  child.stdin.write(`${body}\n`);
  const [answer] = await new Promise<Buffer[]>((resolve) => child.stdout.once('data', (chunk) => resolve([chunk])));
  expect(String(answer)).toContain('refused the credentials');
  const begun = performance.now();
  child.stdin.end();
  expect(await exited).toBe(0);
  expect(performance.now() - begun).toBeLessThan(5000);
});

function report(megabytes: Record<string, number>): string {
  return Object.entries(megabytes)
    .map(([when, value]) => `${when} ${value.toFixed(1)} MB`)
    .join(', ');
}
