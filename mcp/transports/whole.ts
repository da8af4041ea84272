import {
  isJsonContentType,
  type JSONRPCMessage,
  type JSONRPCRequest,
  LATEST_PROTOCOL_VERSION,
  type McpServerFactory,
  type Server,
  SUPPORTED_PROTOCOL_VERSIONS,
  type Transport,
} from '@modelcontextprotocol/server';
import { z } from 'zod';
import type { Asked, WholeAnswer } from './exchange.ts';

/*
 * Requests of which nothing but a result comes. The SDK makes a stream of each, or a body that is read back out of one, for which a client
 * waits half a millisecond to a millisecond longer.
 */

export interface WholeOptions {
  readonly build: McpServerFactory;
  onerror(error: Error): void;
}

/** Nobody reads it. */
const CLIENT_GONE: WholeAnswer = { status: 499, body: undefined };

const absent = z.undefined().optional();
const wholeRequest = z.strictObject({
  jsonrpc: z.literal('2.0'),
  id: z.union([z.string(), z.int()]),
  method: z.string(),
  params: z
    .looseObject({
      // A request of a later revision names that one.
      _meta: z.looseObject({ progressToken: absent, 'io.modelcontextprotocol/protocolVersion': absent }).optional(),
    })
    .optional(),
});

/**
 * The request of the 2025 revision without a session whose client does not ask for progress, undefined for all others; what has to be
 * refused is among those, and the SDK knows how.
 */
export function wholeRequestOf({ method, headers, parsed }: Asked): JSONRPCRequest | undefined {
  const accepted = headers.get('accept') ?? '';
  const isOurs =
    method === 'POST' &&
    isJsonContentType(headers.get('content-type')) &&
    accepted.includes('application/json') &&
    accepted.includes('text/event-stream') &&
    SUPPORTED_PROTOCOL_VERSIONS.includes(headers.get('mcp-protocol-version') ?? LATEST_PROTOCOL_VERSION);
  return isOurs ? (wholeRequest.safeParse(parsed).data as JSONRPCRequest | undefined) : undefined;
}

/** Answers it by a server of its own, which hears of a client that goes. */
export async function answerWhole(
  message: JSONRPCRequest,
  { method, address, headers, gone }: Asked,
  { build, onerror }: WholeOptions,
): Promise<WholeAnswer> {
  if (gone.aborted) return CLIENT_GONE;
  const wire = new OneAnswer();
  const request = new Request(address, { method, headers });
  const server = await build({ era: 'legacy', requestInfo: request });
  const leave = () => wire.answer.resolve(CLIENT_GONE);
  gone.addEventListener('abort', leave, { once: true });
  try {
    await server.connect(wire);
    wire.onmessage?.(message, { request });
    return await wire.answer.promise;
  } finally {
    gone.removeEventListener('abort', leave);
    server.close().catch(onerror); // what is still at work on it hears of that
  }
}

/**
 * Results that the SDK's handler for the 2026 revision is asked for, taken before it makes responses of them. Everything else that a server
 * says, and all that comes after it, goes the handler's way.
 */
export class WholeResults {
  readonly #asked = new WeakMap<Request, (answer: WholeAnswer) => void>();
  readonly #onerror: WholeOptions['onerror'];

  constructor(onerror: WholeOptions['onerror']) {
    this.#onerror = onerror;
  }

  /** The factory for the handler. */
  from(build: McpServerFactory): McpServerFactory {
    return async (context) => {
      const product = await build(context);
      const { era, requestInfo } = context;
      // To 2025 the handler answers with a stream before anything is said.
      const take = era === 'modern' && requestInfo ? this.#asked.get(requestInfo) : undefined;
      if (take) this.#takeFirst(product, take);
      return product;
    };
  }

  /** The result of a request, or else what the handler answers to it. */
  first(request: Request, answer: () => Promise<Response>): Promise<WholeAnswer | Response> {
    const taken = Promise.withResolvers<WholeAnswer>();
    this.#asked.set(request, taken.resolve);
    return Promise.race([taken.promise, answer()]);
  }

  #takeFirst(server: Pick<Server, 'connect'>, take: (answer: WholeAnswer) => void): void {
    const connect = server.connect.bind(server);
    server.connect = (wire) => {
      const send = wire.send.bind(wire);
      wire.send = async (message, options) => {
        wire.send = send;
        if (!('result' in message)) return send(message, options);
        take({ status: 200, body: message });
        setImmediate(() => wire.close().catch(this.#onerror)); // behind the answer, for which its client waits
      };
      return connect(wire);
    };
  }
}

/** The connection of a server that is asked one thing. What else it says has nobody to go to. */
class OneAnswer implements Transport {
  readonly answer = Promise.withResolvers<WholeAnswer>();
  onclose?: () => void;
  onmessage?: NonNullable<Transport['onmessage']>;

  async start(): Promise<void> {}

  async send(message: JSONRPCMessage): Promise<void> {
    if (!('method' in message)) this.answer.resolve({ status: 200, body: message });
  }

  async close(): Promise<void> {
    this.onclose?.();
  }
}
