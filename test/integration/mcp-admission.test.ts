import { type RequestMethod, Server } from '@modelcontextprotocol/server';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { buildMcp } from '../../cli/mcp-front.ts';
import { searchAudit } from '../../core/audit/search.ts';
import { loadConfig } from '../../core/config.ts';
import { silentLogger } from '../../core/log.ts';
import { type Caller, callerOf } from '../../mcp/admission/permissions.ts';
import { Leases } from '../../mcp/agents/leases.ts';
import type { TaskMethod } from '../../mcp/tasks/task-methods.ts';
import { startHttp } from '../../mcp/transports/http.ts';
import { auditFolderForTest } from '../support/audit-scene.ts';
import { type FakeConductor, startFakeConductor } from '../support/fake-conductor.ts';
import { freePort } from '../support/free-port.ts';
import { INITIALIZE, type RawAnswer, raw, rawLegacy, rawLegacyRequest } from '../support/raw-mcp.ts';
import { conductorAt } from '../support/tool-calls.ts';

/*
 * Tests that every request method passes admission, in each era and over real HTTP. A spy on the SDK's
 * `setRequestHandler` finds the methods that the product registers. The SDK answers `subscriptions/listen` without a
 * handler, so this test adds it. A new method needs an example below.
 */

type Params = Record<string, unknown>;

const taskId = 'exec-1.execute_workflow';
const uri = 'conductor://executions/exec-1';

/** Example parameters for each method. The compiler requires an entry for every method that the SDK knows. */
const examples: Readonly<Record<RequestMethod | TaskMethod, Params>> = {
  initialize: INITIALIZE,
  ping: {},
  'server/discover': {},
  'logging/setLevel': { level: 'info' },
  'tools/list': {},
  'tools/call': { name: 'get_execution_status', arguments: { executionId: 'exec-1' } },
  'resources/list': {},
  'resources/templates/list': {},
  'resources/read': { uri },
  'resources/subscribe': { uri },
  'resources/unsubscribe': { uri },
  'prompts/list': {},
  'prompts/get': { name: 'diagnose_execution', arguments: { executionId: 'exec-1' } },
  'completion/complete': {
    ref: { type: 'ref/prompt', name: 'diagnose_execution' },
    argument: { name: 'executionId', value: '' },
  },
  'subscriptions/listen': { notifications: { resourceSubscriptions: [uri] } },
  'tasks/get': { taskId },
  'tasks/update': { taskId, inputResponses: {} },
  'tasks/cancel': { taskId },
  // A server sends these requests to its client. The SDK knows them, so they need an entry.
  'sampling/createMessage': {},
  'elicitation/create': {},
  'roots/list': {},
};

/** The SDK itself answers these methods. Its answers contain nothing about Conductor. */
const ANSWERED_BY_SDK = ['initialize', 'ping', 'server/discover'];
/** Every caller may call these methods, because each list contains only what the caller may use. */
const LISTS = ['tools/list', 'resources/list', 'resources/templates/list', 'prompts/list'];
/** The rate limit does not apply to these methods, because their answers need no request to Conductor. */
const ANSWERED_FROM_MEMORY = ['prompts/list', 'resources/templates/list', 'resources/unsubscribe'];

let fake: FakeConductor;
let closing: (() => Promise<unknown>)[];
let auditDir: string;

beforeEach(async () => {
  closing = [];
  auditDir = auditFolderForTest();
  fake = await startFakeConductor();
});
afterEach(async () => {
  for (const close of closing.reverse()) await close();
  await fake.close();
});

/** Serves the product over HTTP and treats every request as one of `caller`. Returns the address. */
async function serve(caller: Caller, { sessions = false, rpm = 1_000_000, concurrent = 100 } = {}): Promise<string> {
  const env = {
    CONDUCTOR_SERVER_URL: fake.url,
    RATE_LIMIT_RPM: String(rpm),
    RATE_LIMIT_CONCURRENT: String(concurrent),
    MCP_PORT: String(await freePort()),
    MCP_SESSIONS: String(sessions),
    MCP_AUDIT_DIR: auditDir,
  };
  const { config } = loadConfig({ env });
  const api = conductorAt(fake.url);
  const conductor = async () => api;
  const stop = new AbortController();
  const leases = new Leases({ conductor, log: silentLogger });
  const parts = { config, log: silentLogger, conductor, leases, signal: stop.signal };
  const endpoint = await startHttp({ ...parts, ...(await buildMcp({ ...parts, callerFrom: () => caller })) });
  closing.push(
    async () => stop.abort(),
    () => endpoint.close(),
  );
  return endpoint.url;
}

type Send = (method: string, params: Params) => Promise<RawAnswer>;

interface Way {
  readonly sessions: boolean;
  /** Methods that exist only with this transport and era. */
  readonly own: readonly string[];
  open(url: string): Promise<Send>;
}

const ways: readonly [string, Way][] = [
  ['2025-11-25', { sessions: false, own: [], open: async (url) => (method, params) => rawLegacy(url, method, params) }],
  [
    '2025-11-25 in a session',
    { sessions: true, own: ['resources/subscribe', 'resources/unsubscribe'], open: openSession },
  ],
  [
    '2026-07-28',
    {
      sessions: false,
      own: ['subscriptions/listen', 'tasks/get', 'tasks/update', 'tasks/cancel'],
      open: async (url) => (method, params) => raw(url, method, params),
    },
  ],
];

async function openSession(url: string): Promise<Send> {
  const { sessionId } = await rawLegacy(url, 'initialize', INITIALIZE);
  return (method, params) => rawLegacy(url, method, params, sessionId);
}

/** Opens a connection. Returns its `send`, and the methods that must pass admission. */
async function methodsOf(way: string, open: () => Promise<Send>): Promise<{ send: Send; methods: readonly string[] }> {
  const register = vi.spyOn(Server.prototype, 'setRequestHandler');
  try {
    const send = await open();
    await send('server/discover', {});
    const registered = new Set(register.mock.calls.map(([method]) => String(method)));
    if (way === '2026-07-28') registered.add('subscriptions/listen');
    return { send, methods: [...registered].filter((method) => !ANSWERED_BY_SDK.includes(method)) };
  } finally {
    register.mockRestore();
  }
}

function exampleOf(method: string): Params {
  const example = Object.entries(examples).find(([name]) => name === method)?.[1];
  if (!example) throw new Error(`The method ${method} has no example. Add its parameters to "examples" in this file.`);
  return example;
}

/** Returns the error in an answer: a protocol error or a tool error. */
function refusalIn({ result, error }: RawAnswer): string {
  return error?.message ?? (result?.isError === true ? JSON.stringify(result.content) : 'not refused');
}

/** The decisions that the audit log has about each method. */
async function recordedDecisions(): Promise<Record<string, unknown[]>> {
  const { requests } = await searchAudit(auditDir, { limit: 1000 });
  const byMethod = Map.groupBy(requests, ({ method }) => method);
  return Object.fromEntries([...byMethod].map(([method, all]) => [method, all.map(({ decision }) => decision)]));
}

const powerless: Caller = { ...callerOf('viewer'), permissions: [] };

describe.each(ways)('a client of %s', (way, { sessions, own, open }) => {
  test('a client without permissions is refused every request, and its lists are empty', async () => {
    const url = await serve(powerless, { sessions });
    const { send, methods } = await methodsOf(way, () => open(url));
    expect(methods).toEqual(expect.arrayContaining([...LISTS, ...own, 'tools/call', 'resources/read', 'prompts/get']));
    for (const method of methods) {
      const answer = await send(method, exampleOf(method));
      if (!LISTS.includes(method)) expect(refusalIn(answer), method).toContain('Error (denied)');
      else expect(Object.values(answer.result ?? {}).find(Array.isArray), method).toEqual([]);
    }
    const expected = methods.map((method) => [method, [LISTS.includes(method) ? 'allowed' : 'permission']]);
    expect(await recordedDecisions()).toMatchObject(Object.fromEntries(expected));
  });

  test('S6: greetings, unknown methods and wrong parameters are recorded', async () => {
    const url = await serve(callerOf('viewer'), { sessions });
    const send = await open(url);
    const greeting = way === '2026-07-28' ? 'server/discover' : 'ping';
    expect(await send(greeting, {})).toMatchObject({ result: {} });
    expect(await send('workflows/delete', { name: 'x' })).toMatchObject({ error: { code: -32601 } });
    expect(await send('tools/call', { name: 7 })).toMatchObject({ error: { code: -32602 } });
    expect(await recordedDecisions()).toEqual({
      ...(sessions && { initialize: ['allowed'] }),
      [greeting]: ['allowed'],
      'workflows/delete': ['invalid'],
      'tools/call': ['invalid'],
    });
    const { requests } = await searchAudit(auditDir, { limit: 10, decision: 'allowed' });
    for (const { outcome } of requests) expect(outcome).toBe('ok');
    if (!sessions) return;
    const inSession = fetch(url, rawLegacyRequest('tools/list', {}, 'of-somebody-else'));
    expect((await inSession).status).toBe(404);
    const [last] = (await searchAudit(auditDir, { limit: 1 })).requests;
    expect(last).toMatchObject({ method: 'tools/list', outcome: 'error', code: 'not-found' });
  });

  test('above the rate limit, the server refuses every request whose answer needs Conductor', async () => {
    const url = await serve(callerOf('admin'), { sessions, rpm: 1 });
    const { send, methods } = await methodsOf(way, () => open(url));
    await send('tools/list', {});
    for (const method of methods) {
      const answer = await send(method, exampleOf(method));
      if (!ANSWERED_FROM_MEMORY.includes(method)) {
        expect(refusalIn(answer), method).toContain('accepts 1 request a min');
        expect(answer, method).toMatchObject({ status: 429, retryAfter: expect.stringMatching(/^[1-9]\d?$/) });
      } else expect(refusalIn(answer), method).toBe('not refused');
    }
    const recorded = await recordedDecisions();
    for (const method of methods)
      expect(recorded[method], method).toContain(ANSWERED_FROM_MEMORY.includes(method) ? 'allowed' : 'limit');
  });

  test('a client above the rate limit still gets an answer to ping or server/discover', async () => {
    const url = await serve(callerOf('viewer'), { sessions, rpm: 1 });
    const send = await open(url);
    await send('tools/list', {});
    await send('tools/list', {});
    const method = way === '2026-07-28' ? 'server/discover' : 'ping';
    expect(await send(method, {})).toMatchObject({ result: {} });
  });
});

test('S: a batch with one id twice, or with too many requests, is refused as a whole, recorded, and holds no place', async () => {
  const url = await serve({ ...callerOf('viewer'), permissions: ['workflows:read'] }, { concurrent: 2 });
  const send = async (messages: readonly object[]) => {
    const response = await fetch(url, { ...rawLegacyRequest('x'), body: JSON.stringify(messages) });
    return { status: response.status, text: await response.text() };
  };
  const asking = (id: number, method: string, params: object = {}) => ({ jsonrpc: '2.0', id, method, params });
  const forbidden = asking(1, 'resources/read', { uri });
  const twice = await send([forbidden, asking(1, 'resources/read', { uri: 'conductor://docs' })]);
  expect(twice).toMatchObject({ status: 400, text: expect.stringContaining('each request of a batch needs an id') });
  const lists = (length: number) => Array.from({ length }, (_, id) => asking(id, 'tools/list'));
  expect(await send(lists(101))).toMatchObject({ status: 400, text: expect.stringContaining('at most 100 messages') });
  for (let round = 0; round < 5; round++) await send([asking(1, 'tools/list'), asking(1, 'tools/list')]);
  expect(await send([asking(1, 'tools/list'), asking(2, 'tools/list')])).toMatchObject({ status: 200 });
  const recorded = await recordedDecisions();
  expect(recorded['resources/read']).toEqual(['invalid', 'invalid']);
  expect(recorded['tools/list']?.filter((decision) => decision === 'invalid')).toHaveLength(110);
});
