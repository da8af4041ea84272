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
    ['not-found', 404, { status: 404, message: 'No static resource api/version.' }, /the path in CONDUCTOR_SERVER_URL/],
    ['conflict', 409, { status: 409, message: 'already exists', retryable: false }, undefined],
    ['upstream', 404, { error: 'Not Found' }, /Check that CONDUCTOR_SERVER_URL names the API/],
    ['upstream', 404, { message: 'Not Found' }, /Check that CONDUCTOR_SERVER_URL names the API/],
    ['upstream', 405, '<html>405 Not Allowed</html>', /Check that CONDUCTOR_SERVER_URL names the API/],
    ['upstream', 307, '', /Check that CONDUCTOR_SERVER_URL names the API/],
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
