import type { McpRequestContext } from '@modelcontextprotocol/server';
import type { Config } from '../../core/config.ts';
import { type Caller, callerOf } from '../admission/permissions.ts';
import { type Choice, choiceFrom } from './toolsets.ts';

/** What the server knows about the client of a connection. Over HTTP without a session, each request has a connection of its own. */
export interface Connection {
  readonly caller: Caller;
  readonly choice: Choice;
  readonly era: McpRequestContext['era'];
}

/** Makes the connection from the context that the transport gives. */
export type Connect = (context: McpRequestContext) => Connection;

export interface ConnectOptions {
  readonly config: Pick<Config, 'mcpToolsets' | 'mcpTools' | 'mcpRole'>;
  /** Default: every client has the role MCP_ROLE. */
  readonly callerFrom?: (context: McpRequestContext) => Caller;
}

/** Only this function decides who the caller of a connection is. */
export function connector({ config, callerFrom }: ConnectOptions): Connect {
  const everyone = callerOf(config.mcpRole);
  return (context) => ({
    caller: callerFrom ? callerFrom(context) : everyone,
    choice: choiceFrom(config, context.requestInfo?.headers),
    era: context.era,
  });
}
