import {
  legacyStatelessFallback,
  type McpHandlerRequestOptions,
  type McpServerFactory,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server';
import { z } from 'zod';

export interface StatelessOptions {
  /** Builds the server of one request. */
  readonly build: McpServerFactory;
  readonly maxRequestBodySize: number;
  onerror(error: Error): void;
}

type Handler = (request: Request, options?: McpHandlerRequestOptions) => Promise<Response>;

const withProgress = z.looseObject({
  params: z.looseObject({ _meta: z.looseObject({ progressToken: z.union([z.string(), z.number()]) }) }),
});

/**
 * Answers requests of the 2025 revision that belong to no session. The SDK answers each of them with an event stream. Only a client
 * that asks for progress needs one; all others get one JSON body, which costs about half the processor time.
 */
export function statelessHandler(options: StatelessOptions): Handler {
  const { build, onerror, maxRequestBodySize } = options;
  const stream = legacyStatelessFallback(build, onerror, { maxRequestBodySize });
  return (request, given = {}) => {
    const needsStream = request.method !== 'POST' || withProgress.safeParse(given.parsedBody).success;
    return needsStream ? stream(request, given) : answerAsJson(request, given, options);
  };
}

async function answerAsJson(
  request: Request,
  given: McpHandlerRequestOptions,
  { build, maxRequestBodySize }: StatelessOptions,
): Promise<Response> {
  const { authInfo } = given;
  const server = await build({ era: 'legacy', requestInfo: request, ...(authInfo && { authInfo }) });
  const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true, maxRequestBodySize });
  await server.connect(transport);
  const disconnected = Promise.withResolvers<Response>();
  request.signal.addEventListener('abort', () => disconnected.resolve(new Response(null, { status: 499 })));
  try {
    return await Promise.race([transport.handleRequest(request, given), disconnected.promise]);
  } finally {
    await server.close(); // also cancels a call whose client has disconnected
  }
}
