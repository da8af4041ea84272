import type {
  JSONRPCMessage,
  JSONRPCRequest,
  McpHandlerRequestOptions,
  RequestId,
  Transport,
  TransportSendOptions,
} from '@modelcontextprotocol/server';
import { z } from 'zod';
import { isObject } from '../../core/json.ts';
import type { ChangeBus } from '../engine/change-bus.ts';
import type { ShowTask } from '../tasks/task-subscriptions.ts';
import { ackOfTasks, addressesOf, statusNotification, withTaskAddresses } from '../tasks/task-subscriptions.ts';
import type { Subscriptions } from './mcp-front.ts';

/*
 * `subscriptions/listen` of the 2026 revision. The SDK serves it; here it is noted what is listened for, so that it is looked after
 * as long as somebody listens, and tasks are put in as addresses of their own, because the SDK knows nothing of them.
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

function isListen(message: unknown): message is JSONRPCRequest {
  return isOf(LISTEN, message) && listenRequest.safeParse(message).success;
}

/** Before anything is parsed: a schema that most messages fail makes an error of each. */
function isOf(method: string, message: unknown): boolean {
  return isObject(message) && message.method === method;
}

/** Looks after everything that a request listens for. Returns what ends that. */
function follow(changes: ChangeBus, message: JSONRPCRequest): () => void {
  const ends = addressesOf(message).map((uri) => changes.follow(uri));
  return () => {
    for (const end of ends) end();
  };
}

/** Serves a request over HTTP that may listen; what it listens for is looked after until its stream ends. */
export async function fetchWithSubscriptions(
  { changes, showTask }: Subscriptions,
  request: Request,
  serve: (request: Request, options?: McpHandlerRequestOptions) => Promise<Response>,
  options: McpHandlerRequestOptions = {},
): Promise<Response> {
  const { parsedBody: body } = options;
  if (!isListen(body)) return serve(request, options);
  const asked = withTaskAddresses(body);
  const response = await serve(request, { ...options, parsedBody: asked });
  if (!response.body || !response.headers.get('content-type')?.includes('text/event-stream')) return response;
  return withBody(response, eachEvent(response.body, showTask, follow(changes, asked)));
}

/** The same response whose stream tells when it has ended, whoever ended it. */
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

/** The SDK writes one event at a time. */
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

/** A connection over stdio whose client may listen. */
export class SubscriptionTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: NonNullable<Transport['onmessage']>;
  readonly #wire: Transport;
  readonly #subscriptions: Subscriptions;
  readonly #followed = new Map<RequestId, () => void>();

  constructor(wire: Transport, subscriptions: Subscriptions) {
    this.#wire = wire;
    this.#subscriptions = subscriptions;
  }

  async start(): Promise<void> {
    this.#wire.onclose = () => {
      for (const end of this.#followed.values()) end();
      this.#followed.clear();
      this.onclose?.();
    };
    this.#wire.onerror = (error) => this.onerror?.(error);
    this.#wire.onmessage = (message, extra) => this.onmessage?.(this.#incoming(message), extra);
    await this.#wire.start();
  }

  async send(message: JSONRPCMessage, options?: TransportSendOptions): Promise<void> {
    await this.#wire.send(await outgoing(message, this.#subscriptions.showTask), options);
  }

  close(): Promise<void> {
    return this.#wire.close();
  }

  #incoming<T extends JSONRPCMessage>(message: T): T | JSONRPCRequest {
    const cancelled = isOf(CANCELLED, message) ? cancellation.safeParse(message).data?.params.requestId : undefined;
    if (cancelled !== undefined) this.#end(cancelled);
    if (!isListen(message)) return message;
    const asked = withTaskAddresses(message);
    this.#end(asked.id);
    this.#followed.set(asked.id, follow(this.#subscriptions.changes, asked));
    return asked;
  }

  #end(id: RequestId): void {
    this.#followed.get(id)?.();
    this.#followed.delete(id);
  }
}
