import {
  isJsonContentType,
  type JSONRPCMessage,
  type JSONRPCRequest,
  LATEST_PROTOCOL_VERSION,
  type McpServerFactory,
  SUPPORTED_PROTOCOL_VERSIONS,
  type Transport,
} from '@modelcontextprotocol/server';
import { z } from 'zod';
import type { Asked, WholeAnswer } from './exchange.ts';

/*
 * A request of the 2025 revision without a session, whose client does not ask for progress: nothing but its result can come of it. The SDK
 * would make a stream of it, or a body that is read back out of one, for which a client waits half a millisecond to a millisecond longer.
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

/** The request that is answered whole, undefined for all others; what has to be refused is among those, and the SDK knows how. */
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
