import { type Conductor, createConductor } from '../../core/conductor/api.ts';
import { createCaller } from '../../core/conductor/connection/caller.ts';
import { silentLogger } from '../../core/log.ts';
import { localWorkers } from '../../core/worker-processes/local-workers.ts';
import { callerOf, isAllowed } from '../../mcp/admission/permissions.ts';
import { claimIdOf } from '../../mcp/agents/claims.ts';
import { Leases } from '../../mcp/agents/leases.ts';
import { parseArguments } from '../../mcp/engine/arguments/parse-arguments.ts';
import type { Client } from '../../mcp/engine/client.ts';
import type { Tool, ToolContext } from '../../mcp/engine/define-tool.ts';
import { DefinitionCache } from '../../mcp/shared/definition-cache.ts';
import { sealOf, stateKeyOf } from '../../mcp/signing/state-key.ts';

/** The key of these tests, as MCP_STATE_KEY. */
export const TEST_STATE_KEY = 'the key that all tests of tools share';

/** Seals of the caller of `toolContext`. */
const testSeal = sealOf(stateKeyOf(TEST_STATE_KEY), callerOf('admin'));

/** Seals of another caller. */
export const otherSeal = sealOf(stateKeyOf(TEST_STATE_KEY), { id: 'other' });

/** A claim of that caller on the task `task-1` of `fakeTask`, after its first poll. */
export const testClaim = claimIdOf({ taskId: 'task-1', pollCount: 1 }, testSeal);

/** An MCP client without elicitation, sampling and progress. */
export const silentClient: Client = {
  elicit: async () => undefined,
  sample: async () => undefined,
  progress: () => {},
};

/** Makes the context that a tool's handler receives. `changes` replaces parts of it. */
export function toolContext(conductor: Conductor, changes: Partial<ToolContext> = {}): ToolContext {
  const { signal } = new AbortController();
  const caller = callerOf('admin');
  return {
    conductor,
    definitions: new DefinitionCache(() => performance.now()).over(conductor, signal),
    leases: new Leases({ conductor: async () => conductor, log: silentLogger }),
    caller,
    seal: testSeal,
    limits: [],
    tools: async () => [],
    allows: (permission) => isAllowed(caller, permission),
    ...silentClient,
    maxResponseBytes: 100 * 1024,
    log: silentLogger,
    ours: async () => [],
    workers: localWorkers('no-such-folder'),
    signal,
    ...changes,
  };
}

/** Makes a client for a server without authentication. Its requests time out after two seconds. */
export function conductorAt(url: string): Conductor {
  const config = { conductorServerUrl: url, conductorAuthKey: undefined, conductorAuthSecret: undefined };
  return createConductor(createCaller({ ...config, requestTimeoutMs: 2000 }));
}

/** Calls a tool's handler as the MCP server does. The tool sends its requests to the Conductor server at `url`. */
export async function callTool(
  url: string,
  tool: Tool,
  args: Record<string, unknown>,
  changes: Partial<ToolContext> = {},
) {
  const { signal = new AbortController().signal } = changes;
  const context = toolContext(conductorAt(url).withSignal(signal), { signal, ...changes });
  const answer = await tool.handle(parseArguments({ tool, args }), context);
  return { ...answer, structured: tool.output.parse(answer.structured) as Record<string, unknown> };
}
