import { exportSPKI, importJWK } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { permissions } from '../../mcp/admission/permissions.ts';
import { type AuthorizationServer, startAuthorizationServer } from '../support/authorization-server.ts';
import { type FakeConductor, startFakeConductor } from '../support/fake-conductor.ts';
import { type HttpProcess, startHttpProcess } from '../support/mcp-process.ts';
import { rawRequest } from '../support/raw-mcp.ts';

/*
 * The MCP server as an OAuth resource server, with a real authorization server. There is no public conformance suite for resource servers,
 * so this file covers what the specification requires of one.
 */

const RESOURCE = 'https://mcp.example.com/mcp';
const METADATA = 'https://mcp.example.com/.well-known/oauth-protected-resource/mcp';
const READING = 'conductor:workflows:read conductor:executions:read conductor:tasks:read';
const SCOPES = permissions.map((permission) => `conductor:${permission}`);
const INITIALIZE = {
  protocolVersion: '2025-11-25',
  capabilities: {},
  clientInfo: { name: 'raw', version: '0' },
};

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
      nobody: {},
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

/** A request of the 2025 revision. */
function legacy(method: string, params: object = {}, session?: string): RequestInit {
  return {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
      'MCP-Protocol-Version': '2025-11-25',
      ...(session !== undefined && { 'Mcp-Session-Id': session }),
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  };
}

function withToken(init: RequestInit, token: string | undefined): RequestInit {
  const headers = new Headers(init.headers);
  if (token !== undefined) headers.set('Authorization', `Bearer ${token}`);
  return { ...init, headers };
}

async function openSession(token: string): Promise<string> {
  const response = await fetch(sessions.url, withToken(legacy('initialize', INITIALIZE), token));
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
    '2025 call': [stateless.url, legacy('tools/call', call)],
    '2025 initialize': [sessions.url, legacy('initialize', INITIALIZE)],
    'session call': [sessions.url, legacy('tools/call', call, session)],
    'session stream': [sessions.url, { method: 'GET', headers: inSession }],
    'session end': [sessions.url, { method: 'DELETE', headers: inSession }],
    'no MCP at all': [stateless.url, { method: 'PUT', body: 'x' }],
  };
}

interface Reply {
  readonly status: number;
  readonly challenge: string | null;
  readonly text: string;
}

async function send(url: string, init: RequestInit): Promise<Reply> {
  const response = await fetch(url, init);
  return { status: response.status, challenge: response.headers.get('www-authenticate'), text: await response.text() };
}

/** Tokens that the server must refuse, and what the refusal says. Each is right but for one thing. */
const badTokens: Record<string, [make: () => Promise<string | undefined>, says: RegExp]> = {
  'no token': [async () => undefined, /Missing Authorization header/],
  garbage: [async () => 'garbage', /not a signed JWT/],
  'a JWT with five parts': [async () => 'e30.e30.e30.e30.e30', /not a signed JWT/],
  'the algorithm none': [
    async () => {
      const [, payload] = (await issuer.forge(RESOURCE)).split('.');
      return `${Buffer.from('{"alg":"none","kid":"RS256-1"}').toString('base64url')}.${payload}.`;
    },
    /algorithm of the token is not allowed/,
  ],
  'the public key as the secret of HS256': [
    async () => {
      const { alg, kid, kty, n, e } = issuer.keys[0] ?? {};
      const publicKey = await importJWK({ kty, n, e } as Parameters<typeof importJWK>[0], alg);
      const key = Buffer.from(await exportSPKI(publicKey as Parameters<typeof exportSPKI>[0]));
      return issuer.forge(RESOURCE, { header: { alg: 'HS256', ...(kid !== undefined && { kid }) }, key });
    },
    /algorithm of the token is not allowed/,
  ],
  'a changed payload': [
    async () => {
      const [header, , signature] = (await issuer.forge(RESOURCE)).split('.');
      const [, payload] = (await issuer.forge(RESOURCE, { claims: { roles: ['admin'] } })).split('.');
      return `${header}.${payload}.${signature}`;
    },
    /signature of the token is wrong/,
  ],
  'the key of somebody else': [
    async () => {
      const { generateKeyPair, exportJWK } = await import('jose');
      const { privateKey } = await generateKeyPair('RS256', { extractable: true });
      return issuer.forge(RESOURCE, { key: await exportJWK(privateKey) });
    },
    /signature of the token is wrong/,
  ],
  'an unknown kid': [() => issuer.forge(RESOURCE, { header: { kid: 'unknown' } }), /no key with the \\"kid\\"/],
  'another issuer': [() => issuer.forge(RESOURCE, { claims: { iss: 'https://evil.example' } }), /\\"iss\\"/],
  'no issuer': [() => issuer.forge(RESOURCE, { claims: { iss: undefined } }), /\\"iss\\" is missing/],
  'another resource': [() => issuer.forge('https://other.example.com/mcp'), /\\"aud\\"/],
  'a resource below ours': [() => issuer.forge(`${RESOURCE}/more`), /\\"aud\\"/],
  'no audience': [() => issuer.forge(RESOURCE, { claims: { aud: undefined } }), /\\"aud\\" is missing/],
  'no subject': [() => issuer.forge(RESOURCE, { claims: { sub: undefined } }), /\\"sub\\" is missing/],
  'an expired token': [() => issuer.forge(RESOURCE, { claims: times({ iat: -900, exp: -300 }) }), /expired/],
  'a token that expired a second ago': [() => issuer.forge(RESOURCE, { claims: times({ exp: -2 }) }), /expired/],
  'no end': [() => issuer.forge(RESOURCE, { claims: { exp: undefined } }), /\\"exp\\" is missing/],
  'not valid yet': [() => issuer.forge(RESOURCE, { claims: times({ nbf: 300 }) }), /\\"nbf\\"/],
  'issued in the future': [() => issuer.forge(RESOURCE, { claims: times({ iat: 300 }) }), /\\"iat\\"/],
  'no beginning': [() => issuer.forge(RESOURCE, { claims: { iat: undefined } }), /\\"iat\\" is missing/],
  'a lifetime of two hours': [() => issuer.forge(RESOURCE, { claims: times({ exp: 7200 }) }), /7200 s.*MCP_TOKEN_MAX/],
  'a team that is not a text': [() => issuer.forge(RESOURCE, { claims: { team: ['a', 'b'] } }), /\\"team\\"/],
  'roles that are not texts': [() => issuer.forge(RESOURCE, { claims: { roles: { admin: true } } }), /\\"roles\\"/],
};

/** Claims of time, as seconds from now. */
function times(offsets: Record<string, number>): Record<string, number> {
  const now = Math.floor(Date.now() / 1000);
  return Object.fromEntries(Object.entries(offsets).map(([claim, offset]) => [claim, now + offset]));
}

describe('a token that is not right', () => {
  test.each(Object.keys(badTokens))('%s: 401 with the challenge, alike on every path', async (name) => {
    const [make, says] = badTokens[name] ?? [];
    const token = await make?.();
    const session = await openSession(await issuer.token({ client: 'ada', resource: RESOURCE }));
    const replies = await Promise.all(
      Object.values(paths(session)).map(([url, init]) => send(url, withToken(init, token))),
    );
    expect(new Set(replies.map((reply) => JSON.stringify(reply))).size).toBe(1);
    const [{ status, challenge, text } = { status: 0, challenge: '', text: '' }] = replies;
    expect({ status, challenge }).toEqual({
      status: 401,
      challenge: expect.stringMatching(/^Bearer error="invalid_token", error_description="/),
    });
    expect(challenge).toContain(`scope="${READING}", resource_metadata="${METADATA}"`);
    expect(text).toMatch(says ?? /never/);
    expect(callsOfConductor()).toBe(0);
  });

  test('a token in the address is refused, even beside one in the header', async () => {
    const token = await issuer.token({ client: 'ada', resource: RESOURCE });
    for (const given of [undefined, token]) {
      const init = withToken(rawRequest('tools/call', call, {}), given);
      const { status, challenge, text } = await send(`${stateless.url}?access_token=${token}`, init);
      expect({ status, challenge }).toEqual({ status: 401, challenge: expect.stringContaining(METADATA) });
      expect(text).toContain('Authorization header');
    }
  });

  test.each(['Basic YWRhOmFkYQ==', 'Bearer', 'Token x', 'bearer\tx'])('the header %j: 401', async (header) => {
    const request = rawRequest('tools/call', call, {});
    const headers = { ...(request.headers as Record<string, string>), Authorization: header };
    expect(await send(stateless.url, { ...request, headers })).toMatchObject({ status: 401 });
  });
});
