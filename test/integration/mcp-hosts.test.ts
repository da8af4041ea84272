import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { silentLogger } from '../../core/log.ts';
import { readingOf } from '../../mcp/admission/subject.ts';
import type { Feature } from '../../mcp/engine/mcp-server.ts';
import { type HttpEndpoint, startHttp } from '../../mcp/transports/http.ts';
import { frontOf, httpConfig } from '../support/mcp-front.ts';
import { exchange, post } from '../support/raw-socket.ts';

/*
 * Requests whose Host, Origin or address is not plainly that of this server, and requests that two HTTP servers could cut differently.
 * They are written byte by byte, because no HTTP client sends them.
 */

let front: HttpEndpoint;
/** Number of requests that reached a handler. */
let handled = 0;

const counting: Feature = {
  capabilities: { tools: {} },
  attach: (requests) =>
    requests.answer('tools/list', {
      find: () => readingOf('tools/list', 'none'),
      handle() {
        handled += 1;
        return { tools: [] };
      },
    }),
};

beforeAll(async () => {
  const config = await httpConfig({ mcpAllowedHosts: ['mcp.example'], mcpAllowedOrigins: ['tools.example'] });
  const conductor = () => Promise.reject(new Error('no Conductor here'));
  front = await startHttp({ ...frontOf([counting]), conductor, config, log: silentLogger });
});
afterAll(() => front.close());

const list = '{"jsonrpc":"2.0","id":1,"method":"tools/list"}';

/** Sends the bytes. Returns the status and the sentence of each answer. */
async function send(bytes: string): Promise<string[]> {
  const text = await exchange(front.url, bytes);
  return text.split(/(?=HTTP\/1\.1 \d)/).map((answer) => {
    const message = /"message":"((?:[^"\\]|\\.)*)"/.exec(answer)?.[1] ?? '';
    return `${answer.slice(9, 12)} ${JSON.parse(`"${message}"`)}`.trim();
  });
}

const isServed = (answers: string[]) => answers.length === 1 && answers[0] === '200';

describe('Host', () => {
  test.each(['localhost', 'LOCALHOST:80', 'localhost:9', '127.0.0.1', '[::1]:3000', 'mcp.example', 'MCP.example:443'])(
    '%s is served',
    async (host) => {
      expect(await send(post(list, [`Host: ${host}`]))).toSatisfy(isServed);
    },
  );

  test.each([
    ['evil.example', '403 Invalid Host: "evil.example".'], // DNS rebinding: the name of a page that points here
    ['localhost.evil.example', '403 Invalid Host'],
    ['localhost.', '403 Invalid Host: "localhost."'],
    ['mcp.example.', '403 Invalid Host'],
    ['[::ffff:7f00:1]', '403 Invalid Host'],
    ['0.0.0.0', '403 Invalid Host'],
    ['user@localhost', '400 Bad Request: the Host header "user@localhost" is not a host name with a port.'],
    ['user:password@localhost', '400'],
    ['evil.example@localhost', '400'],
    ['localhost\\@evil.example', '400'],
    ['localhost/x', '400'],
    ['localhost#x', '400'],
    ['localhost?x', '400'],
    ['localhost, evil.example', '400'],
    ['localhost evil.example', '400'],
    ['localhost\tevil.example', '400'],
    ['localhost:port', '400'],
    ['localhost:99999', '400'],
    ['localhost:', '400'],
    ['%6cocalhost', '400'],
    ['127.1', '400'],
    ['2130706433', '400'],
    ['0x7f.0.0.1', '400'],
    ['::1', '400'],
    ['[0:0:0:0:0:0:0:1]', '400'],
    ['[::1%25lo]', '400'],
    ['l\u00f6calhost', '400'],
    ['', '400 Bad Request: the request has no Host header.'],
  ])('S: %j is refused', async (host, refusal) => {
    const before = handled;
    const answers = await send(post(list, [`Host: ${host}`]));
    expect(answers).toEqual([expect.stringContaining(refusal)]);
    expect(answers[0]?.length).toBeGreaterThan(20); // in words
    expect(handled).toBe(before);
  });

  test('a request without a Host, or with two, is refused', async () => {
    expect(await send(post(list, []))).toEqual(['400 Bad Request: the request has no Host header.']);
    const two = '400 Bad Request: the request has several Host headers.';
    expect(await send(post(list, ['Host: localhost', 'Host: localhost']))).toEqual([two]);
    expect(await send(post(list, ['Host: localhost', 'Host: evil.example']))).toEqual([two]);
  });

  test('a refusal does not wait for the body', async () => {
    const endless = post(list, ['Host: evil.example']).replace(/Content-Length: \d+/, 'Content-Length: 1000000');
    expect(await send(endless)).toEqual([expect.stringContaining('403 Invalid Host')]);
  });
});

describe('Origin', () => {
  test.each([
    'http://localhost',
    'https://localhost:6274',
    'HTTP://LOCALHOST:1',
    'http://[::1]:5173',
    'https://tools.example',
  ])('%s is served', async (origin) => {
    expect(await send(post(list, ['Host: localhost', `Origin: ${origin}`]))).toSatisfy(isServed);
  });

  test.each([
    'null',
    '',
    'localhost',
    'http://localhost.evil.example',
    'http://localhost.',
    'http://user@localhost',
    'http://localhost@evil.example',
    'http://localhost/path',
    'http://localhost, http://evil.example',
    'http://127.1',
    'http://mcp.example', // allowed as a Host only
    'file://',
    'chrome-extension://localhost',
    'https://evil.example',
  ])('S: %j is refused', async (origin) => {
    const before = handled;
    const answers = await send(post(list, ['Host: localhost', `Origin: ${origin}`]));
    expect(answers).toEqual([expect.stringContaining(`403 Invalid Origin: ${JSON.stringify(origin)}`)]);
    expect(handled).toBe(before);
  });

  test('two Origins are refused, even if the first is allowed', async () => {
    const lines = ['Host: localhost', 'Origin: http://localhost', 'Origin: http://evil.example'];
    expect(await send(post(list, lines))).toEqual([expect.stringContaining('403 Invalid Origin')]);
  });
});

describe('the address in the request line', () => {
  test.each([
    'http://localhost/mcp',
    'http://evil.example/mcp',
    'http://user@localhost/mcp',
    'https://localhost/mcp',
    '*',
  ])('S: %s is refused', async (target) => {
    expect(await send(post(list, ['Host: localhost'], target))).toEqual([
      '400 Bad Request: the address of a request must be a path, such as /mcp.',
    ]);
  });

  test('a path that looks like the address of another server is a path', async () => {
    expect(await send(post(list, ['Host: localhost'], '//evil.example/mcp'))).toEqual(['404']);
  });
});

describe('requests that two servers could cut differently', () => {
  const smuggled = 'GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n';
  const head = (lines: readonly string[]) =>
    post('', ['Host: localhost', ...lines])
      .replace('Content-Length: 0\r\n', '')
      .replace('Connection: close\r\n', '');
  const chunked = 'Transfer-Encoding: chunked';

  test.each([
    ['Content-Length and Transfer-Encoding', head(['Content-Length: 4', chunked])],
    ['Transfer-Encoding and Content-Length', head([chunked, 'Content-Length: 4'])],
    ['Transfer-Encoding twice', head([chunked, chunked])],
    ['a Transfer-Encoding that is not chunked', head(['Transfer-Encoding: xchunked'])],
    ['a Transfer-Encoding after chunked', head(['Transfer-Encoding: chunked, identity'])],
    ['a Transfer-Encoding with a space before the colon', head(['Transfer-Encoding : chunked'])],
    ['two Content-Lengths', head(['Content-Length: 5', 'Content-Length: 6'])],
    ['a negative Content-Length', head(['Content-Length: -5'])],
    ['a Content-Length in another notation', head(['Content-Length: 0x5'])],
    ['a header that continues on the next line', head(['X: a\r\n b', 'Content-Length: 5'])],
    ['lines that end without a carriage return', head(['Content-Length: 5']).replaceAll('\r\n', '\n')],
    ['a NUL byte in a header', head(['X: a\0b', 'Content-Length: 5'])],
  ])('S: %s: one 400, and nothing behind it is served', async (_name, bytes) => {
    const before = handled;
    expect(await send(`${bytes}0\r\n\r\n${smuggled}`)).toEqual(['400']);
    expect(handled).toBe(before);
  });

  test('a chunked body with a broken chunk is refused', async () => {
    expect(await send(`${head([chunked])}zz\r\n${smuggled}`)).toEqual([expect.stringMatching(/^(400.*)?$/)]);
  });
});
