import type { Handle } from './node-handler.ts';
import { type BodyLimits, readBody, refusal } from './request-body.ts';

/**
 * Connects a handler to a server that speaks web-standard requests and responses. The returned function never rejects: `onerror` gets the
 * error of a handler, and the client gets a 500.
 */
export function webHandler(handle: Handle, onerror: (error: unknown) => void, limits: BodyLimits) {
  return async (request: Request): Promise<Response> => {
    try {
      const host = request.headers.get('host') ?? new URL(request.url).host;
      return await handle({ request, host, readBody: () => bodyOf(request, limits) });
    } catch (error) {
      onerror(error);
      return refusal(500, -32603, 'Internal server error');
    }
  };
}

async function bodyOf({ method, headers, body, bodyUsed }: Request, limits: BodyLimits) {
  if (bodyUsed) throw new Error('The body of the request has been read before. Pass a request whose body is unread.');
  const about = { contentType: headers.get('content-type'), contentLength: headers.get('content-length') };
  return readBody({ method, ...about, chunks: body ?? noChunks() }, limits);
}

async function* noChunks(): AsyncIterable<Uint8Array> {}
