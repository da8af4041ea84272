import { request } from 'node:http';
import { z } from 'zod';

const EXTENSION = 'io.modelcontextprotocol/tasks';
const REVISION = '2026-07-28';

const answer = z.object({
  id: z.unknown().optional(),
  result: z.record(z.string(), z.unknown()).optional(),
  error: z.object({ code: z.int(), message: z.string(), data: z.unknown().optional() }).optional(),
});

/** The answer to one request: a result or a protocol error, and how HTTP brought it. */
export type RawAnswer = z.output<typeof answer> & {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly challenge: string | null;
};

/** The capabilities of a client with the tasks extension: `FOLLOWS_TASKS` without elicitation, `ASKS_TOO` with it. */
export const FOLLOWS_TASKS = { extensions: { [EXTENSION]: {} } };
export const ASKS_TOO = { ...FOLLOWS_TASKS, elicitation: {} };

let lastId = 0;

/** Makes the body and headers of a request of the 2026 revision, which no client library can send yet. */
export function rawRequest(method: string, params: Record<string, unknown>, capabilities: object): RequestInit {
  const name = params.name ?? params.taskId ?? params.uri;
  lastId += 1;
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': REVISION,
    'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '0' },
    'io.modelcontextprotocol/clientCapabilities': capabilities,
  };
  return {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
      'MCP-Protocol-Version': REVISION,
      'Mcp-Method': method,
      ...(name !== undefined && { 'Mcp-Name': String(name) }),
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: lastId, method, params: { ...params, _meta } }),
  };
}

/** Sends one request and returns the answer. */
export async function raw(
  url: string,
  method: string,
  params: Record<string, unknown> = {},
  capabilities: object = FOLLOWS_TASKS,
): Promise<RawAnswer> {
  return answerIn(await fetch(url, rawRequest(method, params, capabilities)));
}

/** The parameters of the request that opens a session. */
export const INITIALIZE = {
  protocolVersion: '2025-11-25',
  capabilities: {},
  clientInfo: { name: 'raw', version: '0' },
};

/** Makes the body and headers of a request of the 2025 revision, in a session if `sessionId` is given. */
export function rawLegacyRequest(method: string, params: object = {}, sessionId?: string): RequestInit {
  lastId += 1;
  return {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
      'MCP-Protocol-Version': '2025-11-25',
      ...(sessionId !== undefined && { 'Mcp-Session-Id': sessionId }),
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: lastId, method, params }),
  };
}

/** Sends a request of the 2025 revision, in a session if `sessionId` is given. Returns the answer and the session id. */
export async function rawLegacy(
  url: string,
  method: string,
  params: Record<string, unknown> = {},
  sessionId?: string,
): Promise<RawAnswer & { sessionId: string }> {
  const response = await fetch(url, rawLegacyRequest(method, params, sessionId));
  return { ...(await answerIn(response)), sessionId: response.headers.get('mcp-session-id') ?? '' };
}

async function answerIn(response: Response): Promise<RawAnswer> {
  const text = await response.text();
  const json = response.headers.get('content-type')?.includes('event-stream') ? lastEvent(text) : text;
  const { status, headers } = response;
  const http = { status, retryAfter: headers.get('retry-after'), challenge: headers.get('www-authenticate') };
  return { ...answer.parse(JSON.parse(json)), ...http };
}

/** Sends a request and returns its result. @throws Error with the error of the server */
export async function rawResult(...request: Parameters<typeof raw>): Promise<Record<string, unknown>> {
  const { result, error } = await raw(...request);
  if (!result) throw new Error(`${request[1]}: ${JSON.stringify(error)}`);
  return result;
}

function lastEvent(text: string): string {
  return [...text.matchAll(/^data: (.+)$/gm)].at(-1)?.[1] ?? '';
}

/** The request with a token in its header. */
export function withToken(init: RequestInit, token: string | undefined): RequestInit {
  const headers = new Headers(init.headers);
  if (token !== undefined) headers.set('Authorization', `Bearer ${token}`);
  return { ...init, headers };
}

/** The status of a GET under any Host, which `fetch` would not send. */
export function statusUnderHost(url: URL, host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { headers: { Host: host } }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode));
    });
    sent.once('error', reject).end();
  });
}
