import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { McpHandlerRequestOptions } from '@modelcontextprotocol/server';
import type { WholeAnswer } from './whole.ts';

/** Answers a request, whose body has been parsed where it could be. */
export interface Answering {
  fetch(request: Request, options?: McpHandlerRequestOptions): Promise<Response | WholeAnswer>;
}

/** Serves one request of Node's HTTP server. */
export type Exchange = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/**
 * Joins the SDK's handler to Node's HTTP server. The SDK's own adapter makes a stream of each body, which the handler copies and reads
 * again, and takes every answer out of another one; here a body is read and parsed once, and a whole answer is one write: a sixth of
 * the processor time of a call. What cannot be parsed is left to the handler, which knows how to refuse it.
 * @param maxBodyBytes a larger body is answered with 413 and not read to its end
 */
export function exchangeWith(mcp: Answering, maxBodyBytes: number): Exchange {
  return async (request, response) => {
    const gone = new AbortController();
    response.once('close', () => {
      if (!response.writableFinished) gone.abort();
    });
    const body = await readBody(request, maxBodyBytes).catch((): typeof GONE => GONE);
    if (body === GONE) return void response.destroy();
    if (body === undefined) return refuseBody(response, maxBodyBytes);
    const parsedBody = parse(body);
    const init = { method: request.method ?? 'GET', headers: headersOf(request), signal: gone.signal };
    const address = `http://${request.headers.host ?? 'localhost'}${request.url ?? '/'}`;
    const answer =
      parsedBody === undefined
        ? await mcp.fetch(new Request(address, body === '' ? init : { ...init, body }))
        : await mcp.fetch(new Request(address, init), { parsedBody });
    await send(answer, response, gone.signal);
  };
}

const JSON_HEADERS = { 'content-type': 'application/json' };

/** The client has broken its own request off. */
const GONE = Symbol('gone');

/** Undefined if it is too large. */
async function readBody(request: IncomingMessage, maxBytes: number): Promise<string | undefined> {
  if (request.method === 'GET' || request.method === 'HEAD') return '';
  if (Number(request.headers['content-length']) > maxBytes) return undefined;
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes).toString('utf8');
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

async function send(answer: Response | WholeAnswer, response: ServerResponse, gone: AbortSignal): Promise<void> {
  if (!(answer instanceof Response))
    return sendWhole(response, answer.status, JSON_HEADERS, JSON.stringify(answer.body));
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
