import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import { FleetError, messageOf } from '../../../core/errors.ts';
import type { Fleet } from '../fleet.ts';
import { isLive, isReady } from './health.ts';

/** What the pages show in addition to the status. If a part is absent, its page is not served. */
export interface Views {
  /** Prometheus' text format. */
  metrics?: { contentType: string; text(): Promise<string> };
  /** The answer for an autoscaler. */
  scaling?: (query: URLSearchParams) => Promise<unknown>;
}

export interface PageServer {
  url: string;
  close(): Promise<void>;
}

export interface PageOptions {
  host: string;
  port: number;
  /** The flag that chooses the port; named in the error if the port is taken. */
  flag: string;
  /** Called for each request, so that the server can start before the fleet does. */
  fleet: () => Fleet;
  views: Views;
}

/**
 * Serves the pages that only read: `GET /livez`, `/readyz`, `/status`, `/metrics`, `/scaling`. The first two answer 200 or 503; the body is
 * the status.
 * @throws FleetError `environment` if it cannot listen on the port
 */
export function serveViews(options: PageOptions): Promise<PageServer> {
  return serve(options, (request, response) => view(request, response, options));
}

/**
 * Serves the same pages, and the requests that change the fleet: `POST /pause`, `/resume`, `/concurrency`, and the same below
 * `/types/<name>`. It must listen on loopback. Web pages cannot use it: a browser asks before it sends JSON to another origin, and requests
 * with another host name are refused.
 * @throws FleetError `environment` if it cannot listen on the port
 */
export function serveControl(options: PageOptions): Promise<PageServer> {
  return serve(options, (request, response) =>
    request.method === 'POST' ? change(request, response, options.fleet()) : view(request, response, options),
  );
}

async function view({ url }: IncomingMessage, response: ServerResponse, { fleet, views }: PageOptions): Promise<void> {
  const { pathname: path, searchParams: query } = new URL(url ?? '/', 'http://localhost');
  if (path === '/metrics' && views.metrics) {
    const text = await views.metrics.text();
    response.writeHead(200, { 'content-type': views.metrics.contentType }).end(text);
    return;
  }
  if (path === '/scaling' && views.scaling) return send(response, 200, await views.scaling(query));
  const status = fleet().status();
  const live = isLive(status, Date.now());
  const ready = live && isReady(status, Date.now());
  const codes: Record<string, number> = { '/status': 200, '/livez': live ? 200 : 503, '/readyz': ready ? 200 : 503 };
  const code = codes[path];
  if (code === undefined) return send(response, 404, { error: `There is no ${path}.` });
  send(response, code, { live, ready, ...status });
}

const concurrencyBody = z.strictObject({ concurrency: z.int().min(1).max(10_000) });
const CHANGE = /^(?:\/types\/(?<type>[^/]+))?\/(?<action>pause|resume|concurrency)$/;

async function change(request: IncomingMessage, response: ServerResponse, fleet: Fleet): Promise<void> {
  const { type, action } = CHANGE.exec(request.url ?? '')?.groups ?? {};
  const taskType = decoded(type);
  if (!request.headers['content-type']?.startsWith('application/json')) {
    return send(response, 415, { error: 'Send content-type: application/json.' });
  }
  if (action === 'pause') fleet.pause(taskType);
  else if (action === 'resume') fleet.resume(taskType);
  else if (action === 'concurrency') {
    const body = concurrencyBody.safeParse(await readJson(request));
    if (!body.success) return send(response, 400, { error: 'Send {"concurrency": n} with n from 1 to 10000.' });
    fleet.setConcurrency(body.data.concurrency, taskType);
  } else return send(response, 404, { error: `There is no ${request.url}.` });
  send(response, 200, fleet.status());
}

/** If a name cannot be decoded, returns it as it is. No type has that name, so the answer will be 404. */
function decoded(type: string | undefined): string | undefined {
  try {
    return type && decodeURIComponent(type);
  } catch {
    return type;
  }
}

/** A longer body is not read, because every valid body is shorter. */
const MAX_BODY_BYTES = 10_000;

async function readJson(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of request) {
    text += chunk;
    if (text.length > MAX_BODY_BYTES) return undefined;
  }
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function send(response: ServerResponse, code: number, body: unknown): void {
  response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void> | void;

async function serve({ host, port, flag }: PageOptions, handler: Handler): Promise<PageServer> {
  const server = createServer(async (request, response) => {
    try {
      if (isLoopback(host) && !isLoopback(hostOf(request)))
        return send(response, 403, { error: 'Use the host name localhost.' });
      await handler(request, response);
    } catch (error) {
      if (response.headersSent) return void response.destroy();
      const code = error instanceof FleetError && error.code === 'not-found' ? 404 : 500;
      send(response, code, { error: messageOf(error) });
    }
  });
  await listen(server, host, port, flag);
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function hostOf({ headers }: IncomingMessage): string {
  return (headers.host ?? 'localhost').replace(/:\d+$/, '');
}

function isLoopback(host: string): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|\[?::1\]?)$/.test(host);
}

function listen(server: Server, host: string, port: number, flag: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      const remedy = `Choose another port with ${flag}.`;
      reject(new FleetError('environment', `Cannot listen on ${host}:${port}: ${cause.message}`, { remedy, cause }));
    });
    server.listen(port, host, resolve);
  });
}
