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
  description: 'Takes an argument that is also a header.',
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
 * The tools, resources, prompts and tasks that the protocol's conformance suite calls, on the product's own server and transports.
 * It has no connection to Conductor and runs in a process of its own.
 */
export function createFixture(): McpFront {
  const tasks = new FixtureTasks();
  const changes = new ChangeBus();
  const features = [fixtureTools(changes, tasks), fixtureResources, fixturePrompts, createTasks(tasks)];
  changes.addWatcher(tasks);
  const { build, subscriptions } = frontOf(features, { changes, tasks });
  return {
    build: (context, lasting) =>
      context.requestInfo?.headers.get('mcp-name')?.trim() === HEADER_TOOL ? headerServer() : build(context, lasting),
    subscriptions,
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
          return result as { content: [] }; // each tool answers in its own shape of the protocol, which the server checks
        },
      });
    },
  };
}

/** Only the SDK's high-level server compares headers with arguments, and only one tool needs that. */
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
