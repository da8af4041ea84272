import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  createMcpHandler,
  isLegacyRequest,
  validateHostHeader,
  validateOriginHeader,
} from '@modelcontextprotocol/server';
import type { Conductor } from '../../core/conductor/api.ts';
import type { Config } from '../../core/config.ts';
import { FleetError, messageOf } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import type { McpFront } from './mcp-front.ts';
import { nodeHandler, type ParsedHandler } from './node-handler.ts';
import { Sessions } from './sessions.ts';
import { statelessHandler } from './stateless.ts';
import { fetchWithSubscriptions } from './subscriptions.ts';

/** Larger than the largest input of a tool, in any encoding. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;
const READY_TIMEOUT_MS = 3000;
/** Time for running calls to finish when the server closes. */
const CLOSE_GRACE_MS = 1000;
const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];
const ANY_ADDRESS = ['0.0.0.0', '::'];

type OnError = (error: Error) => void;

export interface HttpOptions extends McpFront {
  config: Pick<Config, 'mcpHost' | 'mcpPort' | 'mcpAllowedHosts' | 'mcpAllowedOrigins' | 'mcpSessions'>;
  /** The connection that `/ready` checks. */
  conductor: () => Promise<Conductor>;
  log: Logger;
}

export interface HttpEndpoint {
  /** Where clients connect, `http://127.0.0.1:3000/mcp`. */
  readonly url: string;
  /** Stops accepting requests, gives running requests a second to finish, then closes every connection. */
  close(): Promise<void>;
}

/**
 * Serves MCP of both eras at `/mcp`, and probes at `/health` (the process runs) and `/ready` (Conductor answers). Requests with a Host
 * or Origin that is not allowed are refused, so that a web page cannot reach the server through the user's browser.
 * @throws FleetError `environment` if the server cannot listen on the address
 */
export async function startHttp({
  build,
  subscriptions,
  warmUp,
  config,
  conductor,
  log,
}: HttpOptions): Promise<HttpEndpoint> {
  const onerror = (err: Error) => log.debug({ err }, 'MCP request');
  const mcp = createMcp({ build, subscriptions, sessions: config.mcpSessions, onerror });
  const serve = nodeHandler(mcp.fetch, MAX_BODY_BYTES);
  const isAllowed = originCheck(config);
  const server = createServer((request, response) => {
    route(request, response).catch((err: unknown) => {
      log.error({ err }, `HTTP request failed: ${messageOf(err)}`);
      if (response.headersSent) response.destroy();
      else
        answer(response, 500, { jsonrpc: '2.0', error: { code: -32603, message: 'Internal server error' }, id: null });
    });
  });

  async function route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path] = (request.url ?? '/').split('?', 1);
    // Probes are answered under every Host, because schedulers use the pod's address. The answers hold no secrets.
    if (path === '/health') return answer(response, 200, { status: 'ok' });
    if (path === '/ready') return answerReady(response, conductor, log);
    if (!isAllowed(request, response)) return;
    if (path !== '/mcp') return answer(response, 404, { error: 'Not found. MCP is served at /mcp.' });
    await serve(request, response);
  }

  await listen(server, config);
  warmUp?.();
  if (!LOOPBACK.includes(inUrl(config.mcpHost))) {
    log.warn(`MCP listens on ${config.mcpHost} without authentication; put a proxy that authenticates in front of it`);
  }
  return { url: urlOf(server, config.mcpHost), close: () => close(server, mcp) };
}

interface Mcp {
  fetch: ParsedHandler;
  close(): Promise<void>;
}

/** Answers requests of both eras. A request of the 2025 era belongs to a session of this process; without sessions it stands alone. */
function createMcp(options: McpFront & { sessions: boolean; onerror: OnError }): Mcp {
  const { build, subscriptions, onerror } = options;
  const { changes } = subscriptions;
  const limits = { onerror, maxRequestBodySize: MAX_BODY_BYTES };
  const modern = createMcpHandler(build, { ...limits, bus: changes, legacy: 'reject' });
  const sessions = options.sessions
    ? new Sessions({ ...limits, build: (context) => build(context, changes) })
    : undefined;
  const stateless = statelessHandler({ ...limits, build });
  return {
    async fetch(request, given) {
      if (!(await isLegacyRequest(request, given.parsedBody, limits)))
        return fetchWithSubscriptions(subscriptions, request, modern.fetch, given);
      return sessions ? sessions.fetch(request, given) : stateless(request, given);
    },
    close: async () => void (await Promise.all([modern.close(), sessions?.close()])),
  };
}

/** Returns false for a Host or Origin that is not allowed, after answering the request with 403. */
function originCheck({ mcpHost, mcpAllowedHosts, mcpAllowedOrigins }: HttpOptions['config']) {
  const own = ANY_ADDRESS.includes(mcpHost) ? [] : [inUrl(mcpHost)];
  const hosts = [...LOOPBACK, ...own, ...mcpAllowedHosts];
  const origins = [...LOOPBACK, ...mcpAllowedOrigins];
  return ({ headers }: IncomingMessage, response: ServerResponse) => {
    const host = validateHostHeader(headers.host, hosts);
    const checked = host.ok ? validateOriginHeader(headers.origin, origins) : host;
    if (!checked.ok) {
      answer(response, 403, { jsonrpc: '2.0', error: { code: -32000, message: checked.message }, id: null });
    }
    return checked.ok;
  };
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}

async function answerReady(response: ServerResponse, conductor: HttpOptions['conductor'], log: Logger): Promise<void> {
  try {
    const version = await (await conductor()).version(AbortSignal.timeout(READY_TIMEOUT_MS));
    answer(response, 200, { status: 'ready', conductor: version });
  } catch (err) {
    log.debug({ err }, 'not ready');
    answer(response, 503, { status: 'not ready', reason: 'The Conductor server does not answer.' });
  }
}

function listen(server: Server, { mcpHost, mcpPort }: HttpOptions['config']): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const taken = cause.code === 'EADDRINUSE';
      const message = taken
        ? `Port ${mcpPort} on ${mcpHost} is taken.`
        : `Cannot listen on ${mcpHost}:${mcpPort}: ${cause.message}.`;
      const remedy = taken
        ? 'Choose another with --port or MCP_PORT, or stop the program that has it.'
        : 'Choose another address with --host and --port.';
      reject(new FleetError('environment', message, { remedy, cause }));
    });
    server.listen(mcpPort, mcpHost, resolve);
  });
}

function urlOf(server: Server, host: string): string {
  const { port } = server.address() as AddressInfo; // a server on a port always has this kind of address
  return `http://${ANY_ADDRESS.includes(host) ? '127.0.0.1' : inUrl(host)}:${port}/mcp`;
}

function inUrl(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}

async function close(server: Server, mcp: Mcp): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  let timer: NodeJS.Timeout | undefined;
  const grace = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, CLOSE_GRACE_MS);
  });
  await Promise.race([closed, grace]);
  clearTimeout(timer);
  await mcp.close();
  server.closeAllConnections();
  await closed;
}
