import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import { release } from '../../core/conductor/embedded/install/release.ts';
import type { TaskResult } from '../../core/conductor/types.ts';
import { FakeTasks, type NewTask } from './fake-tasks.ts';

/**
 * Fakes, on loopback, the part of a Conductor server that workers use: queues, results, task logs. A test enqueues tasks and reads the
 * results.
 *
 * It is simpler than the real server: it has no workflows, no retries of failed tasks and no leases. A task stays with the worker that
 * polled it until its result, a hand-back, or `cancel`.
 */
export interface FakeConductor {
  /** The value for CONDUCTOR_SERVER_URL. */
  readonly url: string;
  /** Puts a task into the queue of its type. Returns its id. */
  enqueue(type: string, input: Record<string, unknown>, task?: NewTask): string;
  /** Resolves with the result of the task. */
  result(taskId: string): Promise<TaskResult>;
  /** The results of tasks, in the order of their arrival. A second result of a task is accepted but not added. */
  readonly results: readonly TaskResult[];
  /** Every update that arrived, including heartbeats and progress. */
  readonly updates: readonly TaskResult[];
  /** How many polled tasks have no result yet. */
  running(): number;
  /** How many polls wait for a task. The next task goes to one of them, even if its worker was killed a moment ago. */
  polling(): number;
  /** The lines of a task's log. */
  logs(taskId: string): readonly string[];
  /** Ends a task from outside, as the end of its workflow does. */
  cancel(taskId: string): void;
  close(): Promise<void>;
}

/** Starts a fake Conductor server on a free port of this machine. */
export async function startFakeConductor(): Promise<FakeConductor> {
  const tasks = new FakeTasks();
  const server = createServer((request, response) => {
    answer(tasks, request, response).catch((error: unknown) => send(response, 400, { message: String(error) }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/api`,
    enqueue: (type, input, task) => tasks.enqueue(type, input, task),
    result: (taskId) => tasks.result(taskId),
    results: tasks.results,
    updates: tasks.updates,
    running: () => tasks.running(),
    polling: () => tasks.polling(),
    logs: (taskId) => tasks.logs(taskId),
    cancel: (taskId) => tasks.cancel(taskId),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const updateSchema = z.looseObject({
  workflowInstanceId: z.string(),
  taskId: z.string(),
  status: z.enum(['COMPLETED', 'FAILED', 'FAILED_WITH_TERMINAL_ERROR', 'IN_PROGRESS']),
});

const ROUTE =
  /^\/api\/tasks(?:\/(?<place>poll\/batch|queue\/sizes|queue\/polldata\/all))?(?:\/(?<id>[^/]+?))?(?<log>\/log)?$/;

async function answer(tasks: FakeTasks, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://fake');
  if (pathname === '/api/version') return send(response, 200, release.version);
  const { place, id, log } = ROUTE.exec(pathname)?.groups ?? {};
  const name = decodeURIComponent(id ?? '');
  if (place === 'poll/batch') return poll(tasks, name, searchParams, response);
  if (place === 'queue/sizes') return send(response, 200, tasks.sizes(searchParams.getAll('taskType')));
  if (place === 'queue/polldata/all') return send(response, 200, tasks.pollData());
  if (request.method === 'POST' && log) {
    tasks.addLog(name, await read(request));
    return send(response, 200, '');
  }
  if (request.method === 'POST' && pathname === '/api/tasks') {
    const update = updateSchema.parse(JSON.parse(await read(request))) as TaskResult;
    return tasks.update(update) ? send(response, 200, update.taskId) : notFound(response, update.taskId);
  }
  const task = tasks.shown(name);
  return task ? send(response, 200, task) : notFound(response, pathname);
}

/** Like the real server, answers only when there is a task or the time is over. */
async function poll(tasks: FakeTasks, type: string, query: URLSearchParams, response: ServerResponse): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  const domain = query.get('domain') ?? '';
  const taken = await tasks.poll(`${domain}:${type}`, {
    count: Number(query.get('count') ?? 1),
    timeoutMs: Number(query.get('timeout') ?? 0),
    workerId: query.get('workerid') ?? '',
    signal: gone.signal,
  });
  send(response, 200, taken);
}

function notFound(response: ServerResponse, what: string): void {
  send(response, 404, { status: 404, message: `Not found: ${what}`, retryable: false });
}

function send(response: ServerResponse, status: number, body: unknown): void {
  const isText = typeof body === 'string';
  response.writeHead(status, { 'content-type': isText ? 'text/plain' : 'application/json' });
  response.end(isText ? body : JSON.stringify(body));
}

async function read(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text;
}
