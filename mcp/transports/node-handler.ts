import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream as NodeReadableStream } from 'node:stream/web';
import type { McpHandlerRequestOptions } from '@modelcontextprotocol/server';
import { hostnameOf, malformed } from './host-check.ts';
import { type BodyLimits, parseBody, readBody, refusal } from './request-body.ts';

/** Payload Too Large; Service Unavailable, because there is no room for the body. */
const ANSWERS_TO_LARGE_BODIES = [413, 503];

/** A request whose body has not been read yet. */
export interface Arrival {
  /** The request without its body. */
  readonly request: Request;
  /** The host that the client named. */
  readonly host: string | null | undefined;
  /** The same request as Node's HTTP server gave it. Absent if a web-standard server received it. */
  readonly incoming?: IncomingMessage;
  /** Reads and parses the body. Returns the refusal of a body that is too large or too slow, or that is not JSON. */
  readBody(): Promise<McpHandlerRequestOptions | Response>;
}

/** Answers one request. */
export type Handle = (arrival: Arrival) => Promise<Response>;

/**
 * Connects a handler to Node's HTTP server. The body is read and parsed once, and a JSON answer is written in one piece.
 * The SDK's `toNodeHandler` passes both through streams, which lowers the rate of cheap calls by 7 to 19 %.
 * A client that disconnects aborts the signal of its request, and the stream of its answer is cancelled.
 * The returned function never rejects: `onerror` gets the error of a handler, and the client gets a 500.
 */
export function nodeHandler(handle: Handle, onerror: (error: unknown) => void, limits: BodyLimits) {
  return async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const disconnected = new AbortController();
    response.once('close', () => {
      if (!response.writableFinished) disconnected.abort();
    });
    try {
      const request = toRequest(incoming, disconnected.signal);
      const arrival = { incoming, host: incoming.headers.host, readBody: () => bodyOf(incoming, limits) };
      const answer = request instanceof Response ? request : await handle({ request, ...arrival });
      await write(incoming, response, answer);
    } catch (error) {
      if (disconnected.signal.aborted) return;
      onerror(error);
      if (response.headersSent) response.destroy();
      else await write(incoming, response, refusal(500, -32603, 'Internal server error'));
    }
  };
}

/** A body parser that ran before, such as `express.json()`, has left what it read in `body`. */
async function bodyOf(incoming: IncomingMessage & { readonly body?: unknown }, limits: BodyLimits) {
  const { method, headers, body } = incoming;
  if (method === 'POST' && incoming.readableDidRead) {
    if (body === undefined)
      throw new Error('The body of the request has been read before. Leave what was read in `body`.');
    return typeof body === 'string' || Buffer.isBuffer(body) ? parseBody(body.toString()) : { parsedBody: body };
  }
  const about = { contentType: headers['content-type'], contentLength: headers['content-length'] };
  // A refused body is not read to its end. Its request must not be destroyed, because the connection still carries the refusal.
  const chunks = { [Symbol.asyncIterator]: () => incoming.iterator({ destroyOnReturn: false }) };
  return readBody({ method, ...about, chunks }, limits);
}

/** Returns the refusal of a request that the web standard does not allow, or whose address is not plainly that of its Host. */
function toRequest(incoming: IncomingMessage, signal: AbortSignal): Request | Response {
  const { method = 'GET', url = '/', headersDistinct } = incoming;
  const hosts = headersDistinct.host ?? [];
  const [host = 'localhost'] = hosts;
  if (hosts.length > 1) return malformed('the request has several Host headers.');
  if (!url.startsWith('/')) return malformed('the address of a request must be a path, such as /mcp.');
  try {
    const headers = new Headers();
    for (const [name, values = []] of Object.entries(headersDistinct)) {
      for (const value of values) headers.append(name, value);
    }
    // A Host that is not a plain name is refused later, by the check of the Host.
    const authority = hostnameOf(host) === undefined ? 'localhost' : host;
    return new Request(`http://${authority}${url}`, { method, headers, signal });
  } catch {
    return malformed('the method, the address or a header is not valid.');
  }
}

async function write(incoming: IncomingMessage, response: ServerResponse, answer: Response): Promise<void> {
  const isStream = answer.headers.get('content-type')?.startsWith('text/event-stream');
  // Node throws away the rest of a body that was not read to its end. A client that still sends it would lose an answer that is followed
  // by a closed connection.
  if (!incoming.complete && !ANSWERS_TO_LARGE_BODIES.includes(answer.status)) response.setHeader('Connection', 'close');
  const headers = Object.fromEntries(answer.headers);
  if (!isStream || !answer.body) {
    const bytes = new Uint8Array(await answer.arrayBuffer());
    // With the length, Node writes the answer as it is. Otherwise it would send it in chunks. A 204 must not have a length.
    const length = answer.body && { 'content-length': bytes.length };
    response.writeHead(answer.status, { ...headers, ...length });
    return void response.end(bytes);
  }
  response.writeHead(answer.status, headers);
  response.flushHeaders(); // the client learns that its stream is open before the first event
  // Given a web stream itself, `pipeline` would wait for the next event before it cancels the stream of a client that has gone.
  const body = answer.body as NodeReadableStream; // the same class, whose two declarations differ in BYOB readers
  await pipeline(Readable.fromWeb(body), response);
}
