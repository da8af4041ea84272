import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Cleanups } from '../../../core/cleanups.ts';

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

const UNREACHABLE: Answer = { status: 502, type: 'text/plain', body: 'The Conductor server does not answer.' };

/**
 * Starts a server before a Conductor server. It passes each request on once, and answers the same request from memory afterwards. So the
 * times of a bench contain no work of Conductor, which varies more than our own work.
 * @param url address of the API, as CONDUCTOR_SERVER_URL has it
 * @returns the same address on the new server
 */
export async function startReplay(url: string, cleanups: Cleanups): Promise<string> {
  const { origin, pathname } = new URL(url);
  const answers = new Map<string, Promise<Answer>>();
  const server = createServer(async (incoming, response) => {
    const body = await text(incoming);
    const key = [incoming.method, incoming.url, body].join(' ');
    const answer = answers.get(key) ?? ask(origin, incoming, body);
    answers.set(key, answer);
    const { status, type, body: answered } = await answer.catch(() => UNREACHABLE);
    response.writeHead(status, { 'content-type': type }).end(answered);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.add('stop the server that replays', async () => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo; // a server on a port always has this kind of address
  return `http://127.0.0.1:${port}${pathname}`;
}

async function ask(
  origin: string,
  { method = 'GET', url = '', headers }: IncomingMessage,
  body: string,
): Promise<Answer> {
  const response = await fetch(`${origin}${url}`, {
    method,
    headers: { 'content-type': headers['content-type'] ?? 'application/json' },
    ...(body !== '' && { body }),
  });
  const type = response.headers.get('content-type') ?? '';
  return { status: response.status, type, body: await response.text() };
}
