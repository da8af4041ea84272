import { randomUUID } from 'node:crypto';
import {
  type AuthInfo,
  isInitializeRequest,
  type McpHandlerRequestOptions,
  type McpServerFactory,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server';
import type { Caller } from '../admission/permissions.ts';
import { callerIn, mayContinue } from '../engine/connection.ts';
import { EventLog } from './event-log.ts';
import { refusal } from './request-body.ts';
import { untilEnd } from './subscriptions.ts';

const IDLE_MS = 30 * 60_000;
/** Above this number, a session ends. Its client then opens a new session. */
const MAX_SESSIONS = 1000;
/** How long a client waits before it reopens a stream that was dropped. */
const RETRY_MS = 500;

export interface SessionOptions {
  /** Builds the server of a session. */
  readonly build: McpServerFactory;
  readonly maxRequestBodySize: number;
  onerror(error: Error): void;
}

interface Session {
  readonly transport: WebStandardStreamableHTTPServerTransport;
  readonly idle: NodeJS.Timeout;
  /** Who opened the session, with the permissions of the latest request. */
  caller: Caller | undefined;
  /** Number of open streams on which the client waits for changes. */
  streams: number;
}

/**
 * Sessions of the 2025 revision over HTTP, held by this process:
 * 1. `initialize` opens a session. Every other request must name an open session. Otherwise it gets a 404, and the client opens a new
 *    session.
 * 2. A session ends by DELETE, after half an hour without a request or an open stream, or when there are too many: then the caller
 *    with the most sessions loses the one that it used least recently.
 * 3. A session belongs to the caller who opened it. For every other caller it does not exist, and neither for a caller who lost a
 *    permission. A caller who got more permissions, in a new token, continues with them.
 * 4. A session keeps a limited number of sent messages. A client that lost a stream reopens it and gets what it missed.
 */
export class Sessions {
  readonly #open = new Map<string, Session>();
  readonly #options: SessionOptions;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /** Answers a request of the 2025 revision. */
  async fetch(request: Request, { authInfo, parsedBody: body }: McpHandlerRequestOptions = {}): Promise<Response> {
    const given = { parsedBody: body, ...(authInfo && { authInfo }) };
    const id = request.headers.get('mcp-session-id');
    const session = id === null ? undefined : this.#open.get(id);
    if (session && mayContinue(session.caller, callerIn(authInfo))) {
      this.#touch(session, callerIn(authInfo));
      const response = await session.transport.handleRequest(request, given);
      return request.method === 'GET' ? keptOpen(session, response) : response;
    }
    if (id !== null) return refusal(404, -32001, 'Session not found');
    if (!isInitialize(body)) return refusal(400, -32000, 'Bad Request: Mcp-Session-Id header is required');
    const transport = await this.#begin(request, authInfo);
    const response = await transport.handleRequest(request, given);
    if (transport.sessionId === undefined) await transport.close(); // refused, so no client knows its id
    return response;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open.values()].map(({ transport }) => transport.close()));
  }

  async #begin(request: Request, authInfo: AuthInfo | undefined): Promise<WebStandardStreamableHTTPServerTransport> {
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => this.#keep(id, transport, authInfo),
      eventStore: new EventLog(),
      retryInterval: RETRY_MS,
      maxRequestBodySize: this.#options.maxRequestBodySize,
    });
    transport.onerror = this.#options.onerror;
    transport.onclose = () => this.#forget(transport.sessionId);
    const server = await this.#options.build({ era: 'legacy', requestInfo: request, ...(authInfo && { authInfo }) });
    await server.connect(transport);
    return transport;
  }

  #keep(id: string, transport: WebStandardStreamableHTTPServerTransport, authInfo: AuthInfo | undefined): void {
    const idle = setTimeout(() => this.#endIdle(session), IDLE_MS).unref();
    const session: Session = { transport, caller: callerIn(authInfo), streams: 0, idle };
    this.#open.set(id, session);
    if (this.#open.size > MAX_SESSIONS) this.#endOne();
  }

  /** Ends the least recently used session of the caller who has the most. So no caller can end the sessions of the others. */
  #endOne(): void {
    const byCaller = Map.groupBy(this.#open.values(), ({ caller }) => caller?.id);
    const [most = []] = [...byCaller.values()].sort((one, other) => other.length - one.length);
    most[0]?.transport.close().catch(this.#options.onerror);
  }

  #endIdle(session: Session): void {
    if (session.streams > 0) session.idle.refresh();
    else session.transport.close().catch(this.#options.onerror);
  }

  #touch(session: Session, caller: Caller | undefined): void {
    session.caller = caller;
    session.idle.refresh();
    const { sessionId = '' } = session.transport;
    this.#open.delete(sessionId);
    this.#open.set(sessionId, session);
  }

  #forget(id: string | undefined): void {
    if (id === undefined) return;
    clearTimeout(this.#open.get(id)?.idle);
    this.#open.delete(id);
  }
}

/** Counts an open stream. Its client is still there, so the session does not end for lack of requests. */
function keptOpen(session: Session, response: Response): Response {
  if (!response.body) return response;
  session.streams += 1;
  return untilEnd(response, () => {
    session.streams -= 1;
  });
}

function isInitialize(body: unknown): boolean {
  return Array.isArray(body) ? body.some(isInitializeRequest) : isInitializeRequest(body);
}
