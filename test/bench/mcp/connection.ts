import { z } from 'zod';

/** The two eras of the protocol. The older one begins with a handshake; the newer one sends all information in every request. */
export const eras = ['2025-11-25', '2026-07-28'] as const;
export type Era = (typeof eras)[number];

/** A client that does as little as the protocol allows, so that the bench measures the server and not the client. */
export interface McpConnection {
  readonly era: Era;
  /** The server's process. */
  readonly pid: number;
  /** @throws if the server answers with an error, or the tool reports one */
  call(tool: string, args: object, options?: CallOptions): Promise<ToolAnswer>;
  list(): Promise<Listing>;
}

export interface CallOptions {
  /** Cancels the call. */
  signal?: AbortSignal;
}

const tools = z.looseObject({ tools: z.array(z.looseObject({ name: z.string() })) });
export type Listing = z.output<typeof tools>;

const toolAnswer = z.looseObject({
  content: z.array(z.looseObject({ text: z.string().optional() })),
  structuredContent: z.unknown().optional(),
  isError: z.boolean().optional(),
});

/** The parts of an answer that a client may show to its model. */
export interface ToolAnswer {
  readonly text: string;
  readonly structured: unknown;
  /** Size of the whole message. */
  readonly bytes: number;
}

const message = z.looseObject({
  id: z.number().optional(),
  result: z.unknown().optional(),
  error: z.looseObject({ message: z.string() }).optional(),
});
export type Message = z.output<typeof message>;

const INFO = { name: 'fleet-bench', version: '0' };
const ENVELOPE = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': INFO,
  'io.modelcontextprotocol/clientCapabilities': {},
};

/** Builds a request in the format of this era. */
export function requestOf(era: Era, id: number, method: string, params: object): string {
  const sent = era === '2026-07-28' ? { ...params, _meta: ENVELOPE } : params;
  return JSON.stringify({ jsonrpc: '2.0', id, method, params: sent });
}

/** The first request of a client of this era. */
export function greetingOf(era: Era): { method: string; params: object } {
  if (era === '2026-07-28') return { method: 'server/discover', params: {} };
  return { method: 'initialize', params: { protocolVersion: era, capabilities: {}, clientInfo: INFO } };
}

export const INITIALIZED = JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' });

/** The message that cancels a request over stdio. */
export function cancellationOf(requestId: number): string {
  return JSON.stringify({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId } });
}

export function parseMessage(text: string): Message {
  return message.parse(JSON.parse(text));
}

/** @throws if the server answered with a protocol error */
export function resultOf(method: string, { error, result }: Message): unknown {
  if (error) throw new Error(`${method} failed: ${error.message}`);
  return result;
}

export function listingOf(result: unknown): Listing {
  return tools.parse(result);
}

/** @throws if the tool reports an error */
export function toolAnswerOf(tool: string, result: unknown, bytes: number): ToolAnswer {
  const { content, structuredContent: structured, isError } = toolAnswer.parse(result);
  const text = content.map((block) => block.text ?? '').join('\n');
  if (isError) throw new Error(`${tool} failed: ${text.slice(0, 300)}`);
  return { text, structured, bytes };
}
