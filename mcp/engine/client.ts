import type { ServerContext } from '@modelcontextprotocol/server';
import type { RequestStates } from '../signing/request-states.ts';
import { followsTasks } from '../tasks/tasks-extension.ts';
import type { Capabilities } from './client-capabilities.ts';
import type { Progress } from './define-tool.ts';
import { createElicitation, type Elicitation } from './elicitation.ts';

/** The questions and messages that the server can send to the client of a request. */
export interface Client extends Elicitation {
  progress(progress: Progress): void;
  /** True if the call may be answered with a task instead of a result. */
  readonly followsTasks?: boolean;
}

/** The client of one call. @throws ProtocolError invalid params if the client sent a request state that this server did not make for it */
export async function clientOf(
  context: ServerContext,
  capabilities: Capabilities,
  states: RequestStates,
): Promise<Client> {
  const { mcpReq } = context;
  const progressToken = mcpReq._meta?.progressToken;
  return {
    ...(await createElicitation(context, capabilities, states)),
    followsTasks: followsTasks(capabilities),
    progress(params) {
      if (progressToken === undefined) return;
      // A failed notification is ignored: if the client has gone, the call's own signal is aborted anyway.
      mcpReq.notify({ method: 'notifications/progress', params: { progressToken, ...params } }).catch(() => {});
    },
  };
}
