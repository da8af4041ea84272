import {
  type JSONRPCErrorResponse,
  type JSONRPCMessage,
  type JSONRPCRequest,
  type McpHandlerRequestOptions,
  ProtocolError,
  type RequestId,
  type Transport,
  type TransportSendOptions,
} from '@modelcontextprotocol/server';
import { z } from 'zod';
import { isObject } from '../../core/json.ts';
import { passOf } from '../admission/door-pass.ts';
import type { Listening, Subscriptions } from '../subscriptions/listen-admission.ts';
import { ackOfTasks, type ShowTask, statusNotification } from '../tasks/task-subscriptions.ts';

/*
 * `subscriptions/listen` of the 2026 revision. The SDK answers it. This module adds what the SDK does not do:
 * 1. Admission checks the request before the SDK sees it.
 * 2. The addresses that it names are watched until the subscription ends.
 * 3. Tasks get addresses, because the SDK does not know tasks.
 */

const LISTEN = 'subscriptions/listen';
const CANCELLED = 'notifications/cancelled';

const listenRequest = z.looseObject({
  method: z.literal(LISTEN),
  id: z.union([z.string(), z.number()]),
});
const cancellation = z.looseObject({
  method: z.literal(CANCELLED),
  params: z.looseObject({ requestId: z.union([z.string(), z.number()]) }),
});

/** True for a `subscriptions/listen`, which the SDK answers. */
export function isListen(message: unknown): message is JSONRPCRequest {
  return isOf(LISTEN, message) && listenRequest.safeParse(message).success;
}

/** A cheap check before the schema parses: most messages fail the schema, and each failure would build an error. */
function isOf(method: string, message: unknown): boolean {
  return isObject(message) && message.method === method;
}

/** Serves an HTTP request. If it subscribes, what it subscribes to is watched until its stream ends. */
export async function fetchWithSubscriptions(
  subscriptions: Subscriptions,
  request: Request,
  serve: (request: Request, options?: McpHandlerRequestOptions) => Promise<Response>,
  options: McpHandlerRequestOptions = {},
): Promise<Response> {
  const { parsedBody: body } = options;
  if (!isListen(body)) return serve(request, options);
  const { authInfo } = options;
  const context = { era: 'modern' as const, requestInfo: request, ...(authInfo && { authInfo }) };
  let listening: Listening;
  try {
    const entry = passOf(authInfo, body.id) ?? (await subscriptions.enter(body, context));
    listening = subscriptions.begin(body, entry, context);
  } catch (error) {
    return Response.json(refusalOf(body, error));
  }
  const { asked, showTask, end } = listening;
  const response = await serve(request, { ...options, parsedBody: asked }).catch((error: unknown) => {
    end();
    throw error;
  });
  if (response.body && response.headers.get('content-type')?.includes('text/event-stream'))
    return withBody(response, eachEvent(response.body, showTask, end));
  end();
  return response;
}

/** The refusal of a `subscriptions/listen`, as the client gets it. @throws every error that is not a `ProtocolError` */
function refusalOf({ id }: JSONRPCRequest, error: unknown): JSONRPCErrorResponse {
  if (!(error instanceof ProtocolError)) throw error;
  return { jsonrpc: '2.0', id, error: { code: error.code, message: error.message } };
}

/** The same response, but `ended` is called when either side ends its stream. */
export function untilEnd(response: Response, ended: () => void): Response {
  return response.body ? withBody(response, eachEvent(response.body, undefined, ended)) : response;
}

function withBody({ status, headers }: Response, body: ReadableStream<Uint8Array>): Response {
  return new Response(body, { status, headers });
}

function eachEvent(
  body: ReadableStream<Uint8Array>,
  showTask: ShowTask | undefined,
  ended: () => void,
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  return new ReadableStream({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (!done) return controller.enqueue(showTask ? await translated(value, showTask) : value);
        ended();
        controller.close();
      } catch (error) {
        ended();
        controller.error(error);
      }
    },
    cancel(reason) {
      ended();
      return reader.cancel(reason);
    },
  });
}

/** Translates one chunk of the stream. A chunk is one event, because the SDK writes one event at a time. */
async function translated(event: Uint8Array, showTask: ShowTask): Promise<Uint8Array> {
  const text = new TextDecoder().decode(event);
  const data = /^data: (.+)$/m.exec(text)?.[1];
  if (data === undefined) return event;
  const message = await outgoing(JSON.parse(data), showTask);
  return new TextEncoder().encode(`event: message\ndata: ${JSON.stringify(message)}\n\n`);
}

async function outgoing(message: JSONRPCMessage, showTask: ShowTask | undefined): Promise<JSONRPCMessage> {
  if (!showTask) return message;
  return ackOfTasks(message) ?? (await statusNotification(message, showTask)) ?? message;
}

/** A connection over stdio whose client may subscribe. */
export class SubscriptionTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: NonNullable<Transport['onmessage']>;
  readonly #wire: Transport;
  readonly #subscriptions: Subscriptions;
  /** For each subscription, a function that ends it; also while its admission is still running. */
  readonly #open = new Map<RequestId, () => void>();
  #showTask: ShowTask | undefined;

  constructor(wire: Transport, subscriptions: Subscriptions) {
    this.#wire = wire;
    this.#subscriptions = subscriptions;
  }

  async start(): Promise<void> {
    this.#wire.onclose = () => {
      for (const id of [...this.#open.keys()]) this.#end(id);
      this.onclose?.();
    };
    this.#wire.onerror = (error) => this.onerror?.(error);
    this.#wire.onmessage = (message, extra) => {
      const cancelled = isOf(CANCELLED, message) ? cancellation.safeParse(message).data?.params.requestId : undefined;
      if (cancelled !== undefined) this.#end(cancelled);
      if (!isListen(message)) return void this.onmessage?.(message, extra);
      this.#listen(message, (asked) => this.onmessage?.(asked, extra)).catch((error: unknown) => {
        this.onerror?.(error instanceof Error ? error : new Error(String(error)));
      });
    };
    await this.#wire.start();
  }

  async send(message: JSONRPCMessage, options?: TransportSendOptions): Promise<void> {
    await this.#wire.send(await outgoing(message, this.#showTask), options);
  }

  close(): Promise<void> {
    return this.#wire.close();
  }

  async #listen(message: JSONRPCRequest, serve: (asked: JSONRPCRequest) => void): Promise<void> {
    const subscriptions = this.#subscriptions;
    const context = { era: 'modern' } as const;
    const { id } = message;
    this.#end(id);
    let ended = false;
    this.#open.set(id, () => {
      ended = true;
    });
    let listening: Listening;
    try {
      listening = subscriptions.begin(message, await subscriptions.enter(message, context), context);
    } catch (error) {
      if (!ended) this.#open.delete(id);
      return this.#wire.send(refusalOf(message, error));
    }
    if (ended) return listening.end();
    this.#showTask = listening.showTask;
    this.#open.set(id, listening.end);
    serve(listening.asked);
  }

  #end(id: RequestId): void {
    this.#open.get(id)?.();
    this.#open.delete(id);
  }
}
