import type { CallToolResult, InputRequiredResult } from '@modelcontextprotocol/server';
import { mayUse } from '../admission/may-use.ts';
import { sameTool, withSameTools } from '../admission/same-tool.ts';
import { readingOf } from '../admission/subject.ts';
import { requestStates } from '../signing/request-states.ts';
import { taskIdOf, taskOf } from '../tasks/task-from-execution.ts';
import { createdTask } from '../tasks/tasks-extension.ts';
import { parseArguments } from './arguments/parse-arguments.ts';
import { clientOf } from './client.ts';
import type { Connection } from './connection.ts';
import { type ToolSurroundings, toolContext } from './context.ts';
import type { Tool, ToolAnswer } from './define-tool.ts';
import { InputNeeded } from './elicitation.ts';
import { errorResult } from './error-result.ts';
import type { Feature } from './mcp-server.ts';
import { onlyPage } from './only-page.ts';
import type { AdmittedRequest } from './requests.ts';
import { type ToolSource, toolFinder, toolLister } from './tool-catalogue.ts';

export interface ToolsOptions extends ToolSurroundings {
  readonly sources?: readonly ToolSource[];
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
}

type CallParams = { readonly name: string; readonly arguments?: Record<string, unknown> | undefined };

/** `tools/list` and `tools/call`. */
export function createTools(options: ToolsOptions): Feature {
  const { sources = [], log, now } = options;
  const list = toolLister(options);
  const find = toolFinder(options);
  return {
    capabilities: { tools: sources.length > 0 ? { listChanged: true } : {} },
    attach(requests) {
      requests.answer('tools/list', {
        find: (params) => onlyPage('tools/list', params),
        handle: async (_subject, { connection }) => ({ tools: await list(connection) }),
      });
      requests.answer('tools/call', {
        find: ({ name }, connection) => find(name, connection),
        async handle(tool, request) {
          const started = now();
          const result = await call(tool, request, options);
          log.debug({ tool: tool.name, request: request.id, ms: Math.round(now() - started) }, 'tool call');
          return result;
        },
        fail: (error, failed, { subject = failed.subject }) => errorResult(error, { ...failed, subject }, log),
      });
    },
  };
}

async function call(
  tool: Tool,
  request: AdmittedRequest<CallParams>,
  surroundings: ToolsOptions,
): Promise<CallToolResult | InputRequiredResult> {
  const { params, connection, signal, context, capabilities, id } = request;
  const { caller } = connection;
  const about = { name: params.name, arguments: params.arguments ?? {} };
  const client = await clientOf(context, capabilities, requestStates(surroundings.stateKey, caller, about));
  const args = parseArguments({ tool, args: params.arguments ?? {} });
  const log = surroundings.log.child({ tool: tool.name, request: id });
  const given = await toolContext({ ...connection, client, signal, log }, surroundings);
  try {
    const answer = await tool.handle(args, given);
    const canFollow = tool.settle && client.followsTasks && (await mayFollow(connection, surroundings));
    if (answer.continues === undefined || !canFollow) return resultOf(tool, answer);
    const execution = await given.conductor.getExecution(answer.continues);
    const taskId = taskIdOf({ executionId: answer.continues, tool: tool.name });
    return createdTask(taskOf(taskId, execution));
  } catch (error) {
    if (error instanceof InputNeeded) return error.result;
    throw error;
  }
}

/** True if the caller may ask for the task that the call would become. */
async function mayFollow({ caller }: Connection, surroundings: ToolsOptions): Promise<boolean> {
  const asking = readingOf('tasks/get', 'executions:read');
  return mayUse(
    await withSameTools(asking, [sameTool('methods', 'tasks/get')], surroundings),
    caller,
    surroundings.config,
  );
}

/** The answer of a tool in the protocol's form. */
export function resultOf(tool: Tool, { text, structured, links = [] }: ToolAnswer<unknown>): CallToolResult {
  return {
    content: [{ type: 'text', text }, ...links.map((link) => ({ type: 'resource_link' as const, ...link }))],
    structuredContent: tool.output.parse(structured),
  };
}
