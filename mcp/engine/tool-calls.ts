import { randomUUID } from 'node:crypto';
import { type InputRequiredResult, ProtocolError, ProtocolErrorCode, type Result } from '@modelcontextprotocol/server';
import { clip } from '../../core/text.ts';
import { createGuards, guarded } from '../admission/index.ts';
import type { Leases } from '../agents/leases.ts';
import { nearNames } from '../shared/near-names.ts';
import { taskIdOf, taskOf } from '../tasks/task-from-execution.ts';
import { type CreatedTask, createdTask } from '../tasks/tasks-extension.ts';
import { parseArguments } from './arguments.ts';
import { clientOf } from './client.ts';
import { readContext, type Surroundings } from './context.ts';
import type { Client, Tool, ToolAnswer, ToolCall, ToolContext, ToolOffer, ToolResult } from './define-tool.ts';
import { InputNeeded } from './elicitation.ts';
import { errorResult } from './error-result.ts';
import type { Connection, Feature } from './mcp-server.ts';
import type { Caller } from './permissions.ts';
import { listingOf, type ToolListing } from './tool-listing.ts';
import { allowedTools, type Choice, chosenTools } from './toolsets.ts';

/** Tools that are not known before the server is asked, such as workflows that are offered as tools. */
export interface ToolSource {
  /** All of them that are offered now. */
  list(): Promise<readonly Tool[]>;
  find(name: string): Promise<Tool | undefined>;
}

export interface ToolsOptions extends Surroundings {
  readonly leases: Leases;
  /** Asked at the first request for tools, and may be asked again: a server answers who it is before it has loaded them. */
  readonly tools: () => Promise<readonly Tool[]>;
  readonly sources?: readonly ToolSource[];
}

/** `tools/list` and `tools/call`. */
export function createTools(options: ToolsOptions): Feature {
  const { tools, sources = [] } = options;
  const offered = offers();
  const call = createCall(options);

  async function list(connection: Connection): Promise<ToolListing[]> {
    const dynamic = await Promise.all(sources.map((source) => source.list()));
    const more = allowedTools(connection.caller, chosenTools(connection.choice, dynamic.flat()));
    return [...offered(connection, await tools()), ...more.map(listingOf)];
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
function offers(): (connection: Connection, tools: readonly Tool[]) => readonly ToolListing[] {
  const known = new Map<string, readonly ToolListing[]>();
  return ({ caller, choice }, tools) => {
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

/** Finds the tool that somebody named. @throws ProtocolError invalid params if there is none, or it is switched off */
export type FindTool = (name: string, connection: Connection) => Promise<Tool>;

/** Finds tools among those that are offered on a connection. */
export function toolFinder({ tools, sources = [] }: Pick<ToolsOptions, 'tools' | 'sources'>): FindTool {
  return async (name, { caller, choice }) => {
    const own = await tools();
    const tool = own.find((one) => one.name === name);
    if (tool && chosenTools(choice, [tool]).length > 0) return tool;
    for (const source of tool ? [] : sources) {
      const dynamic = await source.find(name);
      if (dynamic && chosenTools(choice, [dynamic]).length > 0) return dynamic;
    }
    throw tool ? switchedOff(tool) : unknownTool(name, namesFor(caller, choice, own));
  };
}

type Call = (
  name: string,
  args: Record<string, unknown> | undefined,
  made: Made,
) => Promise<ToolResult | InputRequiredResult>;

/** Ends a call that goes on as a task. It is no failure: the task is the answer. */
class GoesOnAsTask extends Error {
  override readonly name = 'GoesOnAsTask';
  readonly result: CreatedTask;

  constructor(result: CreatedTask) {
    super('The call goes on as a task.');
    this.result = result;
  }
}

function createCall(options: ToolsOptions): Call {
  const { config, log, now } = options;
  const find = toolFinder(options);
  const run = guarded(createGuards({ config, now }), (call) => answer(call, options));
  return async (name, args = {}, { connection, client, signal }) => {
    const tool = await find(name, connection);
    const { caller, choice } = connection;
    const call: ToolCall = { id: randomUUID().slice(0, 8), tool, args, caller, choice, client, signal };
    const started = now();
    try {
      const result = await run(call);
      log.debug({ tool: name, call: call.id, ms: Math.round(now() - started) }, 'tool call');
      return result;
    } catch (error) {
      if (error instanceof InputNeeded) return error.result;
      if (error instanceof GoesOnAsTask) return asResult(error.result);
      return errorResult(error, call, log);
    }
  };
}

async function answer(call: ToolCall, surroundings: ToolsOptions): Promise<ToolResult> {
  const { tool, client } = call;
  const args = parseArguments(call);
  const context = await contextOf(call, surroundings);
  const answered = await tool.handle(args, context);
  if (answered.continues !== undefined && tool.settle && client.followsTasks) {
    const execution = await context.conductor.getExecution(answered.continues);
    const taskId = taskIdOf({ executionId: answered.continues, tool: tool.name });
    throw new GoesOnAsTask(createdTask(taskOf(taskId, execution)));
  }
  return resultOf(tool, answered);
}

/** A task is an answer of `tools/call` too, which the SDK's types do not know. */
function asResult(task: CreatedTask): ToolResult {
  return task as Result as ToolResult;
}

/** What the handler of a call is handed. */
export async function contextOf(call: ToolCall, surroundings: ToolsOptions): Promise<ToolContext> {
  const { tool, caller, client, signal } = call;
  const log = surroundings.log.child({ tool: tool.name, call: call.id });
  return {
    ...(await readContext({ caller, signal, log }, surroundings)),
    leases: surroundings.leases,
    tools: async () => offersTo(call.choice ?? NO_CHOICE, await surroundings.tools()),
    ...client,
  };
}

const NO_CHOICE: Choice = { toolsets: [], tools: [] };

function offersTo(choice: Choice, tools: readonly Tool[]): ToolOffer[] {
  const on = new Set(chosenTools(choice, tools));
  return tools.map((tool) => ({
    name: tool.name,
    toolset: tool.toolset,
    permission: tool.permission,
    isOn: on.has(tool),
  }));
}

/** The answer of a tool as the protocol has it. */
export function resultOf(tool: Tool, { text, structured, links }: ToolAnswer<unknown>): ToolResult {
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
