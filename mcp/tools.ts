import { randomUUID } from 'node:crypto';
import { type InputRequiredResult, ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server';
import type { Conductor } from '../core/conductor/api.ts';
import type { Config } from '../core/config.ts';
import type { Logger } from '../core/log.ts';
import { clip } from '../core/text.ts';
import type { Leases } from './agents/leases.ts';
import { parseArguments } from './arguments.ts';
import { InputNeeded } from './asking.ts';
import { clientOf } from './client.ts';
import type { Client, Tool, ToolAnswer, ToolCall, ToolResult } from './define.ts';
import type { DefinitionCache } from './definitions.ts';
import { errorResult } from './errors.ts';
import { createGuards, guarded } from './guards/index.ts';
import { nearNames } from './names.ts';
import { type Caller, isAllowed } from './permissions.ts';
import { listingOf, type ToolListing } from './schemas.ts';
import type { Connection, Feature } from './server.ts';
import { allowedTools, type Choice, chosenTools } from './toolsets.ts';

/** Tools that are not known before the server is asked, such as workflows that are offered as tools. */
export interface ToolSource {
  /** All of them that are offered now. */
  list(): Promise<readonly Tool[]>;
  find(name: string): Promise<Tool | undefined>;
}

/** What every call of a tool, and every reading of a resource, is made with. */
export interface Surroundings {
  /** Asked at every call, so that a server that was started or moved in the meantime is found. */
  readonly conductor: () => Promise<Conductor>;
  readonly definitions: DefinitionCache;
  readonly leases: Leases;
  readonly config: Pick<Config, 'rateLimitRpm' | 'maxResponseSizeKb'>;
  readonly log: Logger;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
}

export interface ToolsOptions extends Surroundings {
  readonly tools: readonly Tool[];
  readonly sources?: readonly ToolSource[];
}

/** `tools/list` and `tools/call`. */
export function createTools(options: ToolsOptions): Feature {
  const { tools, sources = [] } = options;
  const offered = offers(tools);
  const call = createCall(options);

  async function list(connection: Connection): Promise<ToolListing[]> {
    const dynamic = await Promise.all(sources.map((source) => source.list()));
    const more = allowedTools(connection.caller, chosenTools(connection.choice, dynamic.flat()));
    return [...offered(connection), ...more.map(listingOf)];
  }

  return {
    capabilities: { tools: sources.length > 0 ? { listChanged: true } : {} },
    attach(server, connection) {
      server.setRequestHandler('tools/list', async () => ({ tools: await list(connection) }));
      server.setRequestHandler('tools/call', ({ params }, context) =>
        call(params.name, params.arguments, {
          connection,
          client: clientOf(server, context),
          signal: context.mcpReq.signal,
        }),
      );
    },
  };
}

/** The list of each choice, made once: a choice in a header comes with every request. */
function offers(tools: readonly Tool[]): (connection: Connection) => readonly ToolListing[] {
  const known = new Map<string, readonly ToolListing[]>();
  return ({ caller, choice }) => {
    const key = JSON.stringify([caller.role, choice]);
    const made = known.get(key) ?? allowedTools(caller, chosenTools(choice, tools)).map(listingOf);
    if (known.size < 100) known.set(key, made);
    return made;
  };
}

interface Made {
  readonly connection: Connection;
  readonly client: Client;
  readonly signal: AbortSignal;
}

type Call = (
  name: string,
  args: Record<string, unknown> | undefined,
  made: Made,
) => Promise<ToolResult | InputRequiredResult>;

function createCall(options: ToolsOptions): Call {
  const { tools, sources = [], config, log, now } = options;
  const byName = new Map(tools.map((tool) => [tool.name, tool]));
  const run = guarded(createGuards({ config, now }), (call) => answer(call, options));

  async function find(name: string, { caller, choice }: Connection): Promise<Tool> {
    const tool = byName.get(name);
    if (tool && chosenTools(choice, [tool]).length > 0) return tool;
    for (const source of tool ? [] : sources) {
      const dynamic = await source.find(name);
      if (dynamic && chosenTools(choice, [dynamic]).length > 0) return dynamic;
    }
    throw tool ? switchedOff(tool) : unknownTool(name, namesFor(caller, choice, tools));
  }

  return async (name, args = {}, { connection, client, signal }) => {
    const tool = await find(name, connection);
    const call: ToolCall = { id: randomUUID().slice(0, 8), tool, args, caller: connection.caller, client, signal };
    const started = now();
    try {
      const result = await run(call);
      log.debug({ tool: name, call: call.id, ms: Math.round(now() - started) }, 'tool call');
      return result;
    } catch (error) {
      if (error instanceof InputNeeded) return error.result;
      return errorResult(error, call, log);
    }
  };
}

async function answer(call: ToolCall, surroundings: Surroundings): Promise<ToolResult> {
  const { tool, caller, client, signal } = call;
  const args = parseArguments(call);
  const conductor = await surroundings.conductor();
  const { text, structured, links } = await tool.handle(args, {
    conductor: conductor.withSignal(signal),
    definitions: surroundings.definitions.over(conductor, signal),
    leases: surroundings.leases,
    allows: (permission) => isAllowed(caller, permission),
    caller,
    ...client,
    maxResponseBytes: surroundings.config.maxResponseSizeKb * 1024,
    log: surroundings.log.child({ tool: tool.name, call: call.id }),
    signal,
  });
  return { content: contentOf(text, links), structuredContent: tool.output.parse(structured) };
}

function contentOf(text: string, links: ToolAnswer<unknown>['links'] = []): ToolResult['content'] {
  return [{ type: 'text', text }, ...links.map((link) => ({ type: 'resource_link' as const, ...link }))];
}

function namesFor(caller: Caller, choice: Choice, tools: readonly Tool[]): string[] {
  return allowedTools(caller, chosenTools(choice, tools)).map(({ name }) => name);
}

function switchedOff({ name, toolset }: Tool): ProtocolError {
  const how = `Whoever runs this MCP server can switch it on: --toolsets default,${toolset}, or --tools ${name} beside them.`;
  return new ProtocolError(
    ProtocolErrorCode.InvalidParams,
    `Tool ${name} belongs to the toolset ${toolset}, which is off. ${how}`,
  );
}

/** No tool has a longer name; more of a wrong one helps nobody. */
const SHOWN_NAME_LENGTH = 100;

function unknownTool(name: string, names: readonly string[]): ProtocolError {
  const shown = clip(name, SHOWN_NAME_LENGTH);
  const near = nearNames(shown, names, 1)[0];
  const hint = near ? `Did you mean ${near}?` : `The tools are ${names.join(', ')}.`;
  return new ProtocolError(ProtocolErrorCode.InvalidParams, `Tool ${shown} not found. ${hint}`);
}
