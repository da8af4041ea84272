import type { IncomingMessage, Server, ServerOptions, ServerResponse } from 'node:http';
import type { Config } from '../../../core/config.ts';
import type { Logger } from '../../../core/log.ts';
import { OpenConnections } from './open-connections.ts';

const HEADERS_MS = 10_000;
/** Node ends a request only after `readBody` had the time to refuse it in words. */
const AFTER_REFUSAL_MS = 5000;
const CHECK_EVERY_MS = 1000;
/** A client that follows HTTP/1.1 sends its next request after the answer. A few may be on their way. */
const MOST_PENDING = 16;

type Route = (request: IncomingMessage, response: ServerResponse) => void;
export type LimitConfig = Pick<Config, 'mcpReceiveTimeoutMs' | 'mcpMaxConnections'>;

/** How long the HTTP server waits for headers and bodies. A connection that sends nothing is closed too. */
export function serverTimeouts({ mcpReceiveTimeoutMs }: LimitConfig): ServerOptions {
  return {
    headersTimeout: Math.min(HEADERS_MS, mcpReceiveTimeoutMs),
    requestTimeout: mcpReceiveTimeoutMs + AFTER_REFUSAL_MS,
    connectionsCheckingInterval: CHECK_EVERY_MS,
    requireHostHeader: false, // the check of the Host refuses a request without one, in words
  };
}

/** Limits the connections of a server, and the requests on each connection that have no answer yet. */
export function limitServer(server: Server, { mcpMaxConnections }: LimitConfig, log: Logger): void {
  const connections = new OpenConnections(mcpMaxConnections, log);
  server.on('connection', (socket) => connections.add(socket));
  server.on('request', (request, response) => connections.occupy(request, response));
}

/** Refuses a request if many earlier requests of its connection have no answer yet. */
export function limitPending(route: Route): Route {
  const pending = new WeakMap<object, number>();
  return (request, response) => {
    const { socket } = request;
    const before = pending.get(socket) ?? 0;
    if (before >= MOST_PENDING) {
      const error = `${before} earlier requests of this connection have no answer yet. Wait for them, or open another connection.`;
      response.writeHead(503, { 'Content-Type': 'application/json', 'Retry-After': '1', Connection: 'close' });
      return void response.end(JSON.stringify({ error }));
    }
    pending.set(socket, before + 1);
    response.once('close', () => pending.set(socket, (pending.get(socket) ?? 1) - 1));
    route(request, response);
  };
}
