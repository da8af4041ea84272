import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** A request whose body has been read and parsed, once. */
export interface Asked {
  readonly method: string;
  readonly address: string;
  readonly headers: Headers;
  readonly body: string;
  /** Undefined where the body is not JSON. */
  readonly parsed: unknown;
  /** Aborted when the client goes before it has its answer. */
  readonly gone: AbortSignal;
}

export type Answering = (asked: Asked) => Promise<Response>;

/** Serves one request of Node's HTTP server. */
export type Exchange = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/**
 * Joins what answers requests to Node's HTTP server. The SDK's own adapter makes a stream of each body, which the handler copies and reads
 * again, and takes every answer out of another one; here a body is read and parsed once, and a whole answer is one write: a sixth of
 * the processor time of a call. What cannot be parsed is left to the handler, which knows how to refuse it.
 * @param maxBodyBytes a larger body is answered with 413 and not read to its end
 */
export function exchangeWith(answer: Answering, maxBodyBytes: number): Exchange {
  return async (request, response) => {
    const leaving = new AbortController();
    response.once('close', () => {
      if (!response.writableFinished) leaving.abort();
    });
    const body = await readBody(request, maxBodyBytes);
    if (body === 'gone') return void response.destroy();
    if (body === 'too large') return refuseBody(response, maxBodyBytes);
    const asked: Asked = {
      method: request.method ?? 'GET',
      address: `http://${request.headers.host ?? 'localhost'}${request.url ?? '/'}`,
      headers: headersOf(request),
      body: body.text,
      parsed: parse(body.text),
      gone: leaving.signal,
    };
    await send(await answer(asked), response, leaving.signal);
  };
}

/** The request as the SDK takes it; its body, where it could be parsed, goes beside it. */
export function requestOf({ method, address, headers, body, parsed, gone: signal }: Asked): Request {
  const isUnread = parsed === undefined && body !== '';
  return new Request(address, { method, headers, signal, ...(isUnread && { body }) });
}

const JSON_HEADERS = { 'content-type': 'application/json' };

/** By events, which cost less than the iterator over a request. */
function readBody(request: IncomingMessage, maxBytes: number): Promise<{ text: string } | 'gone' | 'too large'> {
  return new Promise((resolve) => {
    if (request.method === 'GET' || request.method === 'HEAD') return resolve({ text: '' });
    if (Number(request.headers['content-length']) > maxBytes) return resolve('too large');
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.byteLength;
      if (bytes <= maxBytes) return void chunks.push(chunk);
      request.pause();
      resolve('too large');
    });
    request.on('end', () => resolve({ text: Buffer.concat(chunks, bytes).toString('utf8') }));
    request.on('error', () => resolve('gone'));
    request.on('close', () => resolve('gone'));
  });
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function headersOf({ headersDistinct }: IncomingMessage): Headers {
  const headers = new Headers();
  for (const [name, values = []] of Object.entries(headersDistinct)) {
    for (const value of values) headers.append(name, value);
  }
  return headers;
}

/** The connection ends, too: nobody is going to read the rest of the body. */
function refuseBody(response: ServerResponse, maxBodyBytes: number): void {
  const message = `Payload Too Large: Request body must not exceed ${maxBodyBytes} bytes`;
  const body = JSON.stringify({ jsonrpc: '2.0', error: { code: -32000, message }, id: null });
  response.writeHead(413, { ...JSON_HEADERS, Connection: 'close' }).end(body);
}

async function send(answer: Response, response: ServerResponse, gone: AbortSignal): Promise<void> {
  const headers = Object.fromEntries(answer.headers);
  if (!headers['content-type']?.startsWith('text/event-stream')) {
    return sendWhole(response, answer.status, headers, await answer.text());
  }
  response.writeHead(answer.status, headers);
  try {
    for await (const chunk of answer.body ?? []) {
      if (gone.aborted) break;
      if (!response.write(chunk)) await once(response, 'drain', { signal: gone });
    }
  } catch {
    // the client has gone, or the handler has ended the stream because of that
  }
  response.end();
}

/** As a string it goes out in one write with the headers. */
function sendWhole(response: ServerResponse, status: number, headers: Record<string, string>, body = ''): void {
  response.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(body) }).end(body);
}
