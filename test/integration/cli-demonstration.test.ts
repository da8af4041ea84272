import { mkdtempSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createConductor } from '../../core/conductor/api.ts';
import { createCaller } from '../../core/conductor/connection/caller.ts';
import { loadConfig } from '../../core/config.ts';
import { silentLogger } from '../../core/log.ts';
import { demonstrate } from '../../examples/demonstration/demonstrate.ts';
import { openShop } from '../../examples/demonstration/open-shop.ts';
import { isShop } from '../../examples/shop/services/health.ts';
import { type Shop, startShop } from '../../examples/shop/start-shop.ts';
import { type FakeConductor, fakeExecution, startFakeConductor } from '../support/fake-conductor.ts';
import { freePort } from '../support/free-port.ts';

const { config } = loadConfig({ env: { FLEET_DIR: join(mkdtempSync(join(tmpdir(), 'demo-')), 'none') } });

let fake: FakeConductor;
let shop: Shop;
beforeEach(async () => {
  fake = await startFakeConductor();
  shop = await startShop();
});
afterEach(async () => {
  await fake.close();
  await shop.close();
});

/** Lets the fake server's executions end in these states, in the order of their starts. Further executions keep running. */
function serverWith(states: readonly { status: string; output?: unknown }[]) {
  let started = 0;
  fake.routes = ({ method, path }) => {
    if (method === 'POST') return { body: `exec-${started++}` };
    const def = /^\/api\/metadata\/workflow\/(\w+)$/.exec(path)?.[1];
    if (def) return { body: { name: def, version: 1, tasks: [] } };
    const workflowId = /^\/api\/workflow\/(exec-\d+)/.exec(path)?.[1];
    if (!workflowId) return undefined;
    const state = { status: 'RUNNING', output: {}, ...states[Number(workflowId.slice(5))], workflowId };
    return { body: path.endsWith('/status') ? state : fakeExecution(state) };
  };
  return createConductor(createCaller({ ...config, conductorServerUrl: fake.url }));
}

async function show(
  states: Parameters<typeof serverWith>[0],
  { file, signal }: { file?: string; signal?: AbortSignal },
) {
  const conductor = serverWith(states);
  let said = '';
  const print = (line = '') => {
    said += `${line}\n`;
  };
  const options = { conductor, shopUrl: shop.url, file, print, note: print };
  const ok = await demonstrate({ ...options, signal: signal ?? new AbortController().signal });
  return { ok, said };
}

const failedFor = (noted: string) => ({ status: 'FAILED', output: { 'conductor.failure_workflow': noted } });
const faults = async () => ((await (await fetch(`${shop.url}/faults`)).json()) as { faults: unknown[] }).faults;

test('the demonstration shows why a compensation could not start, and continues', async () => {
  const states = [{ status: 'COMPLETED' }, failedFor('No such workflow found by name'), { status: 'COMPLETED' }];
  const { ok, said } = await show(states, { file: 'README.md' });
  expect(ok).toBe(false);
  expect(said).toContain('FAILED, not compensated');
  expect(said).toContain('the compensation could not be started: No such workflow found by name');
  expect(said).toMatch(/3\. README\.md, compressed and analysed\n.*COMPLETED/);
});

test('if the first order does not succeed, the demonstration shows its real state', async () => {
  const { ok, said } = await show([{ status: 'TERMINATED' }, failedFor('none')], {});
  expect(ok).toBe(false);
  expect(said).toMatch(/1\. An order that succeeds\n.*TERMINATED/);
});

test('for a folder without files, the demonstration says so and still succeeds', async () => {
  const compensation = '00000000-0000-4000-8000-000000000000';
  const states = [{ status: 'COMPLETED' }, failedFor(compensation)];
  const conductor = serverWith(states);
  const { routes } = fake;
  fake.routes = (request) => {
    if (!request.path.includes(compensation)) return routes(request);
    const ended = { workflowId: compensation, status: 'COMPLETED', output: {} };
    return { body: request.path.endsWith('/status') ? ended : fakeExecution(ended) };
  };
  let said = '';
  const print = (line = '') => {
    said += `${line}\n`;
  };
  const { signal } = new AbortController();
  const ok = await demonstrate({ conductor, shopUrl: shop.url, file: undefined, signal, print, note: print });
  expect(said).toContain('FAILED → compensated');
  expect(said).toContain('3. No file to compress');
  expect(ok).toBe(true);
});

test('an interrupted demonstration removes its fault from the shop', async () => {
  const over = new AbortController();
  const shown = show([{ status: 'COMPLETED' }], { signal: over.signal });
  await expect.poll(faults).toHaveLength(1);
  // Abort only after the start. An interrupted start throws the signal's reason, which has no error code here.
  await expect.poll(() => fake.requests.some(({ path }) => path.includes('exec-1'))).toBe(true);
  over.abort();
  await expect(shown).rejects.toMatchObject({ code: 'cancelled' });
  expect(await faults()).toEqual([]);
});

test.each(['https://127.0.0.1', 'http://192.0.2.1', 'http://127.0.0.1/behind/a/path'])(
  'opens no shop at %s',
  async (start) => {
    const { host, protocol, pathname } = new URL(start);
    const shopUrl = `${protocol}//${host}:${await freePort()}${pathname === '/' ? '' : pathname}`;
    const opened = await openShop({ ...config, shopUrl }, { log: silentLogger, note: () => undefined });
    expect(opened.url).toBe(shopUrl);
    await expect(fetch(shopUrl.replace('https', 'http').replace('192.0.2.1', '127.0.0.1'))).rejects.toThrow();
  },
);

test.each(['localhost', '127.0.0.1', '[::1]'])('opens the shop at %s', async (host) => {
  const port = await freePort();
  const opened = await openShop(
    { ...config, shopUrl: `http://${host}:${port}` },
    { log: silentLogger, note: () => undefined },
  );
  expect((await fetch(`${opened.url}/health`)).status).toBe(200);
  expect(opened.url).toMatch(new RegExp(`:${port}$`));
  await opened.close();
});

test('N4: a shop that moves to a free port says why', async ({ skip }) => {
  const other = createServer((_, response) => response.end('not a shop'));
  other.on('error', () => undefined).listen(8090, '127.0.0.1');
  if (await isShop('http://127.0.0.1:8090')) skip('another shop runs on this machine');
  const notes: string[] = [];
  const opened = await openShop(config, { log: silentLogger, note: (line) => void notes.push(line) });
  other.close().closeAllConnections();
  expect(notes).toEqual([`Another program uses port 8090, so the shop uses port ${new URL(opened.url).port}.`]);
  await opened.close();
});
