import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Balancer {
  readonly url: string;
  /** The number of requests that each server received. */
  readonly counts: readonly number[];
  close(): Promise<void>;
}

/** Sends each request to the next server in turn, regardless of its client. */
export async function startBalancer(urls: readonly string[]): Promise<Balancer> {
  const counts = urls.map(() => 0);
  let next = 0;
  const server = createServer((incoming, response) => {
    const turn = next;
    next = (next + 1) % urls.length;
    counts[turn] = (counts[turn] ?? 0) + 1;
    const { method, headers } = incoming;
    const target = new URL(incoming.url ?? '/', urls[turn]);
    const outgoing = request(target, { method, headers: { ...headers, host: target.host } }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    outgoing.once('error', () => response.destroy());
    response.once('close', () => outgoing.destroy());
    incoming.pipe(outgoing);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // cast: a server on a port has this type of address
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    counts,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
