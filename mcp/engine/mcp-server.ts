import {
  type JSONRPCRequest,
  type McpRequestContext,
  type ProtocolError,
  Server,
  type ServerCapabilities,
} from '@modelcontextprotocol/server';
import { version } from '../../core/version.ts';
import type { Admitted, Refused } from '../admission/admit.ts';
import type { ChangeBus } from '../subscriptions/change-bus.ts';
import { sendChanges } from '../subscriptions/change-notifications.ts';
import { Subscribed, subscribing } from '../subscriptions/subscribed.ts';
import type { WatchAdmission } from '../subscriptions/watch-admission.ts';
import type { Connect } from './connection.ts';
import { INSTRUCTIONS } from './instructions.ts';
import { type RequestOptions, type Requests, RequestTable, unhandled } from './requests.ts';

/** A part of the protocol: the capabilities that it declares, and the requests that it answers. */
export interface Feature {
  /** The only era of the protocol that has this part. Default: both. */
  readonly era?: McpRequestContext['era'];
  readonly capabilities: ServerCapabilities;
  /** A sentence or two that every client gets when it connects. */
  readonly instructions?: string;
  attach(requests: Requests): void;
}

export interface McpServerOptions extends RequestOptions {
  readonly features: readonly Feature[];
  readonly connect: Connect;
  readonly watch: WatchAdmission;
}

/** Makes the servers of all connections. */
export interface McpServers {
  /**
   * Builds the server of one connection or, over HTTP without a session, of one request.
   * @param changes given for a connection that stays open: the server tells the client about changes and takes its subscriptions
   */
  build(context: McpRequestContext, changes?: ChangeBus): Server;
  /** Lets a request in before a server sees it. */
  enter(request: JSONRPCRequest, context: McpRequestContext): Promise<Admitted | Refused>;
  /** Lets in a request that the SDK alone answers, or refuses it. Undefined for a method whose handler lets its requests in. */
  enterUnhandled(request: JSONRPCRequest, context: McpRequestContext): Promise<Admitted | Refused> | undefined;
  /** Records a request that is refused because its parameters are wrong. */
  recordWrong(request: JSONRPCRequest, context: McpRequestContext, wrong: ProtocolError): Promise<void>;
}

/**
 * Makes MCP servers from the SDK's low-level `Server`. Work that is the same for every server is done only once. The SDK's `McpServer`
 * would convert every schema again for each request.
 */
export function createMcpServers({ features, connect, watch, ...options }: McpServerOptions): McpServers {
  const once = prepare(features, 'legacy');
  const kept = prepare(features.some(offersResources) ? [...features, subscribing(watch)] : features, 'legacy');
  const modern = prepare(features, 'modern');
  // Without an open connection, a client of 2025 can neither subscribe nor be told about changes.
  const legacyOnce = { ...once, capabilities: withoutChanges(once.capabilities) };
  return {
    build(context, changes) {
      const { table, capabilities, instructions } =
        context.era === 'modern' ? modern : changes === undefined ? legacyOnce : kept;
      const settings = { instructions, capabilities };
      const server = new Server({ name: 'conductor-fleet', title: 'Conductor Fleet', version }, settings);
      const known = connect(context);
      const connection = { ...known, ...(changes && { subscribed: new Subscribed(changes, known.caller) }) };
      table.register(server, connection, options);
      if (changes) sendChanges({ server, connection, changes });
      return server;
    },
    async enter(request, context) {
      const connection = connect(context);
      const { table } = context.era === 'modern' ? modern : kept;
      const arriving = table.arriving(request, connection);
      return options.enter({ ...arriving, signal: context.requestInfo?.signal });
    },
    enterUnhandled(request, context) {
      const { table } = context.era === 'modern' ? modern : kept;
      return table.has(request.method) ? undefined : options.enter(unhandled(request, connect(context)));
    },
    async recordWrong(request, context, wrong) {
      await options.enter(unhandled(request, connect(context), wrong));
    },
  };
}

const offersResources = ({ capabilities }: Feature) => capabilities.resources?.subscribe === true;

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
  const table = new RequestTable();
  for (const feature of served) feature.attach(table);
  return { table, capabilities, instructions };
}
