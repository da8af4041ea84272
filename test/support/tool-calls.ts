import type { Conductor } from '../../core/conductor/api.ts';
import { silentLogger } from '../../core/log.ts';
import type { Client, Tool, ToolCall, ToolContext } from '../../mcp/define.ts';
import { DefinitionCache } from '../../mcp/definitions.ts';
import { callerOf, isAllowed, type Role } from '../../mcp/permissions.ts';

/** A client that can be asked nothing and does not listen to progress. */
export const silentClient: Client = {
  elicit: async () => undefined,
  sample: async () => undefined,
  progress: () => {},
};

/** A call as it comes to the guards. */
export function toolCall(tool: Tool, args: Record<string, unknown> = {}, role: Role = 'admin'): ToolCall {
  const { signal } = new AbortController();
  return { id: 'call0001', tool, args, caller: callerOf(role), client: silentClient, signal };
}

/** What a handler is handed, over a connection of the test's own. */
export function toolContext(conductor: Conductor, changes: Partial<ToolContext> = {}): ToolContext {
  const { signal } = new AbortController();
  const caller = callerOf('admin');
  return {
    conductor,
    definitions: new DefinitionCache(() => performance.now()).over(conductor, signal),
    caller,
    allows: (permission) => isAllowed(caller, permission),
    ...silentClient,
    maxResponseBytes: 100 * 1024,
    log: silentLogger,
    signal,
    ...changes,
  };
}
