import { z } from 'zod';
import { messageOf } from '../../../core/errors.ts';
import type { Logger } from '../../../core/log.ts';
import { version } from '../../../core/version.ts';
import { type Endpoint, endpoint } from '../engine/endpoint.ts';
import { searchCorpus, searchQuery } from './search.ts';
import { weatherIn, weatherQuery } from './weather.ts';

type McpHandler = (request: Request, body: unknown) => Promise<Response>;

/**
 * An MCP server with two tools over Streamable HTTP. It has no sessions, because Conductor's CALL_MCP_TOOL sends `tools/call` without
 * an `initialize` before it.
 */
export function mcpEndpoints(log: Logger): Endpoint[] {
  let loading: Promise<McpHandler> | undefined;
  return [
    endpoint({
      method: 'ANY',
      path: '/mcp',
      summary: 'MCP over Streamable HTTP, without sessions: get_weather {city}, search {query}',
      kind: 'read',
      input: z.unknown(),
      async handle(_input, { request, body }) {
        loading ??= load(log);
        return (await loading)(request, body);
      },
      problemBody: (_status, _code, message) => ({ jsonrpc: '2.0', id: null, error: { code: -32_000, message } }),
    }),
  ];
}

/** The first call loads the SDK, so that the shop starts without it. */
async function load(log: Logger): Promise<McpHandler> {
  const { createMcpHandler, localhostAllowedOrigins, McpServer, originValidationResponse } = await import(
    '@modelcontextprotocol/server'
  );
  const { fetch } = createMcpHandler(
    () => {
      const server = new McpServer({ name: 'demo-shop', version });
      const annotations = { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false };
      server.registerTool(
        'get_weather',
        { title: 'Weather', description: "A city's weather (made up).", inputSchema: weatherQuery, annotations },
        ({ city }) => asResult(weatherIn(city)),
      );
      server.registerTool(
        'search',
        {
          title: 'Search',
          description: 'Searches a small corpus about durable workflows.',
          inputSchema: z.object({ query: searchQuery }),
          annotations,
        },
        ({ query }) => asResult({ results: searchCorpus(query) }),
      );
      return server;
    },
    { onerror: (error) => log.warn({ err: messageOf(error) }, 'the MCP endpoint refused or failed a request') },
  );
  // Refuses calls from web pages of other origins.
  return async (request, parsedBody) =>
    originValidationResponse(request, localhostAllowedOrigins()) ?? fetch(request, { parsedBody });
}

function asResult(value: object): { content: { type: 'text'; text: string }[] } {
  return { content: [{ type: 'text', text: JSON.stringify(value) }] };
}
