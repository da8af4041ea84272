import { fromJsonSchema, McpServer, ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server';
import { readingOf } from '../../mcp/admission/subject.ts';
import type { Feature } from '../../mcp/engine/mcp-server.ts';
import { ChangeBus, type Changes } from '../../mcp/subscriptions/change-bus.ts';
import { createTasks } from '../../mcp/tasks/task-methods.ts';
import type { McpFront } from '../../mcp/transports/mcp-front.ts';
import { frontOf } from '../support/mcp-front.ts';
import { clientRequestTools } from './client-request-tools.ts';
import { fixturePrompts } from './fixture-prompts.ts';
import { fixtureResources } from './fixture-resources.ts';
import { FixtureTasks } from './fixture-tasks.ts';
import type { FixtureTool } from './fixture-tool.ts';
import { plainTools } from './plain-tools.ts';
import { taskTools } from './task-tools.ts';

const tools: Readonly<Record<string, FixtureTool>> = { ...plainTools, ...clientRequestTools, ...taskTools };

const HEADER_TOOL = 'test_header_parameter';
const headerSchema = {
  type: 'object' as const,
  properties: { region: { type: 'string', 'x-mcp-header': 'Region' } },
  required: ['region'],
};
const headerListing = {
  name: HEADER_TOOL,
  description: 'Takes an argument that the client also sends as a header.',
  inputSchema: headerSchema,
};

const listed = [
  ...Object.entries(tools).map(([name, { description, inputSchema }]) => ({
    name,
    description,
    inputSchema: { ...inputSchema, type: 'object' as const },
  })),
  headerListing,
];

/**
 * A server with the tools, resources, prompts and tasks that the conformance suite calls, on the product's own transports.
 * It runs in its own process, without a connection to Conductor.
 */
export function createFixture(): McpFront {
  const tasks = new FixtureTasks();
  const changes = new ChangeBus();
  const features = [fixtureTools(changes, tasks), fixtureResources, fixturePrompts, createTasks(tasks)];
  changes.addWatcher(tasks);
  const { build, ...front } = frontOf(features, { changes, tasks });
  return {
    build: (context, lasting) =>
      context.requestInfo?.headers.get('mcp-name')?.trim() === HEADER_TOOL ? headerServer() : build(context, lasting),
    ...front,
  };
}

function fixtureTools(changes: Changes, tasks: FixtureTasks): Feature {
  return {
    capabilities: { tools: { listChanged: true }, logging: {} },
    attach(requests) {
      requests.answer('tools/list', {
        find: () => readingOf('tools/list', 'none'),
        handle: () => ({ tools: listed }),
      });
      requests.answer('tools/call', {
        find({ name }) {
          const tool = Object.hasOwn(tools, name) ? tools[name] : undefined;
          if (!tool) throw new ProtocolError(ProtocolErrorCode.InvalidParams, `Tool ${name} not found.`);
          return { ...readingOf(name, 'none'), tool };
        },
        async handle({ tool }, { params, context, capabilities: can }) {
          const result = await tool.call(params.arguments ?? {}, { ...context, can, changes, tasks });
          return result as { content: [] }; // cast: the results have different types, and the server checks each
        },
      });
    },
  };
}

/** Serves the one tool whose headers are compared with its arguments. Only the SDK's high-level server compares them. */
function headerServer(): McpServer {
  const server = new McpServer({ name: 'conductor-fleet', version: '0' });
  server.registerTool(
    HEADER_TOOL,
    { description: headerListing.description, inputSchema: fromJsonSchema(headerSchema) },
    () => ({
      content: [{ type: 'text', text: 'Header and argument agree' }],
    }),
  );
  return server;
}
