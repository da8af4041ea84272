import { createConnection } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { permissions } from '../../mcp/admission/permissions.ts';
import { type AuthorizationServer, startAuthorizationServer } from '../support/authorization-server.ts';
import { badTokens, times } from '../support/bad-tokens.ts';
import { type FakeConductor, startFakeConductor } from '../support/fake-conductor.ts';
import { freePort } from '../support/free-port.ts';
import { connect, eras } from '../support/mcp-clients.ts';
import { type HttpProcess, startHttpProcess } from '../support/mcp-process.ts';
import { INITIALIZE, rawLegacyRequest, rawRequest, statusUnderHost, withToken } from '../support/raw-mcp.ts';

/* The MCP server as an OAuth resource server, with a real authorization server. No public conformance suite covers resource servers. */

const RESOURCE = 'https://mcp.example.com/mcp';
const METADATA = 'https://mcp.example.com/.well-known/oauth-protected-resource/mcp';
const READING = 'conductor:workflows:read conductor:executions:read conductor:tasks:read';
const SCOPES = permissions.map((permission) => `conductor:${permission}`);

let issuer: AuthorizationServer;
let conductor: FakeConductor;
let stateless: HttpProcess;
let sessions: HttpProcess;

beforeAll(async () => {
  conductor = await startFakeConductor();
  issuer = await startAuthorizationServer({
    scopes: SCOPES,
    clients: {
      ada: { roles: ['admin'], preferred_username: 'Ada' },
      bob: { roles: ['operator'], name: 'Bob' },
    },
  });
  [stateless, sessions] = await Promise.all([front(), front({ MCP_SESSIONS: 'true' })]);
});
afterAll(async () => {
  await Promise.all([stateless?.stop(), sessions?.stop()]);
  await issuer?.stop();
  await conductor?.close();
});

function front(env: Record<string, string> = {}): Promise<HttpProcess> {
  const ours = { MCP_OAUTH_ISSUER: issuer.issuer, MCP_RESOURCE: RESOURCE, CONDUCTOR_SERVER_URL: conductor.url };
  return startHttpProcess({ ...ours, LOG_LEVEL: 'trace', ...env });
}

async function openSession(token: string): Promise<string> {
  const response = await fetch(sessions.url, withToken(rawLegacyRequest('initialize', INITIALIZE), token));
  await response.text();
  return response.headers.get('mcp-session-id') ?? '';
}

/** No other request names this execution, so a request to Conductor for it comes from the call. */
const ASKED_FOR = 'asked-for-by-a-test';
const call = { name: 'get_execution_status', arguments: { executionId: ASKED_FOR } };
const callsOfConductor = () => conductor.requests.filter(({ path }) => path.includes(ASKED_FOR)).length;

/** Every way in which a request can reach the MCP server. */
function paths(session: string): Record<string, [url: string, init: RequestInit]> {
  const inSession = { 'Mcp-Session-Id': session, Accept: 'text/event-stream', 'MCP-Protocol-Version': '2025-11-25' };
  return {
    '2026 call': [stateless.url, rawRequest('tools/call', call, {})],
    '2026 subscription': [stateless.url, rawRequest('subscriptions/listen', { notifications: {} }, {})],
    '2025 call': [stateless.url, rawLegacyRequest('tools/call', call)],
    '2025 initialize': [sessions.url, rawLegacyRequest('initialize', INITIALIZE)],
    'session call': [sessions.url, rawLegacyRequest('tools/call', call, session)],
    'session stream': [sessions.url, { method: 'GET', headers: inSession }],
    'session end': [sessions.url, { method: 'DELETE', headers: inSession }],
    'no MCP at all': [stateless.url, { method: 'PUT', body: 'x' }],
  };
}

async function send(url: string, init: RequestInit, token?: string) {
  const response = await fetch(url, withToken(init, token));
  return { status: response.status, challenge: response.headers.get('www-authenticate'), text: await response.text() };
}

describe('a token that is not right', () => {
  test.each([undefined, 'Basic YWRhOmFkYQ==', 'Token x'])(
    'the header %j is no token: 401 names no error',
    async (given) => {
      const session = await openSession(await issuer.token({ client: 'ada', resource: RESOURCE }));
      const challenge = `Bearer scope="${READING}", resource_metadata="${METADATA}"`;
      const says = expect.stringContaining(`The request has no token. Get one from ${issuer.issuer}`);
      for (const [url, init] of Object.values(paths(session))) {
        const headers = { ...init.headers, ...(given && { Authorization: given }) };
        expect(await send(url, { ...init, headers })).toEqual({ status: 401, challenge, text: says });
      }
    },
  );

  test.each(Object.keys(badTokens))('%s: 401 with the challenge, alike on every path', async (name) => {
    const [make, says] = badTokens[name] ?? [];
    const token = await make?.(issuer, RESOURCE);
    const session = await openSession(await issuer.token({ client: 'ada', resource: RESOURCE }));
    const replies = await Promise.all(Object.values(paths(session)).map(([url, init]) => send(url, init, token)));
    expect(new Set(replies.map((reply) => JSON.stringify(reply))).size).toBe(1);
    expect(replies[0]).toEqual({
      status: 401,
      challenge: expect.stringMatching(/^Bearer error="invalid_token", error_description="/),
      text: expect.stringMatching(says ?? /never/),
    });
    expect(replies[0]?.challenge).toContain(`scope="${READING}", resource_metadata="${METADATA}"`);
    expect(callsOfConductor()).toBe(0);
  });

  test('a token in the address is refused, even beside one in the header', async () => {
    const token = await issuer.token({ client: 'ada', resource: RESOURCE });
    for (const given of [undefined, token]) {
      const url = `${stateless.url}?access_token=${token}`;
      const { status, challenge, text } = await send(url, rawRequest('tools/call', call, {}), given);
      expect({ status, challenge }).toEqual({ status: 401, challenge: expect.stringContaining(METADATA) });
      expect(text).toContain('Authorization header');
    }
  });

  test.each(['Bearer', 'bearer\tx'])('the header %j: 401', async (Authorization) => {
    const request = rawRequest('tools/call', call, {});
    const { status, challenge } = await send(stateless.url, {
      ...request,
      headers: { ...request.headers, Authorization },
    });
    expect({ status, challenge }).toEqual({ status: 401, challenge: expect.stringContaining('error="invalid_token"') });
  });
});

test('the body of a refused request is not read', async () => {
  const { hostname, port } = new URL(stateless.url);
  const socket = createConnection(Number(port), hostname);
  const [host, type] = [`Host: ${hostname}:${port}`, 'Content-Type: application/json'];
  socket.write(`POST /mcp HTTP/1.1\r\n${host}\r\n${type}\r\nContent-Length: 4000000\r\n\r\n{"first":"bytes`);
  const answer = await text(socket);
  expect(answer).toMatch(/^HTTP\/1.1 401 .*resource_metadata=/s);
  expect(answer).toMatch(/^Connection: close$/im);
});

describe('the metadata of the server', () => {
  test.each(['/.well-known/oauth-protected-resource', '/.well-known/oauth-protected-resource/mcp'])(
    '%s names the URL, the issuer and the scopes',
    async (path) => {
      const response = await fetch(new URL(path, stateless.url));
      expect(response.status).toBe(200);
      expect(await response.json()).toEqual({
        resource: RESOURCE,
        authorization_servers: [issuer.issuer],
        scopes_supported: SCOPES,
        resource_name: 'Conductor workflows',
      });
    },
  );

  test('is served under the host name of the public URL, and at no other place', async () => {
    const place = new URL('/.well-known/oauth-protected-resource', stateless.url);
    expect(await statusUnderHost(place, 'mcp.example.com')).toBe(200);
    expect(await statusUnderHost(place, 'evil.example')).toBe(403);
    for (const path of ['/.well-known/oauth-protected-resource/other', '/.well-known/oauth-authorization-server']) {
      expect((await fetch(new URL(path, stateless.url))).status, path).toBe(404);
    }
  });
});

describe('a right token', () => {
  test.each(['RS256', 'PS256', 'ES256', 'EdDSA'])('signed with %s is accepted', async (alg) => {
    const token = await issuer.forge(RESOURCE, { header: { alg } });
    const before = callsOfConductor();
    expect(await send(stateless.url, withToken(rawRequest('tools/call', call, {}), token))).toMatchObject({
      status: 200,
    });
    expect(callsOfConductor()).toBe(before + 1);
  });

  test('may name several audiences', async () => {
    const token = await issuer.forge(RESOURCE, { claims: { aud: ['https://other.example', RESOURCE] } });
    expect(await send(stateless.url, withToken(rawLegacyRequest('tools/list'), token))).toMatchObject({ status: 200 });
  });

  test('of a viewer reads, and may not do more: no scope would help', async () => {
    const viewer = await issuer.forge(RESOURCE, { claims: { roles: ['viewer'] } });
    const { text: tools } = await send(stateless.url, rawLegacyRequest('tools/list'), viewer);
    expect([tools.includes('get_execution_status'), tools.includes('execute_workflow')]).toEqual([true, false]);
    const running = await send(stateless.url, rawLegacyRequest('tools/call', run), viewer);
    expect(running).toMatchObject({ status: 200, challenge: null });
    expect(running.text).toContain('needs the permission workflows:execute');
    expect(running.text).toContain('at the authorization server');
  });

  test('of a new key is accepted a few seconds after the issuer published the key', async () => {
    await issuer.rotateKeys();
    const token = await issuer.token({ client: 'ada', resource: RESOURCE });
    const list = rawRequest('tools/list', {}, {});
    for (const { url } of [stateless, sessions])
      await expect.poll(async () => (await send(url, list, token)).status).toBe(200);
  });
});

const run = { name: 'execute_workflow', arguments: { name: 'fake_flow', input: {} } };

describe('too few scopes', () => {
  test('403 with the scopes to ask for, alike on every path', async () => {
    const scope = 'conductor:workflows:read';
    const token = await issuer.token({ client: 'ada', resource: RESOURCE, scope });
    const session = await openSession(token);
    const uri = `conductor://executions/${ASKED_FOR}`;
    const requests: [url: string, init: RequestInit][] = [
      [stateless.url, rawRequest('tools/call', call, {})],
      [stateless.url, rawRequest('resources/read', { uri }, {})],
      [stateless.url, rawRequest('subscriptions/listen', { notifications: { resourceSubscriptions: [uri] } }, {})],
      [stateless.url, rawRequest('tasks/get', { taskId: `${ASKED_FOR}.execute_workflow` }, {})],
      [stateless.url, rawLegacyRequest('tools/call', call)],
      [stateless.url, rawLegacyRequest('resources/read', { uri })],
      [sessions.url, rawLegacyRequest('tools/call', call, session)],
      [sessions.url, rawLegacyRequest('resources/subscribe', { uri }, session)],
    ];
    const before = callsOfConductor();
    for (const [url, init] of requests) {
      const { status, challenge, text: body } = await send(url, init, token);
      expect({ status, challenge }, String(init.body)).toEqual({
        status: 403,
        challenge: expect.stringContaining(
          `scope="${scope} conductor:executions:read", resource_metadata="${METADATA}"`,
        ),
      });
      expect(challenge).toMatch(/^Bearer error="insufficient_scope"/);
      expect(JSON.parse(body)).toMatchObject({ jsonrpc: '2.0', error: { code: -32000 }, id: expect.anything() });
    }
    expect(callsOfConductor()).toBe(before);
  });
});

describe('a session', () => {
  const tokenOf = (client: string, scope?: string) =>
    issuer.token({ client, resource: RESOURCE, ...(scope !== undefined && { scope }) });
  const statusOf = async (init: RequestInit, token: string) => (await send(sessions.url, init, token)).status;

  test('of one caller does not exist for another', async () => {
    const [ada, bob] = [await tokenOf('ada'), await tokenOf('bob')];
    const session = await openSession(ada);
    const headers = { 'Mcp-Session-Id': session, Accept: 'text/event-stream' };
    const list = rawLegacyRequest('tools/list', {}, session);
    expect(await statusOf(list, bob)).toBe(404);
    expect(await statusOf({ method: 'GET', headers }, bob)).toBe(404);
    expect(await statusOf({ method: 'DELETE', headers }, bob)).toBe(404);
    expect(await statusOf(list, ada)).toBe(200);
  });

  test('continues with a new token that grants as much or more, and ends for one that grants less', async () => {
    const reading = 'conductor:executions:read conductor:workflows:read';
    const session = await openSession(await tokenOf('ada', reading));
    const list = rawLegacyRequest('tools/list', {}, session);
    expect(await statusOf(list, await tokenOf('ada', reading))).toBe(200);
    const shown = async (token: string) => (await send(sessions.url, list, token)).text;
    expect(await shown(await tokenOf('ada', reading))).not.toContain('execute_workflow');
    expect(await shown(await tokenOf('ada', `${reading} conductor:workflows:execute`))).toContain('execute_workflow');
    expect(await statusOf(list, await tokenOf('ada', reading))).toBe(404);
  });
});

test.each(['session stream', 'subscription'])('a %s ends with its token', async (kind) => {
  const token = await issuer.forge(RESOURCE, { claims: times({ exp: 3 }) });
  const session = await openSession(token);
  const headers = { 'Mcp-Session-Id': session, Accept: 'text/event-stream' };
  const listen = rawRequest('subscriptions/listen', { notifications: { toolsListChanged: true } }, {});
  const [url, init] = kind === 'subscription' ? [stateless.url, listen] : [sessions.url, { method: 'GET', headers }];
  const response = await fetch(url, withToken(init, token));
  expect(response.status).toBe(200);
  await response.text(); // until the stream ends
  expect((await send(url, init, token)).status).toBe(401);
  const list = rawLegacyRequest('tools/list', {}, session);
  expect((await send(sessions.url, list, await issuer.forge(RESOURCE))).status).toBe(200);
});

describe.each(eras)('a client of %s', (era) => {
  let own: HttpProcess;
  beforeAll(async () => {
    const port = String(await freePort());
    own = await front({ MCP_PORT: port, MCP_RESOURCE: `http://127.0.0.1:${port}/mcp`, MCP_SESSIONS: 'true' });
  });
  afterAll(() => own?.stop());

  test('finds the authorization server, gets a token, and asks for more scopes when a call needs them', async () => {
    const credentials = { clientId: 'bob', clientSecret: 'bob', expectedIssuer: issuer.issuer };
    const client = await connect(era, { url: own.url, credentials });
    const before = await client.toolNames();
    expect(before).toContain('get_execution_status');
    // With client credentials, the library of 2025 sends no scopes, and without scopes the role permits everything that it can.
    expect(before.includes('execute_workflow')).toBe(era === '2025-11-25');
    const { isError, structured } = await client.call('execute_workflow', { name: 'fake_flow', input: {} });
    expect({ isError, structured }).toMatchObject({ isError: false, structured: { executionId: 'exec-1' } });
    expect(await client.toolNames()).toContain('execute_workflow');
    await client.close();
  });
});

test('no log line and no request to Conductor contains a token', () => {
  const written = stateless.stderr + stateless.stdout + sessions.stderr + sessions.stdout;
  expect(written).toContain('MCP at');
  expect(written).not.toMatch(/eyJ[\w-]{5,}\.|bearer/i);
  expect(JSON.stringify(conductor.requests)).not.toMatch(/eyJ[\w-]{5,}\.|bearer/i);
});
