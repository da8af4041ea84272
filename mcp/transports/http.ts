import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hostHeaderValidation, originValidation } from '@modelcontextprotocol/node';
import { createMcpHandler, isLegacyRequest } from '@modelcontextprotocol/server';
import type { Conductor } from '../../core/conductor/api.ts';
import type { Config } from '../../core/config.ts';
import { FleetError, messageOf } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import { type Answering, exchangeWith, requestOf } from './exchange.ts';
import type { McpFront } from './mcp-front.ts';
import { Sessions } from './sessions.ts';
import { fetchWithSubscriptions } from './subscriptions.ts';

/** Above the largest input of a tool, in any encoding. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;
const READY_TIMEOUT_MS = 3000;
/** How long running calls may take to finish once the server is told to close. */
const CLOSE_GRACE_MS = 1000;
const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];
const ANY_ADDRESS = ['0.0.0.0', '::'];

type OnError = (error: Error) => void;

export interface HttpOptions extends McpFront {
  config: Pick<Config, 'mcpHost' | 'mcpPort' | 'mcpAllowedHosts' | 'mcpAllowedOrigins' | 'mcpSessions'>;
  /** For readiness. */
  conductor: () => Promise<Conductor>;
  log: Logger;
}

export interface HttpEndpoint {
  /** Where clients connect, `http://127.0.0.1:3000/mcp`. */
  readonly url: string;
  /** Takes no more requests, lets running ones finish for a moment, then ends every connection. */
  close(): Promise<void>;
}

/**
 * Serves MCP at `/mcp`, either era, and probes at `/health` (the process lives) and `/ready` (Conductor answers). Requests whose
 * Host or Origin was not allowed are refused, so that a web page cannot reach the server through the user's browser.
 * @throws FleetError `environment` if the address cannot be listened on
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
  const serve = exchangeWith(mcp.answer, MAX_BODY_BYTES);
  const allowed = admission(config);
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
    // Probes come from schedulers that use whatever address they have; they give nothing away.
    if (path === '/health') return answer(response, 200, { status: 'ok' });
    if (path === '/ready') return answerReady(response, conductor, log);
    if (!allowed(request, response)) return;
    if (path !== '/mcp') return answer(response, 404, { error: 'Not found. MCP is served at /mcp.' });
    await serve(request, response);
  }

  await listen(server, config);
  warmUp?.();
  if (!LOOPBACK.includes(inUrl(config.mcpHost))) {
    log.warn(`MCP listens on ${config.mcpHost} and asks nobody who they are; keep a guard in front of it`);
  }
  return { url: urlOf(server, config.mcpHost), close: () => close(server, mcp) };
}

interface Mcp {
  readonly answer: Answering;
  close(): Promise<void>;
}

/** Answers requests of either era; those of 2025 each by itself, or within sessions of this process. */
function createMcp(options: McpFront & { sessions: boolean; onerror: OnError }): Mcp {
  const { build, subscriptions, onerror } = options;
  const { changes } = subscriptions;
  const limits = { onerror, maxRequestBodySize: MAX_BODY_BYTES };
  const legacy = options.sessions ? 'reject' : 'stateless';
  const each = createMcpHandler(build, { ...limits, bus: changes, legacy });
  const sessions = options.sessions
    ? new Sessions({ ...limits, build: (context) => build(context, changes) })
    : undefined;
  return {
    async answer(asked) {
      const request = requestOf(asked);
      const parsed = asked.parsed === undefined ? {} : { parsedBody: asked.parsed };
      if (sessions && (await isLegacyRequest(request, asked.parsed, limits))) return sessions.fetch(request, parsed);
      return fetchWithSubscriptions(subscriptions, request, each.fetch, parsed);
    },
    close: async () => void (await Promise.all([each.close(), sessions?.close()])),
  };
}

/** Refuses by itself what may not pass: the validators have answered when they return false. */
function admission({ mcpHost, mcpAllowedHosts, mcpAllowedOrigins }: HttpOptions['config']) {
  const own = ANY_ADDRESS.includes(mcpHost) ? [] : [inUrl(mcpHost)];
  const host = hostHeaderValidation([...LOOPBACK, ...own, ...mcpAllowedHosts]);
  const origin = originValidation([...LOOPBACK, ...mcpAllowedOrigins]);
  return (request: IncomingMessage, response: ServerResponse) => host(request, response) && origin(request, response);
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
  const { port } = server.address() as AddressInfo; // a server that listens on a port has no other kind of address
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
