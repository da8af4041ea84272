import { isJsonContentType, type McpHandlerRequestOptions, type RequestId } from '@modelcontextprotocol/server';
import type { Config } from '../../core/config.ts';
import { isTooDeep, MOST_LEVELS } from '../../core/json.ts';
import { named } from '../../core/settings/named.ts';
import { count } from '../../core/text.ts';

/** Bodies that are being read may hold this many times the largest body, all together. */
const BODIES_AT_ONCE = 8;
/** The first bytes of a body are always accepted, so that large bodies cannot keep usual calls out. */
const FREE_BYTES = 8 * 1024;
/** When a client whose body had no room may try again. */
const RETRY_SECONDS = 1;

/** The parts of a request that reading its body needs. */
export interface UnreadBody {
  readonly method: string | undefined;
  readonly contentType: string | null | undefined;
  readonly contentLength: string | null | undefined;
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** The limits of all bodies that one server reads. */
export interface BodyLimits {
  readonly maxBytes: number;
  /** A body that takes longer to arrive is refused. */
  readonly timeoutMs: number;
  readonly room: Room;
}

export type BodyConfig = Pick<Config, 'mcpMaxBodyKb' | 'mcpReceiveTimeoutMs'>;

export function bodyLimits({ mcpMaxBodyKb, mcpReceiveTimeoutMs }: BodyConfig): BodyLimits {
  const maxBytes = mcpMaxBodyKb * 1024;
  return { maxBytes, timeoutMs: mcpReceiveTimeoutMs, room: new Room(BODIES_AT_ONCE * maxBytes) };
}

/** The memory for the bodies that are being read. Unfinished bodies of many clients cannot fill the memory of the process. */
class Room {
  #free: number;

  constructor(bytes: number) {
    this.#free = bytes;
  }

  /** Reserves memory. Returns false if there is not enough. */
  take(bytes: number): boolean {
    if (bytes > this.#free) return false;
    this.#free -= bytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.#free += bytes;
  }
}

/** Reads the body of a POST. Returns the refusal of a body that is too large or too slow, for which there is no memory, or that is not JSON. */
export async function readBody(body: UnreadBody, limits: BodyLimits): Promise<McpHandlerRequestOptions | Response> {
  if (body.method !== 'POST') return {};
  if (!isJsonContentType(body.contentType ?? null)) {
    return refusal(415, -32000, 'Unsupported Media Type: Content-Type must be application/json');
  }
  if (Number(body.contentLength) > limits.maxBytes) return tooLarge(limits);
  const late = Promise.withResolvers<'late'>();
  const timer = setTimeout(() => late.resolve('late'), limits.timeoutMs);
  try {
    return await readChunks(body.chunks[Symbol.asyncIterator](), late.promise, limits);
  } finally {
    clearTimeout(timer);
  }
}

async function readChunks(
  source: AsyncIterator<Uint8Array>,
  late: Promise<'late'>,
  limits: BodyLimits,
): Promise<McpHandlerRequestOptions | Response> {
  const { maxBytes, room } = limits;
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  let reserved = 0;
  try {
    for (;;) {
      const next = await Promise.race([source.next(), late]);
      if (next === 'late') return tooSlow(limits);
      if (next.done) break;
      bytes += next.value.length;
      if (bytes > maxBytes) return tooLarge(limits);
      const more = Math.max(0, bytes - FREE_BYTES) - reserved;
      if (!room.take(more)) return noRoom();
      reserved += more;
      chunks.push(next.value);
    }
  } finally {
    room.giveBack(reserved);
  }
  return parseBody(Buffer.concat(chunks, bytes).toString());
}

function tooLarge({ maxBytes }: BodyLimits): Response {
  return refusal(413, -32000, `Payload Too Large: Request body must not exceed ${maxBytes} bytes`);
}

function tooSlow({ timeoutMs }: BodyLimits): Response {
  const text = `Request Timeout: the body did not arrive within ${count(timeoutMs / 1000, 'second')}`;
  return refusal(408, -32000, `${text}. Send the request again. ${named('mcpReceiveTimeoutMs')} sets the limit.`);
}

function noRoom(): Response {
  const text = 'Service Unavailable: the server is reading many large bodies. Nothing was executed.';
  const response = refusal(503, -32000, `${text} Send the request again in ${count(RETRY_SECONDS, 'second')}.`);
  response.headers.set('Retry-After', String(RETRY_SECONDS));
  return response;
}

/** Why a message is refused. */
export const TOO_DEEP = `lists and objects must not be nested more than ${MOST_LEVELS} levels deep. Nothing was executed.`;

/** Parses the text of a body. Returns the refusal of a text that is not JSON. */
export function parseBody(text: string): McpHandlerRequestOptions | Response {
  try {
    const parsedBody: unknown = JSON.parse(text);
    return isTooDeep(text, parsedBody) ? refusal(400, -32600, `Invalid Request: ${TOO_DEEP}`) : { parsedBody };
  } catch {
    return refusal(400, -32700, 'Parse error: Invalid JSON');
  }
}

/** An HTTP answer that refuses a request, with an error in the form of JSON-RPC. */
export function refusal(status: number, code: number, message: string, id: RequestId | null = null): Response {
  return Response.json({ jsonrpc: '2.0', error: { code, message }, id }, { status });
}
