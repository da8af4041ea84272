import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync } from 'node:fs';
import { createServer as createProxy } from 'node:http';
import { createServer as createTls } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createConductor } from '../../core/conductor/api.ts';
import { createCaller } from '../../core/conductor/connection/caller.ts';
import { release } from '../../core/conductor/embedded/install/release.ts';
import { type FakeConductor, startFakeConductor } from '../support/fake-conductor.ts';

let fake: FakeConductor;
beforeEach(async () => {
  fake = await startFakeConductor();
});
afterEach(() => fake.close());

function conductor(more: { requestTimeoutMs?: number; key?: string; url?: string } = {}) {
  return createConductor(
    createCaller({
      conductorServerUrl: more.url ?? fake.url,
      requestTimeoutMs: more.requestTimeoutMs ?? 5_000,
      conductorAuthKey: more.key,
      conductorAuthSecret: more.key && 'hush-hush',
    }),
  );
}

describe('credentials', () => {
  test('if the server refuses the credentials, the call fails at once, and the error shows no secret', async () => {
    fake.routes = ({ path }) => (path === '/api/token' ? { status: 401, body: { message: 'no' } } : undefined);
    const refused = conductor({ key: 'key' }).version();
    await expect(refused).rejects.toMatchObject({ code: 'denied', message: expect.not.stringContaining('hush') });
    expect(fake.requests.filter(({ path }) => path === '/api/token')).toHaveLength(1);
  });

  test.each([
    [{ status: 500, body: { message: 'broken' } }, 'upstream', 'broken'],
    [{ status: 429, body: { message: 'slowly' } }, 'upstream', 'limits the rate'],
    [{ body: { other: 1 } }, 'upstream', 'not the answer of a Conductor server'],
  ])(
    'S: after an answer without a token, %j, the call fails at once and nothing asks again',
    async (answer, code, text) => {
      fake.routes = ({ path }) => (path === '/api/token' ? answer : undefined);
      const refused = conductor({ key: 'key' }).version();
      await expect(refused).rejects.toMatchObject({ code, message: expect.stringContaining(text) });
      await new Promise((resolve) => setTimeout(resolve, 1500)); // the SDK would try again after a second
      expect(fake.requests.filter(({ path }) => path === '/api/token')).toHaveLength(1);
    },
  );

  test('the client exchanges its credentials for a token, and every call sends the token', async () => {
    fake.routes = ({ path }) => (path === '/api/token' ? { body: { token: 'T' } } : { body: release.version });
    const connected = conductor({ key: 'key' });
    expect(await connected.version()).toBe(release.version);
    connected.close();
    expect(fake.requests[0]).toMatchObject({ path: '/api/token', body: { keyId: 'key', keySecret: 'hush-hush' } });
  });

  test('the client sends no token if the server has no token endpoint', async () => {
    fake.routes = ({ path }) =>
      path === '/api/token' ? { status: 404, body: { message: 'no' } } : { body: release.version };
    expect(await conductor({ key: 'key' }).version()).toBe(release.version);
  });
});

describe('limits', () => {
  test('the time limit and the signal of a call also apply while the client requests its token', async () => {
    fake.routes = () => new Promise(() => undefined);
    await expect(conductor({ key: 'key', requestTimeoutMs: 100 }).version()).rejects.toMatchObject({
      code: 'upstream',
      message: expect.stringContaining('did not answer in time'),
    });
    const stop = new AbortController();
    const stopped = conductor({ key: 'key' }).version(stop.signal);
    stop.abort(new Error('enough'));
    await expect(stopped).rejects.toThrow('enough');
  });

  test('a long poll has a longer time limit, because the server may wait', async () => {
    fake.routes = async () => {
      await new Promise((resolve) => setTimeout(resolve, 300));
      return { body: [] };
    };
    const polled = conductor({ requestTimeoutMs: 200 }).pollTasks('t', { count: 1, timeoutMs: 2_000, workerId: 'w' });
    expect(await polled).toEqual([]);
  });
});

test('the client does not repeat a start after a broken connection, because a second execution could start', async () => {
  fake.fault = 'hang-up';
  await expect(conductor().startWorkflow({ name: 'w', input: {} })).rejects.toMatchObject({ code: 'upstream' });
  expect(fake.requests).toHaveLength(1);
});

test("the SDK's client ignores a server address in the environment", async () => {
  process.env.CONDUCTOR_SERVER_URL = 'http://127.0.0.1:1/api';
  try {
    fake.routes = () => ({ body: release.version });
    expect(await conductor().version()).toBe(release.version);
  } finally {
    delete process.env.CONDUCTOR_SERVER_URL;
  }
});

describe('D8: names that no URL can contain', () => {
  test.each(['q06/slash', 'back\\slash', '.', '..', 'null\0', 'half\ud800'])(
    '%j is refused before a request is sent',
    async (name) => {
      const calls = [
        conductor().getWorkflowDef(name),
        conductor().deleteWorkflowDef(name, 1),
        conductor().getTaskDef(name),
        conductor().getSchedule(name),
      ];
      for (const call of calls) {
        await expect(call).rejects.toMatchObject({
          code: 'input',
          message: expect.stringMatching(/^The server can never fetch, change or delete what is called ".*": /),
          remedy: 'Register it under another name. Use letters, digits, ".", - and _.',
        });
      }
      expect(fake.requests).toEqual([]);
    },
  );
});

test.each([
  ['http://127.0.0.1:1/api', /npm start.*fleet server start/],
  ['http://localhost:1/api', /npm start/],
  ['http://[::1]:1/api', /npm start/],
  ['http://conductor.invalid:8080/api', /^If the server is starting or restarting, try again in a minute\./],
  ['http://192.0.2.1:8080/api', /^If the server is starting or restarting, try again in a minute\./],
])('N9: the remedy for an unreachable server fits its address %s', async (url, remedy) => {
  const error = await conductor({ url, requestTimeoutMs: 200 })
    .version()
    .catch((thrown) => thrown);
  expect(error).toMatchObject({ code: 'upstream', remedy: expect.stringMatching(remedy) });
});

test('N1: the refusal of a server whose disk is full says so', async () => {
  const message = '[SQLITE_FULL] Insertion failed because database is full';
  fake.routes = () => ({ status: 500, body: { status: 500, message, retryable: false } });
  await expect(conductor().version()).rejects.toMatchObject({
    code: 'upstream',
    retryable: true,
    message: `The disk of the Conductor server at ${fake.url} is full: ${message}`,
    remedy: 'Free some space on the disk of its database. The executions then continue by themselves.',
  });
});

describe('N6: the client tells the refusal of a Conductor server from the answer of another program', () => {
  test.each([
    ['not-found', 404, { status: 404, message: 'No such workflow', retryable: false }, undefined],
    [
      'not-found',
      404,
      { status: 404, message: 'No static resource api/version.' },
      /the path in CONDUCTOR_SERVER_URL \(in code: conductorServerUrl\)/,
    ],
    ['conflict', 409, { status: 409, message: 'already exists', retryable: false }, undefined],
    [
      'upstream',
      404,
      { error: 'Not Found' },
      /Check that CONDUCTOR_SERVER_URL \(in code: conductorServerUrl\) names the API/,
    ],
    [
      'upstream',
      404,
      { message: 'Not Found' },
      /Check that CONDUCTOR_SERVER_URL \(in code: conductorServerUrl\) names the API/,
    ],
    [
      'upstream',
      405,
      '<html>405 Not Allowed</html>',
      /Check that CONDUCTOR_SERVER_URL \(in code: conductorServerUrl\) names the API/,
    ],
    ['upstream', 307, '', /Check that CONDUCTOR_SERVER_URL \(in code: conductorServerUrl\) names the API/],
  ])('%s for HTTP %i %j', async (code, status, body, remedy) => {
    fake.routes = () => ({ status, body });
    const error = await conductor()
      .version()
      .catch((thrown) => thrown);
    expect(error).toMatchObject({ code });
    if (remedy) expect(error.remedy).toMatch(remedy);
    else expect(error.remedy).toBeUndefined();
  });
});

/** A certificate for 127.0.0.1 that Java's keytool makes for this run. */
function ownCertificate() {
  const folder = mkdtempSync(join(tmpdir(), 'fleet-tls-'));
  const passphrase = randomUUID();
  const [store, certFile] = [join(folder, 'store.p12'), join(folder, 'cert.pem')];
  const keytool = (command: string, ...args: string[]) =>
    execFileSync('keytool', [command, '-alias', 'own', '-keystore', store, '-storepass', passphrase, ...args], {
      stdio: 'pipe',
    });
  const names = ['-dname', 'CN=127.0.0.1', '-ext', 'SAN=IP:127.0.0.1'];
  keytool(
    '-genkeypair',
    '-keyalg',
    'EC',
    '-groupname',
    'secp256r1',
    '-storetype',
    'PKCS12',
    '-validity',
    '2',
    ...names,
  );
  keytool('-exportcert', '-rfc', '-file', certFile);
  return { pfx: readFileSync(store), passphrase, certFile };
}

test('M3: calls reach a server with TLS through a proxy', async () => {
  const { pfx, passphrase, certFile } = ownCertificate();
  const sockets = new Set<Socket>();
  const keep = (socket: Socket) => void sockets.add(socket);
  const secure = createTls({ pfx, passphrase }, (_request, response) => void response.end(release.version)).on(
    'connection',
    keep,
  );
  const tunnels: string[] = [];
  const proxy = createProxy((_request, response) => void response.writeHead(500).end())
    .on('connection', keep)
    .on('connect', ({ url = '' }, client: Socket) => {
      tunnels.push(url);
      const [host, port] = url.split(':');
      const upstream = connect(Number(port), host, () => {
        client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
        upstream.pipe(client).pipe(upstream);
      });
      for (const socket of [client, upstream]) socket.on('error', () => {});
    });
  const portOf = async (server: typeof proxy | typeof secure) => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  };
  const [port, proxyPort] = [await portOf(secure), await portOf(proxy)];
  const api = createConductor(
    createCaller({
      conductorServerUrl: `https://127.0.0.1:${port}/api`,
      conductorProxyUrl: `http://127.0.0.1:${proxyPort}`,
      conductorTlsCaPath: certFile,
      conductorAuthKey: undefined,
      conductorAuthSecret: undefined,
      requestTimeoutMs: 5000,
    }),
  );
  try {
    expect(await api.version()).toBe(release.version);
    expect(tunnels).toEqual([`127.0.0.1:${port}`]);
  } finally {
    api.close();
    for (const socket of sockets) socket.destroy();
    secure.close();
    proxy.close();
  }
});
