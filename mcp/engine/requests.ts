import { randomUUID } from 'node:crypto';
import {
  type HandlerResultTypeMap,
  type JSONRPCErrorResponse,
  type JSONRPCRequest,
  ProtocolError,
  ProtocolErrorCode,
  type RequestMethod,
  type RequestTypeMap,
  type Result,
  type Server,
  type ServerContext,
  type StandardSchemaV1,
} from '@modelcontextprotocol/server';
import type { Logger } from '../../core/log.ts';
import type { Admitted, Arriving, Enter } from '../admission/admit.ts';
import { enteredAtDoor } from '../admission/door-pass.ts';
import { readingOf, type Subject } from '../admission/subject.ts';
import { type Capabilities, capabilitiesOf } from './client-capabilities.ts';
import { type Connection, callerIn } from './connection.ts';
import { type FailedRequest, protocolError } from './error-result.ts';

/** An admitted request, as its handler gets it. */
export interface AdmittedRequest<P> {
  /** Names the request in the log and in the answer to an unexpected error. */
  readonly id: string;
  readonly params: P;
  readonly connection: Connection;
  /** What the client can do. */
  readonly capabilities: Capabilities;
  /** Aborted when the client cancels or disconnects, or when the server stops. */
  readonly signal: AbortSignal;
  readonly context: ServerContext;
}

type SentRequest<P> = Omit<AdmittedRequest<P>, 'id'>;

/** Answers the requests of one method. */
export interface RequestHandler<P, S extends Subject, R> {
  /** Finds what a request is about. This decides which permission it needs. @throws if the request names something that does not exist */
  find(params: P, connection: Connection): S | Promise<S>;
  handle(subject: S, request: AdmittedRequest<P>): R | Promise<R>;
  /** False only if the answer never needs Conductor. Default true. */
  readonly countsAgainstRateLimit?: boolean;
  /** Answers a failed request: with a result, or by throwing a `ProtocolError`. Default: the `ProtocolError` of `protocolError`. */
  fail?(error: unknown, failed: FailedRequest, about: { readonly params: P; readonly subject: S | undefined }): R;
}

/** What a feature answers. No other code registers handlers, so every request passes admission. */
export interface Requests {
  /** Adds the handler of a method of the specification. */
  answer<M extends RequestMethod, S extends Subject>(
    method: M,
    handler: RequestHandler<RequestTypeMap[M]['params'], S, HandlerResultTypeMap[M]>,
  ): void;
  /** Adds the handler of a method of an extension. The SDK does not know the parameters of these methods. */
  answerExtension<P extends StandardSchemaV1, S extends Subject>(
    method: string,
    params: P,
    handler: RequestHandler<StandardSchemaV1.InferOutput<P>, S, Result>,
  ): void;
}

export interface RequestOptions {
  readonly enter: Enter;
  readonly log: Logger;
}

/** The handler of one method. */
interface Answering {
  /** The request as admission sees it. */
  arriving(params: unknown, connection: Connection): Arriving;
  register(server: Server, connection: Connection, options: RequestOptions): void;
}

/** All handlers of a server, by method. */
export class RequestTable implements Requests {
  readonly #methods = new Map<string, Answering>();

  answer<M extends RequestMethod, S extends Subject>(
    method: M,
    handler: RequestHandler<RequestTypeMap[M]['params'], S, HandlerResultTypeMap[M]>,
  ): void {
    this.#methods.set(method, {
      arriving: (params, connection) => arrivingAt(method, handler, params as RequestTypeMap[M]['params'], connection),
      register(server, connection, options) {
        server.setRequestHandler(method, ({ params }, context) =>
          run(method, handler, { request: requestOf(server, params, connection, context), ...options }),
        );
      },
    });
  }

  answerExtension<P extends StandardSchemaV1, S extends Subject>(
    method: string,
    schema: P,
    handler: RequestHandler<StandardSchemaV1.InferOutput<P>, S, Result>,
  ): void {
    this.#methods.set(method, {
      arriving: (params, connection) =>
        arrivingAt(method, handler, params as StandardSchemaV1.InferOutput<P>, connection),
      register(server, connection, options) {
        server.setRequestHandler(method, { params: schema }, (params, context) =>
          run(method, handler, { request: requestOf(server, params, connection, context), ...options }),
        );
      },
    });
  }

  /** The only place that registers handlers with the SDK. */
  register(server: Server, connection: Connection, options: RequestOptions): void {
    for (const answering of this.#methods.values()) answering.register(server, connection, options);
  }

  has(method: string): boolean {
    return this.#methods.has(method);
  }

  /** A request as admission sees it, before the SDK has read it: `checkParams` has checked the parameters that the server reads. */
  arriving({ method, params }: Pick<JSONRPCRequest, 'method' | 'params'>, connection: Connection): Arriving {
    return this.#methods.get(method)?.arriving(params, connection) ?? unhandled({ method, params }, connection);
  }
}

/** The methods that the SDK answers without a handler of this server. */
const ANSWERED_BY_SDK: Readonly<Record<Connection['era'], readonly string[]>> = {
  legacy: ['initialize', 'ping'],
  modern: ['server/discover'],
};

export function isAnsweredBySdk(method: string, era: Connection['era']): boolean {
  return ANSWERED_BY_SDK[era].includes(method);
}

/**
 * A request that no handler of this server answers, as admission sees it. The answers of the SDK reveal nothing about Conductor, so every
 * caller may have them. Admission refuses the request if its method is unknown, or if it is wrong.
 * @param wrong what is wrong with the request
 */
export function unhandled(
  { method, params }: Pick<JSONRPCRequest, 'method' | 'params'>,
  { caller, peer, era }: Connection,
  wrong?: ProtocolError,
): Arriving {
  const find = (): Subject => {
    if (wrong) throw wrong;
    if (!isAnsweredBySdk(method, era)) throw new ProtocolError(ProtocolErrorCode.MethodNotFound, 'Method not found');
    return readingOf(method, 'none');
  };
  const id = randomUUID().slice(0, 8);
  return { id, caller, peer, method, params, countsAgainstRateLimit: false, isAnsweredBySdk: true, find };
}

/** Ends a request that the SDK has answered, with the error of the answer if it has one. */
export function endAnswered(entry: Admitted, error: JSONRPCErrorResponse['error'] | undefined): void {
  try {
    if (error) entry.fail(new ProtocolError(error.code, error.message));
    else entry.finish({});
  } catch (notRecorded) {
    entry.fail(notRecorded); // the SDK has answered already
  }
}

function arrivingAt<P, S extends Subject, R>(
  method: string,
  { find, countsAgainstRateLimit = true }: RequestHandler<P, S, R>,
  params: P,
  connection: Connection,
): Arriving {
  const { caller, peer } = connection;
  const id = randomUUID().slice(0, 8);
  return { id, caller, peer, method, params, countsAgainstRateLimit, find: () => find(params, connection) };
}

function requestOf<P>(server: Server, params: P, connection: Connection, context: ServerContext): SentRequest<P> {
  const capabilities = capabilitiesOf(context, server.getClientCapabilities());
  const { signal } = context.mcpReq;
  // In a session, each request has a token of its own, which may grant more than the one that opened the session.
  const { caller } = connection;
  const current = { ...connection, caller: callerIn(context.http?.authInfo) ?? caller };
  return { params, connection: current, capabilities, signal, context };
}

/** Runs a handler with a request that has entered at the door, or that enters now. */
async function run<P, S extends Subject, R>(
  method: string,
  handler: RequestHandler<P, S, R>,
  { request, enter, log }: RequestOptions & { request: SentRequest<P> },
): Promise<R> {
  const { params, connection, signal, context } = request;
  const entry = await (enteredAtDoor(context) ?? enter({ ...arrivingAt(method, handler, params, connection), signal }));
  const { id } = entry;
  const subject = entry.subject as S | undefined; // the same handler's `find` has found it
  try {
    if (!entry.isAdmitted) throw entry.error;
    return entry.finish(await handler.handle(entry.subject as S, { ...request, id }));
  } catch (error) {
    if (entry.isAdmitted) entry.fail(error);
    if (error instanceof ProtocolError) throw error;
    const { annotations = { readOnlyHint: true } } = subject ?? {};
    const failed = { id, subject: { name: method, annotations }, signal };
    if (handler.fail) return handler.fail(error, failed, { params, subject });
    throw protocolError(error, failed, log);
  }
}
