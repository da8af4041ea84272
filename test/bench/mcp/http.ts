import { setTimeout as pause } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { freePort } from '../../support/free-port.ts';
import { type Child, startChild } from '../support/children.ts';
import {
  type Era,
  listingOf,
  type McpConnection,
  parseMessage,
  requestOf,
  resultOf,
  toolAnswerOf,
} from './connection.ts';
import type { Program } from './stdio.ts';

/** A server over Streamable HTTP for any number of clients of both eras. */
export interface HttpServer {
  readonly child: Child;
  /** @param headers sent with each request, for example a token */
  connect(era: Era, headers?: Readonly<Record<string, string>>): McpConnection;
  close(): Promise<void>;
}

const READY_MS = 30_000;
const CONNECTIONS = 64;

/** Starts `fleet mcp` on a free port. Resolves when `/health` answers. */
export async function openHttp(program: Program): Promise<HttpServer> {
  const port = await freePort();
  const child = startChild({ ...program, args: [...program.args, '--transport', 'http', '--port', String(port)] });
  const dispatcher = new Agent({ connections: CONNECTIONS });
  const origin = `http://127.0.0.1:${port}`;
  await untilHealthy(child, `${origin}/health`);
  return {
    child,
    connect: (era, given = {}) => connection({ era, given, pid: child.pid, url: `${origin}/mcp`, dispatcher }),
    async close() {
      await dispatcher.close();
      await child.stop();
    },
  };
}

/** Opens a connection without a handshake. Neither era needs one here, because the server keeps no sessions. */
function connection(server: {
  era: Era;
  given: Readonly<Record<string, string>>;
  pid: number;
  url: string;
  dispatcher: Agent;
}): McpConnection {
  const { era, given, pid, url, dispatcher } = server;
  let last = 0;
  const send = async (method: string, params: object, name?: string, signal?: AbortSignal) => {
    const headers = {
      ...given,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': era,
      ...(era === '2026-07-28' && { 'mcp-method': method, ...(name && { 'mcp-name': name }) }),
    };
    const body = requestOf(era, ++last, method, params);
    const answer = await request(url, { dispatcher, method: 'POST', headers, body, ...(signal && { signal }) });
    const text = await answer.body.text();
    if (answer.statusCode >= 300)
      throw new Error(`the server answered ${method} with ${answer.statusCode}: ${text.slice(0, 300)}`);
    return { message: parseMessage(messageIn(text, String(answer.headers['content-type']))), bytes: text.length };
  };
  return {
    era,
    pid,
    async call(name, args, { signal } = {}) {
      const { message, bytes } = await send('tools/call', { name, arguments: args }, name, signal);
      return toolAnswerOf(name, resultOf(name, message), bytes);
    },
    list: async () => listingOf(resultOf('tools/list', (await send('tools/list', {})).message)),
  };
}

/** Returns the JSON of an answer: the whole body, or the last event if the body is a stream. */
function messageIn(body: string, contentType: string): string {
  if (!contentType.includes('text/event-stream')) return body;
  const data = body.split('\n').filter((line) => line.startsWith('data: {'));
  return data.at(-1)?.slice('data: '.length) ?? '';
}

async function untilHealthy(child: Child, url: string): Promise<void> {
  const end = Date.now() + READY_MS;
  for (;;) {
    child.check();
    const isHealthy = await fetch(url).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isHealthy) return;
    if (Date.now() > end) throw new Error(`${url} does not answer`);
    await pause(50);
  }
}
