import { z } from 'zod';

/** The two eras of the protocol: with a handshake, and with everything in every request. */
export const eras = ['2025-11-25', '2026-07-28'] as const;
export type Era = (typeof eras)[number];

/** A client that does as little as the protocol allows, so that what is measured is the server. */
export interface McpConnection {
  readonly era: Era;
  /** The server's process, with all it started. */
  readonly pid: number;
  /** Ends with an error where the server answers with one, also for a tool that failed. */
  call(tool: string, args: object, options?: CallOptions): Promise<ToolAnswer>;
  list(): Promise<Listing>;
}

export interface CallOptions {
  /** Gives the call up, as a client does that has lost interest. */
  signal?: AbortSignal;
}

const tools = z.looseObject({ tools: z.array(z.looseObject({ name: z.string() })) });
export type Listing = z.output<typeof tools>;

const toolAnswer = z.looseObject({
  content: z.array(z.looseObject({ text: z.string().optional() })),
  structuredContent: z.unknown().optional(),
  isError: z.boolean().optional(),
});

/** What a model may get to read of an answer. */
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

/** A request as this era writes it. */
export function requestOf(era: Era, id: number, method: string, params: object): string {
  const sent = era === '2026-07-28' ? { ...params, _meta: ENVELOPE } : params;
  return JSON.stringify({ jsonrpc: '2.0', id, method, params: sent });
}

/** What a client of this era says first; its answer means that the server is there. */
export function greetingOf(era: Era): { method: string; params: object } {
  if (era === '2026-07-28') return { method: 'server/discover', params: {} };
  return { method: 'initialize', params: { protocolVersion: era, capabilities: {}, clientInfo: INFO } };
}

export const INITIALIZED = JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' });

/** The message that takes a request back, over stdio. */
export function cancellationOf(requestId: number): string {
  return JSON.stringify({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId } });
}

export function parseMessage(text: string): Message {
  return message.parse(JSON.parse(text));
}

/** @throws if the server answered with an error of the protocol */
export function resultOf(method: string, { error, result }: Message): unknown {
  if (error) throw new Error(`${method} was answered with: ${error.message}`);
  return result;
}

export function listingOf(result: unknown): Listing {
  return tools.parse(result);
}

/** @throws if the tool failed */
export function toolAnswerOf(tool: string, result: unknown, bytes: number): ToolAnswer {
  const { content, structuredContent: structured, isError } = toolAnswer.parse(result);
  const text = content.map((block) => block.text ?? '').join('\n');
  if (isError) throw new Error(`${tool} failed: ${text.slice(0, 300)}`);
  return { text, structured, bytes };
}
