import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { callHttp, type HttpCall } from '../../workers/effects/call-http.ts';

/** A service whose behaviour depends on the path. */
const behaviours: Record<string, (request: IncomingMessage, response: ServerResponse) => void> = {
  '/headers': (request, response) => json(response, 200, request.headers),
  '/large': (_, response) => void response.end('x'.repeat(1_100_000)),
  '/large-outage': (_, response) => void response.writeHead(503).end('x'.repeat(1_100_000)),
  '/loop': (_, response) => void response.writeHead(302, { location: '/loop' }).end(),
  '/stall': (_, response) => void response.writeHead(200).write('begun'),
  '/cut-off': (_, response) => {
    response.writeHead(200, { 'content-length': '100' }).write('begun', () => response.destroy());
  },
};

const server = createServer((request, response) => {
  const path = request.url ?? '/';
  const status = Number(/^\/status\/(\d+)$/.exec(path)?.[1]);
  if (status) json(response, status, { status });
  else behaviours[path]?.(request, response);
});
let base: string;

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function call(path: string, more: Partial<HttpCall> = {}) {
  const signal = new AbortController().signal;
  return callHttp({ url: `${base}${path}`, method: 'GET', timeoutSeconds: 5, signal, idempotencyKey: 'key', ...more });
}

describe('answers', () => {
  test.each([200, 204, 304, 400, 401, 404, 409, 418])(
    'an answer with status %d is a result, not an error',
    async (status) => {
      expect(await call(`/status/${status}`)).toMatchObject({ statusCode: status, ok: status < 300 });
    },
  );

  test.each([408, 425, 429, 500, 501, 503, 507])('an answer with status %d is a retryable error', async (status) => {
    await expect(call(`/status/${status}`)).rejects.toMatchObject({
      name: 'Error',
      message: expect.stringContaining(`answered ${status}`),
    });
  });

  test.each([
    ['/large', 'NonRetryableError', 'more than 1000000 bytes'],
    ['/large-outage', 'Error', 'answered 503'],
    ['/loop', 'NonRetryableError', 'redirect count exceeded'],
    ['/cut-off', 'Error', 'failed'],
  ])('%s ends as %s', async (path, name, message) => {
    await expect(call(path)).rejects.toMatchObject({ name, message: expect.stringContaining(message) });
  });

  test('if an answer stops in the middle, the error is retryable and names the request', async () => {
    const stalled = call('/stall', { timeoutSeconds: 0.1 });
    await expect(stalled).rejects.toMatchObject({
      name: 'Error',
      message: expect.stringMatching(/^GET .*\/stall failed/),
    });
  });

  test('a refused connection is retryable', async () => {
    await expect(call('', { url: 'http://127.0.0.1:1/' })).rejects.toMatchObject({ name: 'Error' });
  });
});

describe('requests', () => {
  test("the caller's headers replace ours, in upper or lower case", async () => {
    const headers = { 'Content-Type': 'application/merge-patch+json', 'Idempotency-Key': 'mine' };
    const { body } = await call('/headers', { method: 'POST', headers, body: { a: 1 } });
    expect(body).toMatchObject({ 'content-type': 'application/merge-patch+json', 'idempotency-key': 'mine' });
  });

  test("the worker sends the task's idempotency key unless the caller gives one", async () => {
    expect((await call('/headers')).body).toMatchObject({ 'idempotency-key': 'key' });
  });

  test('null means no body', async () => {
    expect(await call('/headers', { body: null })).toMatchObject({ statusCode: 200 });
  });

  test.each<[string, Partial<HttpCall>]>([
    ['a body with GET', { body: { a: 1 } }],
    ['a header with characters that HTTP does not allow', { headers: { a: 'line\nbreak' } }],
    ['credentials in the address', { url: 'http://user:hush@127.0.0.1:1/' }],
  ])('%s fails the task without a retry, and the error shows no secret', async (_, more) => {
    const refused = call('/headers', more);
    await expect(refused).rejects.toMatchObject({
      name: 'NonRetryableError',
      message: expect.not.stringContaining('hush'),
    });
  });
});
