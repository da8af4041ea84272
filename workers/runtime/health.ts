import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { FleetError } from '../../core/errors.ts';
import type { FleetStatus } from './fleet.ts';

/** A poller that has heard nothing from the server for so long is cut off from it: several long polls and a back-off. */
const SILENT_MS = 45_000;

export interface HealthServer {
  url: string;
  close(): Promise<void>;
}

/**
 * `GET /livez` is 200 while this process answers; `GET /readyz` is 200 only while it takes tasks and every poller has heard from
 * the server lately, else 503. Both answer with the status as JSON.
 */
export async function serveHealth(
  { host, port }: { host: string; port: number },
  status: () => FleetStatus,
  now: () => number = Date.now,
): Promise<HealthServer> {
  const server = createServer((request, response) => {
    const current = status();
    const ready = isReady(current, now());
    const code = request.url === '/livez' ? 200 : request.url === '/readyz' ? (ready ? 200 : 503) : 404;
    response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify({ ready, ...current }));
  });
  await listen(server, host, port);
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `http://${host}:${bound}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Whether a status counts as ready at `nowMs`, epoch milliseconds. */
export function isReady(status: FleetStatus, nowMs: number): boolean {
  const hears = ({ state, lastAnswerAt }: FleetStatus['types'][number]) =>
    state === 'full' || nowMs - lastAnswerAt < SILENT_MS; // a type without a free slot does not poll, and need not
  return status.state === 'running' && status.types.every(hears);
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      const remedy = 'Choose another one with --health-port.';
      reject(
        new FleetError('environment', `Cannot serve health on ${host}:${port}: ${cause.message}`, { remedy, cause }),
      );
    });
    server.listen(port, host, resolve);
  });
}
