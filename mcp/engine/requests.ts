import { randomUUID } from 'node:crypto';
import {
  type HandlerResultTypeMap,
  ProtocolError,
  type RequestMethod,
  type RequestTypeMap,
  type Result,
  type Server,
  type ServerContext,
  type StandardSchemaV1,
} from '@modelcontextprotocol/server';
import type { Logger } from '../../core/log.ts';
import type { Admit } from '../admission/admit.ts';
import type { Subject } from '../admission/subject.ts';
import { type Capabilities, capabilitiesOf } from './client-capabilities.ts';
import type { Connection } from './connection.ts';
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

/** Registers the handlers of one connection. No other code registers handlers, so every request passes admission. */
export interface Requests {
  /** Registers the handler of a method of the specification. */
  answer<M extends RequestMethod, S extends Subject>(
    method: M,
    handler: RequestHandler<RequestTypeMap[M]['params'], S, HandlerResultTypeMap[M]>,
  ): void;
  /** Registers the handler of a method of an extension. The SDK does not know the parameters of these methods. */
  answerExtension<P extends StandardSchemaV1, S extends Subject>(
    method: string,
    params: P,
    handler: RequestHandler<StandardSchemaV1.InferOutput<P>, S, Result>,
  ): void;
}

export interface RequestOptions {
  readonly admit: Admit;
  readonly log: Logger;
}

/** The only place that registers handlers with the SDK. */
export function requestsOf(server: Server, connection: Connection, options: RequestOptions): Requests {
  function admitted<P>(params: P, context: ServerContext): AdmittedRequest<P> {
    const capabilities = capabilitiesOf(context, server.getClientCapabilities());
    const { signal } = context.mcpReq;
    return { id: randomUUID().slice(0, 8), params, connection, capabilities, signal, context };
  }
  return {
    answer(method, handler) {
      server.setRequestHandler(method, ({ params }, context) =>
        answer(method, handler, { request: admitted(params, context), ...options }),
      );
    },
    answerExtension(method, schema, handler) {
      server.setRequestHandler(method, { params: schema }, (params, context) =>
        answer(method, handler, { request: admitted(params, context), ...options }),
      );
    },
  };
}

async function answer<P, S extends Subject, R>(
  method: string,
  handler: RequestHandler<P, S, R>,
  { request, admit, log }: RequestOptions & { request: AdmittedRequest<P> },
): Promise<R> {
  const { params, connection, id, signal } = request;
  const { countsAgainstRateLimit = true } = handler;
  let subject: S | undefined;
  const find = async () => {
    subject = await handler.find(params, connection);
    return subject;
  };
  try {
    return await admit({ caller: connection.caller, countsAgainstRateLimit, signal, find }, (found) =>
      handler.handle(found, request),
    );
  } catch (error) {
    if (error instanceof ProtocolError) throw error;
    const { annotations = { readOnlyHint: true } } = subject ?? {};
    const failed = { id, subject: { name: method, annotations }, signal };
    if (handler.fail) return handler.fail(error, failed, { params, subject });
    throw protocolError(error, failed, log);
  }
}
