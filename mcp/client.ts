import type { Server, ServerContext } from '@modelcontextprotocol/server';
import { createAsking } from './asking.ts';
import { capabilitiesOf } from './capabilities.ts';
import type { Client } from './define.ts';

/** What the client of one request can be asked and told. */
export function clientOf(server: Server, context: ServerContext): Client {
  const { mcpReq } = context;
  const progressToken = mcpReq._meta?.progressToken;
  return {
    ...createAsking(context, capabilitiesOf(context, server.getClientCapabilities())),
    progress(params) {
      if (progressToken === undefined) return;
      // A client that has gone is noticed by the signal of the call.
      mcpReq.notify({ method: 'notifications/progress', params: { progressToken, ...params } }).catch(() => {});
    },
  };
}
