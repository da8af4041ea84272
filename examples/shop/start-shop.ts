import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { FleetError, messageOf } from '../../core/errors.ts';
import { type Logger, silentLogger } from '../../core/log.ts';
import { Books } from './engine/books.ts';
import { createShopApp } from './engine/create-shop-app.ts';
import { Faults } from './engine/faults.ts';
import { shopEndpoints } from './shop-endpoints.ts';

/** By default Node closes an idle connection after 5 s. A client that retries after 5 s could send at that moment and fail. */
const KEEP_ALIVE_MS = 65_000;

export interface Shop {
  /** Without a slash at its end. */
  readonly url: string;
  readonly port: number;
  /** Closes every connection, even if it is idle or still waits for an answer. */
  close(): Promise<void>;
}

export interface ShopOptions {
  /** Without a port, or with 0, the shop takes a free port. */
  port?: number;
  /** Default: loopback. */
  host?: string;
  log?: Logger;
}

/**
 * Starts the demonstration shop: the outside services that the shipped workflows call. It is a real HTTP service that keeps its books in
 * memory. Clients can order faults. `GET /` lists its endpoints.
 * @throws FleetError `environment` if it cannot listen on the port
 */
export async function startShop({ port = 0, host = '127.0.0.1', log = silentLogger }: ShopOptions = {}): Promise<Shop> {
  const closing = new AbortController();
  const [books, faults] = [new Books(), new Faults()];
  const endpoints = shopEndpoints({ books, faults, log });
  const app = createShopApp({ endpoints, books, faults, log, closing: closing.signal });
  // Without this option the listener would replace Request and Response for the whole process.
  const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, listener);
  const address = await listen(server, port, host);
  return {
    url: `http://${address.family === 'IPv6' ? `[${host}]` : host}:${address.port}`,
    port: address.port,
    close() {
      closing.abort();
      return new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

function listen(server: Server, port: number, host: string): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    const failed = (cause: NodeJS.ErrnoException) => {
      const why = cause.code === 'EADDRINUSE' ? `port ${port} is taken` : messageOf(cause);
      const remedy = 'Stop the program that listens there, or choose another port: --shop-url "http://127.0.0.1:8091".';
      reject(new FleetError('environment', `The shop cannot listen on ${host}:${port}: ${why}.`, { remedy, cause }));
    };
    server.once('error', failed);
    server.listen({ port, host }, () => {
      server.off('error', failed);
      resolve(server.address() as AddressInfo); // it is a string only for pipes
    });
  });
}
