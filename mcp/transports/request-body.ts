import { isJsonContentType, type McpHandlerRequestOptions, type RequestId } from '@modelcontextprotocol/server';

/** Larger than the largest input of a tool, in any encoding. */
export const MAX_BODY_BYTES = 4 * 1024 * 1024;

/** The parts of a request that reading its body needs. */
export interface UnreadBody {
  readonly method: string | undefined;
  readonly contentType: string | null | undefined;
  readonly contentLength: string | null | undefined;
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** Reads the body of a POST. Returns the refusal of a body that is too large or is not JSON. */
export async function readBody(body: UnreadBody, maxBytes: number): Promise<McpHandlerRequestOptions | Response> {
  if (body.method !== 'POST') return {};
  if (!isJsonContentType(body.contentType ?? null)) {
    return refusal(415, -32000, 'Unsupported Media Type: Content-Type must be application/json');
  }
  const tooLarge = `Payload Too Large: Request body must not exceed ${maxBytes} bytes`;
  if (Number(body.contentLength) > maxBytes) return refusal(413, -32000, tooLarge);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body.chunks) {
    bytes += chunk.length;
    if (bytes > maxBytes) return refusal(413, -32000, tooLarge);
    chunks.push(chunk);
  }
  return parseBody(Buffer.concat(chunks, bytes).toString());
}

/** Parses the text of a body. Returns the refusal of a text that is not JSON. */
export function parseBody(text: string): McpHandlerRequestOptions | Response {
  try {
    return { parsedBody: JSON.parse(text) };
  } catch {
    return refusal(400, -32700, 'Parse error: Invalid JSON');
  }
}

/** An HTTP answer that refuses a request, with an error in the form of JSON-RPC. */
export function refusal(status: number, code: number, message: string, id: RequestId | null = null): Response {
  return Response.json({ jsonrpc: '2.0', error: { code, message }, id }, { status });
}
