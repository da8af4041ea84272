import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { callerOf } from '../../mcp/admission/permissions.ts';
import { linesOf } from '../support/audit-scene.ts';
import { openStream, queueRoutes, type ServedConsole, sendRaw, serveConsole } from '../support/console-scene.ts';
import { ExecutionStore } from '../support/execution-store.ts';
import { type FakeConductor, startFakeConductor } from '../support/fake-conductor.ts';
import { startHttpProcess } from '../support/mcp-process.ts';

let fake: FakeConductor;
let executions: ExecutionStore;
let site: ServedConsole;

beforeAll(async () => {
  fake = await startFakeConductor();
});
afterAll(() => fake.close());

const EVIL = '</script><script>alert(1)</script>';
const failed = { status: 'FAILED', workflowName: 'fake_flow', correlationId: EVIL, reasonForIncompletion: EVIL };

beforeEach(() => {
  executions = new ExecutionStore();
  executions.add('exec-9', [{ referenceTaskName: 'ship', status: 'FAILED', taskType: 'ship' }], failed);
  fake.fault = 'none';
  fake.routes = (request) => queueRoutes(request) ?? executions.routes(request);
});
afterEach(() => site?.close());

const OWN = { 'sec-fetch-site': 'same-origin' };
const JSON_BODY = { 'content-type': 'application/json' };
const PAGE = { accept: 'text/html' };
const RETRY = JSON.stringify({ tool: 'retry_workflow', args: { executionIds: ['exec-9'] } });

const act = (headers: Record<string, string> = OWN, body = RETRY) =>
  sendRaw(`${site.url}/console/act`, { ...JSON_BODY, ...headers }, { method: 'POST', body });
const changes = () => fake.requests.filter(({ method }) => method !== 'GET').map(({ path }) => path);
const newest = () => linesOf(site.auditFolder).map((line) => JSON.parse(line));

describe('the pages', () => {
  test('come with a policy that allows nothing from outside, no framing and no script in the page', async () => {
    site = await serveConsole(fake.url);
    const { status, headers, text } = await sendRaw(`${site.url}/executions`, PAGE);
    expect(status).toBe(200);
    const policy = String(headers['content-security-policy']);
    for (const rule of ["default-src 'self'", "frame-ancestors 'none'", "require-trusted-types-for 'script'"])
      expect(policy).toContain(rule);
    expect(policy).not.toMatch(/unsafe|https?:|\*/);
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' });
    expect(text).not.toMatch(/<script(?![^>]*(src=|application\/json))|<style| on\w+=|https?:/);
  });

  test('load modules that exist, are compressed, never change and have no types', async () => {
    site = await serveConsole(fake.url);
    const { text } = await sendRaw(`${site.url}/`, PAGE);
    const addresses = [...text.matchAll(/(?:href|src)="(\/console\/[^"]+)"/g)].map(([, address = '']) => address);
    expect(addresses.length).toBeGreaterThan(20);
    for (const address of addresses) {
      const answer = await fetch(`${site.url}${address}`, { headers: { 'accept-encoding': 'br' } });
      expect(answer.status, address).toBe(200);
      expect(answer.headers.get('content-encoding')).toBe('br');
      expect(answer.headers.get('cache-control')).toContain('immutable');
      const code = await answer.text();
      if (address.endsWith('.js')) expect(code).not.toMatch(/^import type|^interface |^export type \w+ =/m);
    }
    expect((await sendRaw(`${site.url}/console/other/main.js`)).status).toBe(404);
  });

  test('are only for browsers that ask for a page: other addresses stay as they were', async () => {
    site = await serveConsole(fake.url);
    expect((await sendRaw(`${site.url}/`)).status).toBe(404);
    expect((await sendRaw(`${site.url}/.well-known/oauth-protected-resource`, PAGE)).status).toBe(404);
    expect((await sendRaw(`${site.url}/health`, PAGE)).text).toContain('ok');
    expect((await sendRaw(`${site.url}/`, PAGE, { method: 'POST', body: '{}' })).status).toBe(404);
  });

  test('MCP_CONSOLE=off serves none of it, and `fleet console` no MCP', async () => {
    site = await serveConsole(fake.url, { MCP_CONSOLE: 'off' });
    expect((await sendRaw(`${site.url}/`, PAGE)).status).toBe(404);
    expect((await sendRaw(`${site.url}/console/read?topic=executions`)).status).toBe(404);
    await site.close();
    site = await serveConsole(fake.url, {}, { servesMcp: false });
    expect((await sendRaw(`${site.url}/`, PAGE)).status).toBe(200);
    expect((await sendRaw(`${site.url}/mcp`, JSON_BODY, { method: 'POST', body: '{}' })).status).toBe(404);
  });

  test('the first page of a process starts it without a word on stderr', async () => {
    const front = await startHttpProcess({ CONDUCTOR_SERVER_URL: fake.url });
    const base = front.url.replace('/mcp', '');
    expect((await sendRaw(`${base}/`, PAGE)).status).toBe(200);
    expect(front.stderr).toMatch(/^Console at http:\/\/127\.0\.0\.1:\d+\/\nMCP at .*\n$/);
    expect(await front.stop()).toBe(0);
  });
});

describe('requests of others', () => {
  test.each(['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example:80'])(
    'a request under the foreign Host %s gets neither a page nor data',
    async (host) => {
      site = await serveConsole(fake.url);
      for (const path of ['/', '/console/read?topic=executions', '/console/events?topic=executions'])
        expect((await sendRaw(`${site.url}${path}`, { ...PAGE, host })).status).toBe(403);
    },
  );

  test.each([
    ['another site', { 'sec-fetch-site': 'cross-site' }],
    ['another port of this machine', { 'sec-fetch-site': 'same-site', origin: 'http://localhost:5173' }],
    ['a program that does not say where it is', {}],
  ])('an action of %s is refused, and nothing happens', async (_, headers) => {
    site = await serveConsole(fake.url);
    const before = changes().length;
    expect((await act(headers as Record<string, string>)).status).toBe(403);
    expect(changes().length).toBe(before);
  });

  test('data is not readable for pages of other origins', async () => {
    site = await serveConsole(fake.url);
    const asked = { 'sec-fetch-site': 'same-site', origin: 'http://localhost:5173' };
    const { status, headers } = await sendRaw(`${site.url}/console/read?topic=executions`, asked);
    expect(status).toBe(403);
    expect(headers).not.toHaveProperty('access-control-allow-origin');
    const page = await sendRaw(`${site.url}/`, { ...PAGE, ...asked });
    expect(page.headers).not.toHaveProperty('access-control-allow-origin');
  });

  test('a form of another site, which sends no JSON, is refused', async () => {
    site = await serveConsole(fake.url);
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    expect((await act({ ...OWN, ...form })).status).toBe(415);
  });
});

describe('permissions', () => {
  test('an action is a tool call: it is carried out, and audited with its caller', async () => {
    site = await serveConsole(fake.url);
    fake.routes = (request) => {
      if (request.path === '/api/workflow/exec-9/retry') {
        executions.change('exec-9', { status: 'RUNNING', lastRetriedTime: Date.now() });
        return { body: '' };
      }
      return executions.routes(request);
    };
    const { status, text } = await act();
    expect([status, JSON.parse(text)]).toMatchObject([200, { structured: { counts: { changed: 1 } } }]);
    await expect
      .poll(newest)
      .toMatchObject(
        expect.arrayContaining([expect.objectContaining({ method: 'tools/call', subject: 'retry_workflow' })]),
      );
  });

  test('the page of a viewer offers no action, and a forged one is refused and audited', async () => {
    site = await serveConsole(fake.url, {}, { caller: callerOf('viewer', 'vera') });
    const { text } = await sendRaw(`${site.url}/`, PAGE);
    const { session } = JSON.parse(/id="first">(.*)<\/script>/.exec(text)?.[1] ?? '{}');
    expect(session.caller).toEqual({ name: 'vera', role: 'viewer' });
    for (const tool of ['retry_workflow', 'terminate_workflow', 'decide_approval'])
      expect(session.tools).not.toContain(tool);
    const before = changes().length;
    expect(JSON.parse((await act()).text)).toMatchObject({ error: { code: 'denied' } });
    expect(changes().length).toBe(before);
    await expect
      .poll(newest)
      .toMatchObject(
        expect.arrayContaining([expect.objectContaining({ subject: 'retry_workflow', decision: 'permission' })]),
      );
  });

  test('settings that withhold a tool withhold the topics that show the same', async () => {
    site = await serveConsole(fake.url, { MCP_TOOLS_DENY: 'list_workflow_executions' });
    const { status, text } = await sendRaw(`${site.url}/console/read?topic=executions`, OWN);
    expect([status, JSON.parse(text)]).toMatchObject([403, { error: { code: 'denied' } }]);
    const stream = await openStream(site.url, ['executions', 'execution?id=exec-9']);
    await expect
      .poll(() => stream.events)
      .toMatchObject(
        expect.arrayContaining([
          ['executions', expect.objectContaining({ error: expect.objectContaining({ code: 'denied' }) })],
          ['execution?id=exec-9', expect.objectContaining({ value: expect.objectContaining({ status: 'FAILED' }) })],
        ]),
      );
    stream.close();
  });

  test('a caller sees only what is in reach, also when another caller looks at the same topic', async () => {
    executions.add('exec-8', [], { status: 'RUNNING', workflowName: 'secret_flow' });
    const rules = [{ for: { role: 'viewer' }, permissions: ['executions:read'], workflows: ['fake_*'] }];
    site = await serveConsole(fake.url, { MCP_RULES: JSON.stringify(rules), MCP_ROLE: 'viewer' });
    const { text } = await sendRaw(`${site.url}/console/read?topic=execution%3Fid%3Dexec-8`, OWN);
    expect(JSON.parse(text)).toMatchObject({ error: { code: 'denied' } });
  });

  test('the rate limit of the caller holds for the console', async () => {
    site = await serveConsole(fake.url, { RATE_LIMIT_BURST: '2', RATE_LIMIT_RPM: '1' });
    const read = () => sendRaw(`${site.url}/console/read?topic=executions`, OWN);
    await read();
    await read();
    const { status, headers, text } = await read();
    expect([status, JSON.parse(text).error.code]).toEqual([429, 'denied']);
    expect(Number(headers['retry-after'])).toBeGreaterThan(0);
  });

  test('with OAuth, the page holds no data and nothing is answered without a token', async () => {
    const oauth = { MCP_OAUTH_ISSUER: 'http://127.0.0.1:9', MCP_RESOURCE: 'http://127.0.0.1:3000/mcp' };
    site = await serveConsole(fake.url, oauth);
    const { status, text } = await sendRaw(`${site.url}/`, PAGE);
    expect(status).toBe(200);
    expect(JSON.parse(/id="first">(.*)<\/script>/.exec(text)?.[1] ?? '{}')).toMatchObject({
      session: { tools: [] },
      topics: {},
    });
    for (const path of ['/console/read?topic=executions', '/console/events?topic=executions'])
      expect((await sendRaw(`${site.url}${path}`, OWN)).status).toBe(401);
    expect((await act()).status).toBe(401);
  });
});

describe('topics', () => {
  const searches = () => fake.requests.filter(({ path }) => path === '/api/workflow/search').length;

  test('twenty streams cost what one costs, and none costs nothing', async () => {
    site = await serveConsole(fake.url);
    const costOf = async (streams: number) => {
      const open = await Promise.all(Array.from({ length: streams }, () => openStream(site.url, ['executions'])));
      await expect.poll(() => open.every(({ events }) => events.length > 0)).toBe(true);
      const before = fake.requests.length;
      await pause(3500);
      const cost = fake.requests.length - before;
      for (const { close } of open) close();
      return cost;
    };
    const [one, twenty] = [await costOf(1), await costOf(20)];
    expect(one).toBeGreaterThan(0);
    expect(twenty).toBeLessThanOrEqual(Math.ceil(one * 1.2) + 1);
    await pause(8000);
    const before = fake.requests.length;
    await pause(2500);
    expect(fake.requests.length - before).toBe(0);
  });

  test('a change is sent as a patch of the rows that changed', async () => {
    site = await serveConsole(fake.url);
    executions.add('exec-7', [], { status: 'RUNNING', workflowName: 'fake_flow' });
    const stream = await openStream(site.url, ['executions']);
    await expect.poll(() => stream.events.length).toBe(1);
    executions.change('exec-7', { status: 'COMPLETED' });
    await expect.poll(() => stream.events.length).toBeGreaterThan(1);
    const [, second] = stream.events.map(([, message]) => message);
    expect(second).toMatchObject({ patch: { rows: { rows: { put: [[1, { id: 'exec-7', status: 'COMPLETED' }]] } } } });
    expect(JSON.stringify(second)).not.toContain('exec-9');
    stream.close();
  });

  test('while Conductor is away every stream is told why, and afterwards it gets the whole value', async () => {
    site = await serveConsole(fake.url);
    const stream = await openStream(site.url, ['executions']);
    await expect.poll(() => stream.events.length).toBe(1);
    fake.fault = 'hang-up';
    await expect.poll(() => stream.events.at(-1)?.[1]).toMatchObject({ error: { code: 'upstream' } });
    fake.fault = 'none';
    await expect.poll(() => stream.events.at(-1)?.[1]).toMatchObject({ value: { total: 1 } });
    stream.close();
  });

  test.each(['nothing', 'executions?status=WRONG', 'execution', `execution?id=${'x'.repeat(600)}`, '__proto__'])(
    'the address %s is refused in words',
    async (topic) => {
      site = await serveConsole(fake.url);
      const before = searches();
      const { status, text } = await sendRaw(`${site.url}/console/read?topic=${encodeURIComponent(topic)}`, OWN);
      expect([status, JSON.parse(text).error.code]).toEqual([400, 'input']);
      expect(searches()).toBe(before);
    },
  );

  test('the page of one execution holds its diagnosis, its tasks and its picture; markup stays text', async () => {
    site = await serveConsole(fake.url);
    const { text } = await sendRaw(`${site.url}/console/read?topic=execution%3Fid%3Dexec-9`, OWN);
    const { value } = JSON.parse(text);
    expect(value).toMatchObject({ status: 'FAILED', correlation: EVIL, tasks: [{ ref: 'ship', status: 'FAILED' }] });
    expect(value.diagnosis.sentence).toEqual(expect.any(String));
    expect(value.picture.boxes[0]).toMatchObject({ kind: 'terminal', lines: [] });
    const stream = await openStream(site.url, ['overview', 'executions']);
    await expect.poll(() => stream.events.length).toBeGreaterThan(1);
    const page = await sendRaw(`${site.url}/`, PAGE);
    expect(page.text).toContain('exec-9'); // the first data comes with the page
    expect(page.text).not.toContain(EVIL);
    stream.close();
  });

  test('an execution that does not exist is a problem of its page, not of the server', async () => {
    site = await serveConsole(fake.url);
    const { status, text } = await sendRaw(`${site.url}/console/read?topic=execution%3Fid%3Dnone`, OWN);
    expect([status, JSON.parse(text).error.code]).toEqual([404, 'not-found']);
  });
});
