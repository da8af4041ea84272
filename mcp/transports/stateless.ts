import {
  legacyStatelessFallback,
  type McpHandlerRequestOptions,
  type McpServerFactory,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server';
import { z } from 'zod';
import { untilEnd } from './subscriptions.ts';

export interface StatelessOptions {
  /** Builds the server of one request. */
  readonly build: McpServerFactory;
  readonly maxRequestBodySize: number;
  onerror(error: Error): void;
}

/** Answers the requests that belong to no session. */
export interface Stateless {
  fetch(request: Request, given?: McpHandlerRequestOptions): Promise<Response>;
  /** Cancels the calls that still run, and ends their streams. */
  close(): void;
}

/** The status of an answer to a call whose client has disconnected, or that `close` has ended. The SDK uses the same. */
export const CALL_ENDED = 499;

const withProgress = z.looseObject({
  params: z.looseObject({ _meta: z.looseObject({ progressToken: z.union([z.string(), z.number()]) }) }),
});

/**
 * Answers requests of the 2025 revision that belong to no session. The SDK answers each of them with an event stream. Only a client
 * that asks for progress needs one; all others get one JSON body, which costs about half the processor time.
 */
export function statelessHandler(options: StatelessOptions): Stateless {
  const { build, onerror, maxRequestBodySize } = options;
  const stream = legacyStatelessFallback(build, onerror, { maxRequestBodySize });
  const running = new Set<AbortController>();
  return {
    async fetch(request, given = {}) {
      const call = new AbortController();
      const done = () => void running.delete(call);
      running.add(call);
      request.signal.addEventListener('abort', () => call.abort());
      const { url, method, headers } = request;
      const { signal } = call;
      const needsStream = method !== 'POST' || withProgress.safeParse(given.parsedBody).success;
      if (!needsStream) return answerAsJson(request, given, { ...options, signal }).finally(done);
      const response = await stream(new Request(url, { method, headers, signal }), given);
      if (!response.body) done();
      return untilEnd(response, done);
    },
    close() {
      for (const call of running) call.abort();
    },
  };
}

async function answerAsJson(
  request: Request,
  given: McpHandlerRequestOptions,
  { build, maxRequestBodySize, signal }: StatelessOptions & { readonly signal: AbortSignal },
): Promise<Response> {
  const { authInfo } = given;
  const server = await build({ era: 'legacy', requestInfo: request, ...(authInfo && { authInfo }) });
  const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true, maxRequestBodySize });
  await server.connect(transport);
  const ended = Promise.withResolvers<Response>();
  signal.addEventListener('abort', () => {
    ended.resolve(new Response(null, { status: CALL_ENDED }));
    void server.close(); // cancels the call
  });
  return Promise.race([transport.handleRequest(request, given), ended.promise]);
}
