import { type McpRequestContext, Server, type ServerCapabilities } from '@modelcontextprotocol/server';
import { version } from '../../core/version.ts';
import type { ChangeBus } from '../subscriptions/change-bus.ts';
import { sendChanges } from '../subscriptions/change-notifications.ts';
import type { Connect, Connection } from './connection.ts';
import { INSTRUCTIONS } from './instructions.ts';
import { type RequestOptions, type Requests, requestsOf } from './requests.ts';

/** A part of the protocol: the capabilities that it declares, and the requests that it answers. */
export interface Feature {
  /** The only era of the protocol that has this part. Default: both. */
  readonly era?: McpRequestContext['era'];
  readonly capabilities: ServerCapabilities;
  /** A sentence or two that every client gets when it connects. */
  readonly instructions?: string;
  attach(requests: Requests, connection: Connection): void;
}

export interface McpServerOptions extends RequestOptions {
  readonly features: readonly Feature[];
  readonly connect: Connect;
}

/**
 * Builds the server of one connection or, over HTTP without a session, of one request.
 * @param changes given for a connection that stays open: the server tells the client about changes and takes its subscriptions
 */
export type BuildServer = (context: McpRequestContext, changes?: ChangeBus) => Server;

/**
 * Makes MCP servers from the SDK's low-level `Server`. Work that is the same for every server is done only once. The SDK's `McpServer`
 * would convert every schema again for each request.
 */
export function createMcpServer({ features, connect, ...options }: McpServerOptions): BuildServer {
  const prepared = { legacy: prepare(features, 'legacy'), modern: prepare(features, 'modern') };
  return (context, changes) => {
    const { served, capabilities, instructions } = prepared[context.era];
    // Without an open connection, a client of 2025 can neither subscribe nor be told about changes.
    const isOpen = changes !== undefined || context.era === 'modern';
    const settings = { instructions, capabilities: isOpen ? capabilities : withoutChanges(capabilities) };
    const server = new Server({ name: 'conductor-fleet', title: 'Conductor Fleet', version }, settings);
    const connection = connect(context);
    const requests = requestsOf(server, connection, options);
    for (const feature of served) feature.attach(requests, connection);
    if (changes) sendChanges({ server, requests, connection, changes });
    return server;
  };
}

function withoutChanges({ tools, resources, prompts, ...others }: ServerCapabilities): ServerCapabilities {
  return {
    ...others,
    ...(tools && { tools: {} }),
    ...(resources && { resources: {} }),
    ...(prompts && { prompts: {} }),
  };
}

/** What all servers of an era share. */
function prepare(features: readonly Feature[], era: McpRequestContext['era']) {
  const served = features.filter((feature) => feature.era === undefined || feature.era === era);
  const capabilities: ServerCapabilities = Object.assign({}, ...served.map((feature) => feature.capabilities));
  const instructions = [INSTRUCTIONS, ...served.flatMap((feature) => feature.instructions ?? [])].join(' ');
  return { served, capabilities, instructions };
}
