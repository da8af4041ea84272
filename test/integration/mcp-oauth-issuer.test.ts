import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { searchAudit } from '../../core/audit/search.ts';
import { silentLogger } from '../../core/log.ts';
import { tokenDoor } from '../../mcp/auth/token-door.ts';
import { createMcpEndpoint } from '../../mcp/embed/create-mcp-endpoint.ts';
import { auditFolderForTest } from '../support/audit-scene.ts';
import { freePort } from '../support/free-port.ts';
import { httpConfig } from '../support/mcp-front.ts';
import { rawRequest, withToken } from '../support/raw-mcp.ts';

/* How the server finds the keys of an issuer that is slow, absent, wrong or badly configured. */

const RESOURCE = 'https://mcp.example.com/mcp';

let issuer: Issuer;
beforeEach(async () => {
  issuer = await startIssuer();
});
afterEach(() => issuer.close());

interface Issuer {
  readonly url: string;
  /** The addresses that were asked for. */
  readonly asked: string[];
  /** What it answers, by path. Every other path gets a 404. */
  readonly answers: Record<string, unknown>;
  readonly keys: JWK[];
  close(): void;
}

/** A server that answers exactly what a test says. A real authorization server would not make these mistakes. */
async function startIssuer(): Promise<Issuer> {
  const [asked, answers, keys]: [string[], Record<string, unknown>, JWK[]] = [[], {}, []];
  const server = createServer(({ url = '' }, response) => {
    asked.push(url);
    const answer = url === '/keys' ? { keys: keys.map(({ d: _, ...key }) => key) } : answers[url];
    if (answer === undefined) response.writeHead(404).end();
    else if (typeof answer === 'number') response.writeHead(answer, { Location: '/elsewhere' }).end();
    else response.end(typeof answer === 'string' ? answer : JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // a server on a port always has this kind of address
  keys.push(await newKey('first'));
  return { url: `http://127.0.0.1:${port}`, asked, answers, keys, close: () => void server.close() };
}

async function newKey(kid: string): Promise<JWK> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  return { ...(await exportJWK(privateKey)), kid };
}

/** A request with a token that the key signs. */
async function requestOf(given: { iss?: string; key?: JWK; kid?: string } = {}): Promise<Request> {
  const { iss = issuer.url, key = issuer.keys[0] } = given;
  const { kid = key?.kid ?? '' } = given;
  const token = await new SignJWT({ iss, aud: RESOURCE, sub: 'ada' })
    .setProtectedHeader({ alg: 'ES256', kid })
    .setIssuedAt()
    .setExpirationTime('5 min')
    .sign(key as JWK);
  return new Request(RESOURCE, { headers: { Authorization: `Bearer ${token}` } });
}

async function doorOf(mcpOauthIssuer: string, mcpOauthJwksUrl?: string) {
  const config = await httpConfig({ mcpOauthIssuer, mcpResource: RESOURCE, mcpOauthJwksUrl });
  const warn = vi.fn();
  const door = tokenDoor(config, { ...silentLogger, warn });
  if (!door) throw new Error('There is no door.');
  const statusOf = async (request: Request) => {
    const answer = await door.authenticate(request);
    return answer instanceof Response ? answer.status : 200;
  };
  return { door, statusOf, warned: () => warn.mock.calls.map(([, message]) => String(message)).join('\n') };
}

describe('the metadata of the issuer', () => {
  test.each([
    ['', '/.well-known/oauth-authorization-server'],
    ['', '/.well-known/openid-configuration'],
    ['/', '/.well-known/openid-configuration'],
    ['/tenant/v2.0', '/.well-known/oauth-authorization-server/tenant/v2.0'],
    ['/tenant/v2.0', '/.well-known/openid-configuration/tenant/v2.0'],
    ['/tenant/v2.0', '/tenant/v2.0/.well-known/openid-configuration'],
  ])('of an issuer with the path "%s" is found at %s', async (path, place) => {
    const iss = `${issuer.url}${path}`;
    issuer.answers[place] = { issuer: iss, jwks_uri: `${issuer.url}/keys` };
    const { statusOf } = await doorOf(iss);
    expect(await statusOf(await requestOf({ iss }))).toBe(200);
    expect(await statusOf(await requestOf({ iss }))).toBe(200);
    expect(issuer.asked.slice(-2)).toEqual([place, '/keys']); // both are kept for the second token
  });

  const place = '/.well-known/oauth-authorization-server';
  test.each<[what: string, answer: (url: string) => unknown, says: string]>([
    ['is nowhere', () => undefined, 'answered 404'],
    ['fails', () => 500, 'answered 500'],
    ['redirects', () => 302, 'answered 302'],
    ['is a page', () => '<html>', 'cannot be fetched'],
    ['has no keys', (url) => ({ issuer: url }), 'holds no metadata with "issuer" and "jwks_uri"'],
    ['has keys without https', (url) => ({ issuer: url, jwks_uri: 'http://keys.example.com' }), 'holds no metadata'],
    [
      'is of another issuer',
      (url) => ({ issuer: `${url}/`, jwks_uri: `${url}/keys` }),
      'MCP_OAUTH_ISSUER (in code: mcpOauthIssuer) must be exactly that text',
    ],
  ])('that %s: no token is accepted, the client may come back, and the log says why', async (_, answer, says) => {
    issuer.answers[place] = answer(issuer.url);
    const { door, statusOf, warned } = await doorOf(issuer.url);
    const response = await door.authenticate(await requestOf());
    expect(response).toMatchObject({ status: 503 });
    expect((response as Response).headers.get('retry-after')).toBe('5');
    expect(await (response as Response).text()).not.toContain(issuer.url);
    expect(await statusOf(await requestOf())).toBe(503);
    expect(warned()).toContain(says);
    expect(warned().split('\n')).toHaveLength(1);
  });
});

describe('the keys', () => {
  const keysUrl = () => `${issuer.url}/keys`;

  test('of a token with an unknown key are fetched once, and then not again for some seconds', async () => {
    const { statusOf } = await doorOf(issuer.url, keysUrl());
    for (let i = 0; i < 20; i++) expect(await statusOf(await requestOf({ kid: `unknown-${i}` }))).toBe(401);
    expect(issuer.asked).toEqual(['/keys']);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 6000 });
    try {
      const second = await newKey('second');
      issuer.keys.push(second);
      expect(await statusOf(await requestOf({ key: second }))).toBe(200);
      expect(issuer.asked).toEqual(['/keys', '/keys']);
    } finally {
      vi.useRealTimers();
    }
  });

  test('that are known stay valid while the issuer is away, and an unknown key is not accepted', async () => {
    const { statusOf } = await doorOf(issuer.url, keysUrl());
    expect(await statusOf(await requestOf())).toBe(200);
    issuer.close();
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 6000 });
    try {
      expect(await statusOf(await requestOf({ kid: 'unknown' }))).toBe(503);
      expect(await statusOf(await requestOf())).toBe(200);
      vi.setSystemTime(Date.now() + 11 * 60_000);
      expect(await statusOf(await requestOf())).toBe(503);
    } finally {
      vi.useRealTimers();
    }
  });

  test.each<[what: string, change: (keys: JWK[]) => Promise<unknown>]>([
    ['removed', async (keys) => keys.splice(0, 1, await newKey('second'))],
    ['replaced under the same name', async (keys) => keys.splice(0, 1, await newKey('first'))],
  ])('a token that was accepted is refused when its key was %s and the keys are fetched again', async (_, change) => {
    const { statusOf } = await doorOf(issuer.url, keysUrl());
    const request = await requestOf();
    expect(await statusOf(request.clone())).toBe(200);
    await change(issuer.keys);
    expect(await statusOf(request.clone())).toBe(200);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 6000 });
    try {
      expect(await statusOf(await requestOf({ kid: 'unknown' }))).toBe(401); // fetches the keys
      expect(await statusOf(request)).toBe(401);
    } finally {
      vi.useRealTimers();
    }
  });

  test('a token that was accepted is refused after its end, although its key is still known', async () => {
    const { statusOf } = await doorOf(issuer.url, keysUrl());
    const request = await requestOf();
    expect(await statusOf(request.clone())).toBe(200);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 5 * 60_000 - 2000 });
    try {
      expect(await statusOf(request.clone())).toBe(200);
      vi.setSystemTime(Date.now() + 4000);
      expect(await statusOf(request)).toBe(401);
      expect(issuer.asked).toEqual(['/keys']);
    } finally {
      vi.useRealTimers();
    }
  });

  test('are not asked for by requests without a readable token', async () => {
    const { door } = await doorOf(issuer.url);
    for (const Authorization of ['Bearer garbage', 'Bearer a.b.c', 'Basic YQ==']) {
      expect(await door.authenticate(new Request(RESOURCE, { headers: { Authorization } }))).toMatchObject({
        status: 401,
      });
    }
    expect(issuer.asked).toEqual([]);
  });

  test('that nobody serves: the log says which connection failed', async () => {
    const { statusOf, warned } = await doorOf(issuer.url, `http://127.0.0.1:${await freePort()}/keys`);
    expect(await statusOf(await requestOf())).toBe(503);
    expect(warned()).toMatch(/ECONNREFUSED 127\.0\.0\.1:\d+\. Check MCP_OAUTH_ISSUER/);
  });

  test('of an absent issuer are asked for again after five seconds', async () => {
    const { statusOf } = await doorOf(issuer.url);
    expect(await statusOf(await requestOf())).toBe(503);
    const asked = issuer.asked.length;
    issuer.answers['/.well-known/openid-configuration'] = { issuer: issuer.url, jwks_uri: keysUrl() };
    expect(await statusOf(await requestOf())).toBe(503);
    expect(issuer.asked.length).toBe(asked);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 6000 });
    try {
      expect(await statusOf(await requestOf())).toBe(200);
    } finally {
      vi.useRealTimers();
    }
  });

  test('S1: an embedded endpoint takes tokens too, instead of the word of its host', async () => {
    const own = { conductorServerUrl: 'http://127.0.0.1:9', mcpOauthIssuer: issuer.url, mcpResource: RESOURCE };
    const options = {
      ...own,
      mcpToolsets: ['all'],
      mcpOauthJwksUrl: keysUrl(),
      mcpAudit: true,
      mcpAuditDir: auditFolderForTest(),
    };
    const mcp = await createMcpEndpoint(options);
    const ask = async (token?: string) => {
      const call = { name: 'get_my_permissions', arguments: {} };
      const response = await mcp.fetch(new Request(RESOURCE, withToken(rawRequest('tools/call', call, {}), token)));
      return {
        status: response.status,
        challenge: response.headers.get('www-authenticate'),
        text: await response.text(),
      };
    };
    const token = (await requestOf()).headers.get('authorization')?.slice('Bearer '.length);
    expect(await ask()).toMatchObject({ status: 401, challenge: expect.stringContaining('resource_metadata=') });
    expect(await ask('x')).toMatchObject({ status: 401, challenge: expect.stringContaining('invalid_token') });
    expect(await ask(token)).toMatchObject({ status: 200, text: expect.stringContaining('ada') });
    const place = 'https://mcp.example.com/.well-known/oauth-protected-resource/mcp';
    expect(await (await mcp.fetch(new Request(place))).json()).toMatchObject({ resource: RESOURCE });
    await mcp.close();
    const { requests } = await searchAudit(options.mcpAuditDir, { limit: 10 });
    expect(requests.map(({ caller }) => caller.name)).toEqual(['ada', 'unauthenticated', 'unauthenticated']);
    await expect(createMcpEndpoint({ ...own, callerFrom: () => undefined })).rejects.toMatchObject({ code: 'config' });
    const env = { MCP_OAUTH_ISSUER: issuer.url };
    await expect(createMcpEndpoint({ ...own, mcpOauthIssuer: undefined, env, mcpResource: undefined })).rejects.toThrow(
      'MCP_OAUTH_ISSUER (in code: mcpOauthIssuer) is set and MCP_RESOURCE (in code: mcpResource) is not',
    );
  });

  test('the token is taken out of the request', async () => {
    const { door } = await doorOf(issuer.url, keysUrl());
    const request = await requestOf();
    const caller = await door.authenticate(request);
    expect(request.headers.has('authorization')).toBe(false);
    expect(JSON.stringify(caller)).not.toContain('eyJ');
  });
});
