/**
 * A Conductor server that answers at once. Its tasks exist only as numbers, and it only counts results. It runs in its own process,
 * so that the bench can measure the cost of a driver separately. The bench tells it over the channel how many tasks there are.
 */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { release } from '../../../../core/conductor/embedded/install/release.ts';
import { Queue } from './queue.ts';
import { idOf, numberOf, taskWriter } from './task.ts';

/** A message from the bench: drop all tasks and queue `tasks` new ones. */
export interface Go {
  /** Number of this filling. Every progress message carries the number of its filling. */
  filling: number;
  tasks: number;
  types: readonly string[];
}

const PROGRESS_EVERY = 1_000;
const JSON_TYPE = 'application/json';
const TEXT_TYPE = 'text/plain';
const writers = new Map<string, (number: number) => string>();
const queue = new Queue();

process.on('disconnect', () => process.exit());
process.on('message', ({ filling, tasks, types }: Go) => queue.fill(filling, tasks, types));

const server = createServer((request, response) => {
  const { method, url = '' } = request;
  if (method === 'GET') {
    request.resume();
    get(url, response);
    return;
  }
  let body = '';
  request.setEncoding('utf8');
  request.on('data', (chunk) => {
    body += chunk;
  });
  request.on('end', () => post(url, body, response));
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => {
  process.send?.({ port: (server.address() as AddressInfo).port });
});

function get(url: string, response: ServerResponse): void {
  const [, type, query] = /^\/api\/tasks\/poll\/batch\/([^?]+)\?(.*)$/.exec(url) ?? [];
  if (type === undefined) {
    other(url, response);
    return;
  }
  const parameters = new URLSearchParams(query);
  const [count, timeoutMs] = [Number(parameters.get('count')), Number(parameters.get('timeout'))];
  if (queue.isNew(type)) process.send?.(queue.progress());
  const cancel = queue.poll(type, count, timeoutMs, (numbers) =>
    send(response, 200, JSON_TYPE, `[${numbers.map(writerOf(type)).join(',')}]`),
  );
  if (cancel) response.once('close', cancel);
}

function post(url: string, body: string, response: ServerResponse): void {
  const number = numberOf(body);
  if (number === undefined) other(url, response);
  else {
    if (queue.settle(number) % PROGRESS_EVERY === 0 || queue.done) process.send?.(queue.progress());
    if (url === '/api/tasks/update-v2') sendNext(number, response);
    else send(response, 200, TEXT_TYPE, idOf(number));
  }
}

function sendNext(number: number, response: ServerResponse): void {
  const next = queue.takeLike(number);
  if (next) send(response, 200, JSON_TYPE, writerOf(next.type)(next.number));
  else response.writeHead(204).end();
}

function other(url: string, response: ServerResponse): void {
  if (url === '/api/version') send(response, 200, TEXT_TYPE, release.version);
  else if (url.startsWith('/api/tasks/')) send(response, 200, JSON_TYPE, '{"status":"IN_PROGRESS"}');
  else send(response, 404, JSON_TYPE, '{"status":404,"message":"No such thing","retryable":false}');
}

/** Sends an answer with `content-length`, which avoids chunked transfer. Every text here is ASCII, so its length is its size in bytes. */
function send(response: ServerResponse, status: number, type: string, text: string): void {
  response.writeHead(status, { 'content-type': type, 'content-length': text.length }).end(text);
}

function writerOf(type: string): (number: number) => string {
  const known = writers.get(type) ?? taskWriter(type);
  writers.set(type, known);
  return known;
}
