import {
  Client as ModernClient,
  ClientCredentialsProvider as ModernCredentials,
  StreamableHTTPClientTransport as ModernHttp,
} from '@modelcontextprotocol/client';
import { StdioClientTransport as ModernStdio } from '@modelcontextprotocol/client/stdio';
import { ClientCredentialsProvider as LegacyCredentials } from '@modelcontextprotocol/sdk/client/auth-extensions.js';
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as LegacyStdio } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport as LegacyHttp } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport as LegacyTransport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { ElicitRequestSchema, ResourceUpdatedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';

/** The two eras of the protocol. Tests use the client library of each era. */
export const eras = ['2025-11-25', '2026-07-28'] as const;
export type Era = (typeof eras)[number];

/** The way to reach a server: a program that the client starts, or an address. */
export type Target =
  | { readonly command: string; readonly args: string[]; readonly env: Record<string, string> }
  | { readonly url: string; readonly credentials?: Credentials };

/** With these, a client gets tokens from the authorization server that the MCP server names. */
export interface Credentials {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly expectedIssuer: string;
}

const result = z.looseObject({
  content: z.array(z.looseObject({ type: z.string(), text: z.string().optional() })),
  structuredContent: z.record(z.string(), z.unknown()).optional(),
  isError: z.boolean().optional(),
});

/** The parts of a tool's answer that tests check. */
export interface Answer {
  readonly text: string;
  readonly structured: Record<string, unknown>;
  readonly isError: boolean;
}

/** A connected client. The interface is the same for both eras. */
export interface McpClient {
  readonly era: Era;
  readonly protocolVersion: string | undefined;
  readonly serverInfo: { name: string; version: string } | undefined;
  readonly instructions: string | undefined;
  toolNames(): Promise<string[]>;
  call(name: string, args?: Record<string, unknown>): Promise<Answer>;
  /** The methods of the library's own client that have the same names in both libraries. */
  readonly reads: Reads;
  close(): Promise<void>;
}

type Params = Record<string, unknown>;

/** Methods that read, with the same names in both libraries. The caller parses the answers. */
export interface Reads {
  listResources(params?: Params): Promise<unknown>;
  listResourceTemplates(params?: Params): Promise<unknown>;
  readResource(params: { uri: string }): Promise<unknown>;
  listPrompts(params?: Params): Promise<unknown>;
  getPrompt(params: { name: string; arguments?: Record<string, string> }): Promise<unknown>;
  complete(params: CompleteParams): Promise<unknown>;
  /** Calls `updated` for each update of the resource until the client is closed. */
  onUpdate(uri: string, updated: () => void): Promise<void>;
}

interface CompleteParams {
  ref: { type: 'ref/prompt'; name: string } | { type: 'ref/resource'; uri: string };
  argument: { name: string; value: string };
  context?: { arguments?: Record<string, string> };
}

const info = { name: 'conductor-fleet-test', version: '0' };

/** Plays the person at the client, who answers an elicitation. */
export type Person = (message: string) => {
  action: 'accept' | 'decline' | 'cancel';
  content?: Record<string, boolean | string>;
};

/** Connects a real client, which checks structured content against the output schemas. With a `person` it supports elicitation. */
export function connect(era: Era, target: Target, person?: Person): Promise<McpClient> {
  return era === '2025-11-25' ? connectLegacy(target, person) : connectModern(target, person);
}

async function connectLegacy(target: Target, person: Person | undefined): Promise<McpClient> {
  const client = new LegacyClient(info, person && { capabilities: { elicitation: {} } });
  if (person) client.setRequestHandler(ElicitRequestSchema, ({ params }) => person(params.message));
  const transport =
    'url' in target
      ? new LegacyHttp(
          new URL(target.url),
          target.credentials && { authProvider: new LegacyCredentials(target.credentials) },
        )
      : new LegacyStdio({ ...target, stderr: 'ignore' });
  await client.connect(transport as LegacyTransport); // cast: the library's own types do not match under exactOptionalPropertyTypes
  return {
    era: '2025-11-25',
    protocolVersion: '2025-11-25',
    serverInfo: client.getServerVersion(),
    instructions: client.getInstructions(),
    toolNames: async () => (await client.listTools()).tools.map(({ name }) => name),
    call: async (name, args = {}) => answerOf(await client.callTool({ name, arguments: args })),
    reads: {
      ...readsOf(client),
      async onUpdate(uri, updated) {
        client.setNotificationHandler(ResourceUpdatedNotificationSchema, () => updated());
        await client.subscribeResource({ uri });
      },
    },
    close: () => client.close(),
  };
}

async function connectModern(target: Target, person: Person | undefined): Promise<McpClient> {
  const client = new ModernClient(info, {
    versionNegotiation: { mode: { pin: '2026-07-28' } },
    ...(person && { capabilities: { elicitation: {} } }),
  });
  if (person) client.setRequestHandler('elicitation/create', ({ params }) => person(params.message));
  const transport =
    'url' in target
      ? new ModernHttp(
          new URL(target.url),
          target.credentials && { authProvider: new ModernCredentials(target.credentials) },
        )
      : new ModernStdio({ ...target, stderr: 'ignore' });
  await client.connect(transport);
  return {
    era: '2026-07-28',
    protocolVersion: client.getNegotiatedProtocolVersion(),
    serverInfo: client.getServerVersion(),
    instructions: client.getInstructions(),
    toolNames: async () => (await client.listTools()).tools.map(({ name }) => name),
    call: async (name, args = {}) => answerOf(await client.callTool({ name, arguments: args })),
    reads: {
      ...readsOf(client),
      async onUpdate(uri, updated) {
        client.setNotificationHandler('notifications/resources/updated', () => updated());
        await client.listen({ resourceSubscriptions: [uri] });
      },
    },
    close: () => client.close(),
  };
}

function readsOf(client: LegacyClient | ModernClient): Omit<Reads, 'onUpdate'> {
  return {
    listResources: (params) => client.listResources(params),
    listResourceTemplates: (params) => client.listResourceTemplates(params),
    readResource: (params) => client.readResource(params),
    listPrompts: (params) => client.listPrompts(params),
    getPrompt: (params) => client.getPrompt(params),
    complete: (params) => client.complete(params),
  };
}

function answerOf(value: unknown): Answer {
  const { content, structuredContent, isError } = result.parse(value);
  return {
    text: content.map((block) => block.text ?? '').join('\n'),
    structured: structuredContent ?? {},
    isError: isError ?? false,
  };
}
