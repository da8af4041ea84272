import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { messageOf } from '../../../core/errors.ts';
import type { Logger } from '../../../core/log.ts';
import { version } from '../../../core/version.ts';
import { type Route, route } from '../engine/router.ts';
import { searchCorpus, searchQuery } from './search.ts';
import { weatherIn, weatherQuery } from './weather.ts';

type Handle = (request: IncomingMessage, response: ServerResponse, body: unknown) => Promise<void>;

/**
 * An MCP server with two tools over Streamable HTTP, without sessions: Conductor's CALL_MCP_TOOL sends `tools/call` without
 * an `initialize` before it.
 */
export function mcpRoutes(log: Logger): Route[] {
  let loading: Promise<Handle> | undefined;
  return [
    route({
      method: 'ANY',
      path: '/mcp',
      summary: 'MCP over Streamable HTTP, stateless: get_weather {city}, search {query}',
      kind: 'read',
      input: z.unknown(),
      handle: (_input, { body }) => ({
        async takeOver(request, response) {
          loading ??= load(log);
          await (await loading)(request, response, body);
        },
      }),
      problemBody: (_status, _code, message) => ({ jsonrpc: '2.0', id: null, error: { code: -32_000, message } }),
    }),
  ];
}

/** The SDK is loaded by the first call, so that the shop starts without it. */
async function load(log: Logger): Promise<Handle> {
  const [{ createMcpHandler, McpServer }, { localhostOriginValidation, toNodeHandler }] = await Promise.all([
    import('@modelcontextprotocol/server'),
    import('@modelcontextprotocol/node'),
  ]);
  const onerror = (error: Error) => log.warn({ err: messageOf(error) }, 'the MCP endpoint refused or failed a request');
  const handler = createMcpHandler(
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
    { onerror },
  );
  const handle = toNodeHandler(handler, { onerror });
  const isAllowed = localhostOriginValidation();
  return async (request, response, body) => {
    // The adapter's type has `method?: string` where Node's has `method?: string | undefined`.
    const incoming = request as Parameters<typeof handle>[0];
    if (isAllowed(request, response)) await handle(incoming, response, body);
  };
}

function asResult(value: object): { content: { type: 'text'; text: string }[] } {
  return { content: [{ type: 'text', text: JSON.stringify(value) }] };
}
