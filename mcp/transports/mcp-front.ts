import type { McpRequestContext, McpServer, Server } from '@modelcontextprotocol/server';
import type { Admission } from '../admission/admit.ts';
import type { McpServers } from '../engine/mcp-server.ts';
import type { ChangeBus } from '../subscriptions/change-bus.ts';
import type { Subscriptions } from '../subscriptions/listen-admission.ts';

/** What both transports serve. */
export interface McpFront {
  /** Builds the server of a connection or of one request. `changes` is given for a connection that stays open. */
  build(context: McpRequestContext, changes?: ChangeBus): Server | McpServer;
  readonly enter: McpServers['enter'];
  readonly enterUnhandled: McpServers['enterUnhandled'];
  readonly recordWrong: McpServers['recordWrong'];
  readonly turnAway: Admission['turnAway'];
  readonly subscriptions: Subscriptions;
  /** Loads what the first calls need. The stdio transport calls it after the first answer, because the client waits for that answer. */
  warmUp?(): void;
}
