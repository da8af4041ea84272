import { fromJsonSchema, McpServer, ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server';
import { ChangeBus, type Changes } from '../../mcp/engine/change-bus.ts';
import { capabilitiesOf } from '../../mcp/engine/client-capabilities.ts';
import { connector, createMcpServer, type Feature } from '../../mcp/engine/mcp-server.ts';
import { createTasks } from '../../mcp/tasks/task-methods.ts';
import { showing, taskWatcher } from '../../mcp/tasks/task-subscriptions.ts';
import type { McpFront } from '../../mcp/transports/mcp-front.ts';
import { askingTools } from './asking-tools.ts';
import { fixturePrompts } from './fixture-prompts.ts';
import { fixtureResources } from './fixture-resources.ts';
import { FixtureTasks } from './fixture-tasks.ts';
import type { FixtureTool } from './fixture-tool.ts';
import { plainTools } from './plain-tools.ts';
import { taskTools } from './task-tools.ts';

const tools: Readonly<Record<string, FixtureTool>> = { ...plainTools, ...askingTools, ...taskTools };

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
 * What the protocol's conformance suite calls and reads, on the product's own servers and transports. It shows nothing of Conductor
 * and is served instead of the product, never beside it.
 */
export function createFixture(): McpFront {
  const tasks = new FixtureTasks();
  const changes = new ChangeBus();
  const features = [fixtureTools(changes, tasks), fixtureResources, fixturePrompts, createTasks(tasks)];
  const config = { mcpToolsets: [], mcpTools: [], mcpRole: 'viewer' as const };
  const build = createMcpServer({ features, config });
  const showTask = showing(tasks, connector(config)({ era: 'modern' }));
  changes.addWatcher(taskWatcher(showTask));
  return {
    build: (context) =>
      context.requestInfo?.headers.get('mcp-name')?.trim() === HEADER_TOOL ? headerServer() : build(context),
    subscriptions: { changes, showTask },
  };
}

function fixtureTools(changes: Changes, tasks: FixtureTasks): Feature {
  return {
    capabilities: { tools: { listChanged: true }, logging: {} },
    attach(server) {
      server.setRequestHandler('tools/list', () => ({ tools: listed }));
      server.setRequestHandler('tools/call', async ({ params }, context) => {
        const tool = Object.hasOwn(tools, params.name) ? tools[params.name] : undefined;
        if (!tool) throw new ProtocolError(ProtocolErrorCode.InvalidParams, `Tool ${params.name} not found.`);
        const can = capabilitiesOf(context, server.getClientCapabilities());
        const result = await tool.call(params.arguments ?? {}, { ...context, can, changes, tasks, server });
        return result as { content: [] }; // each tool answers in its own shape of the protocol, which the server checks
      });
    },
  };
}

/** The SDK compares headers with arguments for its high-level server only, and only one tool needs that. */
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
