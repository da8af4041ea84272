import type { Server, ServerContext } from '@modelcontextprotocol/server';
import { followsTasks } from '../tasks/tasks-extension.ts';
import { capabilitiesOf } from './client-capabilities.ts';
import type { Client } from './define-tool.ts';
import { createElicitation } from './elicitation.ts';

/** What the client of one request can be asked and told. */
export function clientOf(server: Server, context: ServerContext): Client {
  const { mcpReq } = context;
  const progressToken = mcpReq._meta?.progressToken;
  const can = capabilitiesOf(context, server.getClientCapabilities());
  return {
    ...createElicitation(context, can),
    followsTasks: followsTasks(can),
    progress(params) {
      if (progressToken === undefined) return;
      // A client that has gone is noticed by the signal of the call.
      mcpReq.notify({ method: 'notifications/progress', params: { progressToken, ...params } }).catch(() => {});
    },
  };
}
