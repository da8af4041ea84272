import {
  type McpHandlerRequestOptions,
  type McpServerFactory,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server';
import { z } from 'zod';

export interface WholeOptions {
  readonly build: McpServerFactory;
  readonly maxRequestBodySize: number;
  onerror(error: Error): void;
}

/** Nobody reads it. */
const CLIENT_GONE = 499;

const absent = z.undefined().optional();
const wholeRequest = z.looseObject({
  id: z.union([z.string(), z.number()]),
  method: z.string(),
  params: z
    .looseObject({
      // A request of a later revision names that one.
      _meta: z.looseObject({ progressToken: absent, 'io.modelcontextprotocol/protocolVersion': absent }).optional(),
    })
    .optional(),
});

/** Whether nothing but its result can come of a request of the 2025 revision without a session: its client does not ask for progress. */
export function isAnsweredWhole(body: unknown): boolean {
  return wholeRequest.safeParse(body).success;
}

/**
 * Answers such a request in one piece, by a server of its own. The SDK would make a stream of events of it, for which a client waits about
 * a millisecond longer.
 */
export async function answerWhole(
  request: Request,
  options: McpHandlerRequestOptions,
  { build, maxRequestBodySize, onerror }: WholeOptions,
): Promise<Response> {
  const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true, maxRequestBodySize });
  const server = await build({ era: 'legacy', requestInfo: request });
  const gone = Promise.withResolvers<Response>();
  const leave = () => gone.resolve(new Response(null, { status: CLIENT_GONE }));
  request.signal.addEventListener('abort', leave, { once: true });
  try {
    await server.connect(transport);
    return await Promise.race([transport.handleRequest(request, options), gone.promise]);
  } finally {
    request.signal.removeEventListener('abort', leave);
    server.close().catch(onerror); // what is still at work on it hears of that
  }
}
