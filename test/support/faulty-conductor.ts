import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { release } from '../../core/conductor/embedded/install/release.ts';
import { type Answer, type Fault, isCarriedOut, write } from './faulty-conductor-faults.ts';
import { hasEnded, type NewTask, Queues, type ServerTask, taskJson, updateSchema } from './faulty-conductor-queues.ts';

export type Route =
  | 'poll'
  | 'update'
  | 'update-v2'
  | 'task'
  | 'log'
  | 'sizes'
  | 'polldata'
  | 'search'
  | 'open-tasks'
  | 'version'
  | 'token'
  | 'other';

/** One request and its answer. Times are in epoch milliseconds. */
export interface Recorded {
  readonly at: number;
  readonly route: Route;
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: Record<string, unknown>;
  /** The task type of a poll. */
  readonly type: string | undefined;
  /** The task id of an update, a look-up or a log line. */
  readonly taskId: string | undefined;
  fault?: Fault;
  /** The time of the answer, of a broken connection, or of the server going down. */
  endedAt?: number;
  /** The status that the client received, or undefined if it received no answer. */
  status?: number | undefined;
}

interface Rule {
  matches(request: Recorded): boolean;
  fault: Fault;
}

const MAX_POLL_MS = 5000;
const MORE_THAN_ASKED = 5;

/** The task routes of a Conductor server over real HTTP. A test can make any request fail at any time. */
export class FaultyConductor {
  readonly requests: Recorded[] = [];
  readonly queues = new Queues();
  readonly #server = createServer((incoming, response) => void this.#serve(incoming, response));
  readonly #sockets = new Set<Socket>();
  readonly #rules: Rule[] = [];
  #port = 0;
  /** The number of times that the server went down. Requests that began before the last time are dropped. */
  #life = 0;

  static async start(): Promise<FaultyConductor> {
    const conductor = new FaultyConductor();
    conductor.#server.on('connection', (socket) => {
      conductor.#sockets.add(socket);
      socket.once('close', () => conductor.#sockets.delete(socket));
    });
    await conductor.listen();
    return conductor;
  }

  /** Base address of the API, for `CONDUCTOR_SERVER_URL`. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}/api`;
  }

  /** Starts to listen. After `refuse`, the port is the same as before. */
  async listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#port, '127.0.0.1', resolve);
    });
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** Breaks every connection and refuses new ones. Queued tasks stay, and leases can expire. */
  async refuse(): Promise<void> {
    this.#life++;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.resetAndDestroy();
    await closed;
  }

  async close(): Promise<void> {
    if (this.#server.listening) await this.refuse();
    this.queues.close();
  }

  /** Gives requests a fault until the returned function is called. The latest order takes precedence. */
  order(fault: Fault, where: Route | ((request: Recorded) => boolean)): () => void {
    const matches = typeof where === 'string' ? ({ route }: Recorded) => route === where : where;
    const rule = { matches, fault };
    this.#rules.unshift(rule);
    return () => {
      const place = this.#rules.indexOf(rule);
      if (place >= 0) this.#rules.splice(place, 1);
    };
  }

  /** Removes every ordered fault. */
  recover(): void {
    this.#rules.splice(0, this.#rules.length);
  }

  enqueue(type: string, task: NewTask = {}): ServerTask {
    return this.queues.add(type, task);
  }

  /** Returns all attempts of all tasks, the oldest first. */
  tasks(type?: string): ServerTask[] {
    return [...this.queues.tasks.values()].filter((task) => type === undefined || task.type === type);
  }

  unfinished(): ServerTask[] {
    return this.tasks().filter((task) => !hasEnded(task));
  }

  polls(type?: string): Recorded[] {
    return this.requests.filter((request) => request.route === 'poll' && (type === undefined || request.type === type));
  }

  /** Returns the polls that the server has not answered yet. */
  openPolls(type?: string): Recorded[] {
    return this.polls(type).filter(({ endedAt }) => endedAt === undefined);
  }

  /** Returns the requests that report a task status on any route, including those that the server ignored. */
  updates(taskId?: string): Recorded[] {
    return this.requests.filter((request) => isUpdate(request) && (taskId === undefined || request.taskId === taskId));
  }

  /** Returns the updates that end a task. */
  results(taskId?: string): Recorded[] {
    return this.updates(taskId).filter(isResult);
  }

  heartbeats(taskId?: string): Recorded[] {
    return this.updates(taskId).filter(isHeartbeat);
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const life = this.#life;
    const at = Date.now();
    const request = await read(incoming, at).catch(() => undefined);
    if (request === undefined) return void response.destroy();
    this.requests.push(request);
    response.once('close', () => {
      request.endedAt ??= Date.now();
    });
    const fault = this.#rules.find(({ matches }) => matches(request))?.fault;
    if (fault !== undefined) request.fault = fault;
    const answer = isCarriedOut(fault) ? await this.#answer(request, () => this.#life !== life) : {};
    request.status = await write(response, answer, fault);
  }

  #answer(request: Recorded, gone: () => boolean): Answer | Promise<Answer> {
    const { route, taskId, query } = request;
    switch (route) {
      case 'poll':
        return this.#poll(request, gone);
      case 'update':
      case 'update-v2':
        return this.#update(request);
      case 'task':
      case 'log': {
        const task = this.queues.tasks.get(taskId ?? '');
        if (!task) return notFound(`Task not found for taskId: ${taskId}`);
        if (route === 'task') return { body: taskJson(task) };
        task.logs.push(String(request.body.text ?? ''));
        return {};
      }
      case 'sizes':
        return { body: this.queues.sizes(query.getAll('taskType')) };
      case 'polldata':
        return { body: [...this.queues.polled].map(([queueName, seen]) => ({ queueName, ...seen })) };
      case 'open-tasks':
        return {
          body: this.tasks(request.path.split('/').at(-1))
            .filter((task) => !hasEnded(task))
            .map(taskJson),
        };
      case 'search':
        return { body: { totalHits: this.queues.tasks.size, results: [] } };
      case 'version':
        return { body: release.version };
      default:
        return notFound(`No such thing: ${request.path}`);
    }
  }

  async #poll({ type = '', query, fault }: Recorded, gone: () => boolean): Promise<Answer> {
    const timeoutMs = Number(query.get('timeout') ?? 100);
    if (timeoutMs > MAX_POLL_MS) return refusal(400, 'Long Poll Timeout value cannot be more than 5 seconds');
    const count = Number(query.get('count') ?? 1) + (fault === 'too-many' ? MORE_THAN_ASKED : 0);
    const domain = query.get('domain') ?? undefined;
    const workerId = query.get('workerid') ?? '';
    const tasks = await this.queues.poll({ type, domain, count, timeoutMs, workerId }, gone);
    return { body: tasks.map(taskJson) };
  }

  async #update({ route, body }: Recorded): Promise<Answer> {
    const parsed = updateSchema.safeParse(body);
    if (!parsed.success) return refusal(400, `Validation failed: ${parsed.error.issues[0]?.message}`);
    const update = parsed.data;
    if (!this.queues.update(update)) return notFound(`Task not found for taskId: ${update.taskId}`);
    if (route === 'update') return { body: update.taskId };
    const task = this.queues.tasks.get(update.taskId);
    if (!task || update.status === 'IN_PROGRESS') return { status: 204 };
    const poll = { type: task.type, domain: task.asked.domain, count: 1, timeoutMs: 100, workerId: update.workerId };
    const next = (await this.queues.poll(poll))[0];
    return next ? { body: taskJson(next) } : { status: 204 };
  }
}

export function isUpdate({ route }: Recorded): boolean {
  return route === 'update' || route === 'update-v2';
}

export function isHeartbeat(request: Recorded): boolean {
  return isUpdate(request) && request.body.status === 'IN_PROGRESS' && request.body.extendLease === true;
}

export function isResult(request: Recorded): boolean {
  return isUpdate(request) && request.body.status !== 'IN_PROGRESS';
}

/** Makes an error answer as the server writes it. The server's errors have a field `retryable`. */
export function refusal(status: number, message: string, retryable = false): Required<Answer> {
  return { status, body: { status, message, instance: 'faulty', retryable } };
}

function notFound(message: string): Answer {
  return refusal(404, message);
}

async function read(incoming: IncomingMessage, at: number): Promise<Recorded> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const { pathname: path, searchParams: query } = new URL(incoming.url ?? '/', 'http://faulty');
  const method = incoming.method ?? 'GET';
  const body = bodyOf(Buffer.concat(chunks).toString());
  const route = routeOf(method, path);
  const last = decodeURIComponent(path.split('/').at(route === 'log' ? -2 : -1) ?? '');
  const named = typeof body.taskId === 'string' ? body.taskId : undefined;
  const taskId = route === 'task' || route === 'log' ? last : named;
  return { at, route, method, path, query, body, type: route === 'poll' ? last : undefined, taskId };
}

/** Parses the body as a JSON object. Any other text is returned in the field `text`. */
function bodyOf(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : { text };
  } catch {
    return { text };
  }
}

function routeOf(method: string, path: string): Route {
  if (path.startsWith('/api/tasks/poll/')) return 'poll';
  if (method === 'POST' && path === '/api/tasks') return 'update';
  if (method === 'POST' && path === '/api/tasks/update-v2') return 'update-v2';
  if (path === '/api/tasks/queue/sizes') return 'sizes';
  if (path.startsWith('/api/tasks/queue/polldata')) return 'polldata';
  if (path.startsWith('/api/admin/task/')) return 'open-tasks';
  if (path === '/api/tasks/search-v2' || path === '/api/workflow/search') return 'search';
  if (path === '/api/version') return 'version';
  if (path === '/api/token') return 'token';
  if (method === 'POST' && /^\/api\/tasks\/[^/]+\/log$/.test(path)) return 'log';
  if (method === 'GET' && /^\/api\/tasks\/[^/]+$/.test(path)) return 'task';
  return 'other';
}
