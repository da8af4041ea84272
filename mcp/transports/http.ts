import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Conductor } from '../../core/conductor/api.ts';
import type { Config } from '../../core/config.ts';
import { FleetError, messageOf } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import { isLoopback } from '../../core/settings/loopback.ts';
import { checkCallersAreKnown, type OAuthSettings } from '../auth/oauth.ts';
import { tokenDoor } from '../auth/token-door.ts';
import { type BothEras, serveBothEras } from './both-eras.ts';
import { allowScripts } from './cors.ts';
import { answerMcp, visitOf } from './door/answer-mcp.ts';
import { refuseWithStatus } from './door/refuse-with-status.ts';
import { hostCheck } from './host-check.ts';
import type { McpFront } from './mcp-front.ts';
import { nodeHandler } from './node-handler.ts';
import { type BodyConfig, bodyLimits } from './request-body.ts';
import { readiness } from './server/readiness.ts';
import { type LimitConfig, limitPending, limitServer, serverTimeouts } from './server/server-limits.ts';
import type { Site } from './server/site.ts';

/** Time for running calls to finish when the server closes. */
const CLOSE_GRACE_MS = 1000;
const NOT_FOUND = 'Not found. MCP is served at /mcp.';
const ANY_ADDRESS = ['0.0.0.0', '::'];

export interface HttpOptions extends McpFront {
  config: OAuthSettings &
    BodyConfig &
    LimitConfig &
    Pick<
      Config,
      | 'mcpHost'
      | 'mcpPort'
      | 'mcpAllowedHosts'
      | 'mcpAllowedOrigins'
      | 'mcpSessions'
      | 'mcpUnauthenticated'
      | 'rateLimitRedisUrl'
    >;
  /** What is served beside MCP, behind the same checks. */
  site?: Site | undefined;
  /** False to serve only the site. Default true. */
  servesMcp?: boolean;
  /** The connection that `/ready` checks. */
  conductor: () => Promise<Conductor>;
  log: Logger;
}

export interface HttpEndpoint {
  /** Where clients connect, `http://127.0.0.1:3000/mcp`. */
  readonly url: string;
  /** Where a browser finds the site, `http://127.0.0.1:3000/`. */
  readonly siteUrl: string;
  /** Stops accepting requests, gives running requests a second to finish, then closes every connection. */
  close(): Promise<void>;
}

/**
 * Serves MCP of both eras at `/mcp`, and probes at `/health` (the process runs) and `/ready` (Conductor answers). Requests with a Host
 * or Origin that is not allowed are refused, so that a web page cannot reach the server through the user's browser. With OAuth, every
 * request to `/mcp` needs a token, which is checked before the body is read.
 * @throws FleetError `environment` if the server cannot listen on the address, `config` if others could reach it without a token
 */
export async function startHttp({
  config,
  conductor,
  log,
  site,
  servesMcp = true,
  ...front
}: HttpOptions): Promise<HttpEndpoint> {
  const onerror = (err: Error) => log.debug({ err }, 'MCP request');
  checkCallersAreKnown(config);
  const tokens = tokenDoor(config, log);
  const refuse = refuseWithStatus({ log, challenge: tokens?.challenge });
  const limits = bodyLimits(config);
  const maxBodyBytes = limits.maxBytes;
  const mcp = serveBothEras({ ...front, sessions: config.mcpSessions, maxBodyBytes, refuse, onerror });
  const check = hostCheck(config, [...ownNames(config.mcpHost), ...(tokens?.hosts ?? [])]);
  const serve = nodeHandler(
    async (arrival) => {
      const { request } = arrival;
      const refused = check(arrival);
      if (refused) return refused;
      const door = { tokens, mcp, turnAway: front.turnAway };
      const isMcp = new URL(request.url).pathname === '/mcp' && servesMcp;
      const page = isMcp ? undefined : await site?.answer(visitOf(arrival, door)); // scripts of other origins never read a page
      if (page) return page;
      return allowScripts(request, async () => {
        const metadata = tokens?.metadata(request);
        if (metadata) return metadata;
        return isMcp ? answerMcp(arrival, door) : Response.json({ error: NOT_FOUND }, { status: 404 });
      });
    },
    (err) => log.error({ err }, `HTTP request failed: ${messageOf(err)}`),
    limits,
  );
  const ready = readiness(conductor, log);
  const route = (request: IncomingMessage, response: ServerResponse) => {
    const [path] = (request.url ?? '/').split('?', 1);
    // Probes are answered under every Host, because schedulers use the pod's address. The answers hold no secrets.
    if (path === '/health') return answer(response, 200, { status: 'ok' });
    if (path === '/ready') return void ready().then(({ status, body }) => answer(response, status, body));
    void serve(request, response);
  };
  const server = createServer(serverTimeouts(config), limitPending(route));
  limitServer(server, config, log);

  await listen(server, config);
  front.warmUp?.();
  if (!tokens && !isLoopback(config.mcpHost)) {
    log.warn(`MCP listens on ${config.mcpHost} without authentication. Everyone who reaches the port can use it.`);
  }
  const siteUrl = urlOf(server, config.mcpHost);
  return {
    url: `${siteUrl}mcp`,
    siteUrl,
    close() {
      site?.close();
      return close(server, mcp);
    },
  };
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
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
  return `http://${ANY_ADDRESS.includes(host) ? '127.0.0.1' : inUrl(host)}:${port}/`;
}

/** The host names of an address to listen on. */
function ownNames(host: string): string[] {
  return ANY_ADDRESS.includes(host) ? [] : [inUrl(host)];
}

function inUrl(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}

async function close(server: Server, mcp: BothEras): Promise<void> {
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
