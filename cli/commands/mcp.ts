import { Option } from 'commander';
import type { Conductor } from '../../core/conductor/api.ts';
import type { Config } from '../../core/config.ts';
import { discover } from '../../core/discover.ts';
import { aborted } from '../../core/drain.ts';
import type { Logger } from '../../core/log.ts';
import { ChangeBus } from '../../mcp/changes.ts';
import { isTool } from '../../mcp/define.ts';
import { DefinitionCache } from '../../mcp/definitions.ts';
import { createCompletions } from '../../mcp/reading/completions.ts';
import { isPrompt } from '../../mcp/reading/define-prompt.ts';
import { isResource } from '../../mcp/reading/define-resource.ts';
import { createPrompts } from '../../mcp/reading/prompts.ts';
import { createResources } from '../../mcp/reading/resources.ts';
import { connector, createMcpServer } from '../../mcp/server.ts';
import { ExecutionTasks } from '../../mcp/tasks/executions.ts';
import { createTasks } from '../../mcp/tasks/feature.ts';
import { showing, taskWatcher } from '../../mcp/tasks/listening.ts';
import { createTools } from '../../mcp/tools.ts';
import { checkChoice } from '../../mcp/toolsets.ts';
import type { Served } from '../../mcp/transports/listening.ts';
import { workflowTools } from '../../mcp/workflow-tools/source.ts';
import { type CommandContext, defineCommand } from '../command.ts';
import { stayConnected } from '../connect.ts';

export default defineCommand({
  groups: ['conductor', 'server', 'mcp'],
  configure(command) {
    command.addOption(
      new Option('--conformance-fixture', "serve what the protocol's conformance suite calls").hideHelp(),
    );
  },
  async run(context) {
    const { config, log, options } = context;
    const { conductor, close } = stayConnected(config);
    try {
      const served = options.conformanceFixture
        ? (await import('../../mcp/conformance/fixture.ts')).createFixture()
        : await buildMcp({ config, log, conductor });
      if (config.mcpTransport === 'http') await runHttp(context, { ...served, conductor });
      else await runStdio(context, served);
    } finally {
      close();
    }
  },
});

export interface McpOptions {
  config: Config;
  log: Logger;
  conductor: () => Promise<Conductor>;
}

/** Everything that either transport serves. */
export async function buildMcp(options: McpOptions): Promise<Served> {
  const { config } = options;
  const [tools, resources, prompts] = await Promise.all([
    discover(new URL('../../mcp/tools/', import.meta.url), isTool, 'tool'),
    discover(new URL('../../mcp/resources/', import.meta.url), isResource, 'resource'),
    discover(new URL('../../mcp/prompts/', import.meta.url), isPrompt, 'prompt'),
  ]);
  checkChoice({ toolsets: config.mcpToolsets, tools: config.mcpTools }, tools);
  const now = () => performance.now();
  const surroundings = { ...options, definitions: new DefinitionCache(now), now };
  const workflows = workflowTools({
    ...surroundings,
    choice: {
      allow: config.mcpWorkflowTools,
      deny: config.mcpWorkflowToolsDeny,
      most: config.mcpWorkflowToolsMost,
    },
    taken: new Set(tools.map(({ name }) => name)),
  });
  const calls = { ...surroundings, tools, sources: [workflows] };
  const tasks = new ExecutionTasks(calls);
  const readings = { ...surroundings, resources, prompts };
  const build = createMcpServer({
    config,
    features: [
      createTools(calls),
      createTasks(tasks),
      createResources(readings),
      createPrompts(readings),
      createCompletions(readings),
    ],
  });
  const changes = new ChangeBus();
  const showTask = showing(tasks, connector(config)({ era: 'modern' }));
  changes.addWatcher(taskWatcher(showTask));
  return { build, listening: { changes, showTask } };
}

async function runStdio({ log, signal, note }: CommandContext, served: Served): Promise<void> {
  const { serveStdio } = await import('../../mcp/transports/stdio.ts');
  if (process.stdin.isTTY)
    note('Speaking MCP on stdin and stdout; this is for an MCP client to start. Ctrl-C ends it.');
  await serveStdio(served, { log, signal });
}

async function runHttp(
  { config, log, signal, note }: CommandContext,
  served: Served & { conductor: () => Promise<Conductor> },
): Promise<void> {
  const { startHttp } = await import('../../mcp/transports/http.ts');
  const front = await startHttp({ ...served, config, log });
  note(`MCP at ${front.url}; Ctrl-C ends it.`);
  await aborted(signal);
  await front.close();
}
