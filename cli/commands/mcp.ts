import type { McpServerFactory } from '@modelcontextprotocol/server';
import type { Conductor } from '../../core/conductor/api.ts';
import type { Config } from '../../core/config.ts';
import { discover } from '../../core/discover.ts';
import { aborted } from '../../core/drain.ts';
import { FleetError } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import { Leases } from '../../mcp/agents/leases.ts';
import { isTool, type Tool } from '../../mcp/define.ts';
import { DefinitionCache } from '../../mcp/definitions.ts';
import { createMcpServer } from '../../mcp/server.ts';
import { createTools } from '../../mcp/tools.ts';
import { checkChoice } from '../../mcp/toolsets.ts';
import { workflowTools } from '../../mcp/workflow-tools/source.ts';
import { actionsOf } from '../actions.ts';
import { type CommandContext, defineCommand } from '../command.ts';
import { stayConnected } from '../connect.ts';
import { clientNames } from '../mcp-clients/clients.ts';

const actions = actionsOf('[action]', {
  serve: 'serve MCP over stdio, or over HTTP with --transport http (default)',
  install: `install <client>: write it into the configuration of ${clientNames.join(', ')}`,
});

export default defineCommand({
  groups: ['conductor', 'server', 'mcp'],
  configure(command) {
    command
      .addArgument(actions.argument)
      .argument('[client]', 'install: the program that is to use it')
      .option('--scope <project|user>', 'install: for this folder (default), or for you everywhere')
      .option('--name <name>', 'install: what the client calls the server (default: conductor)')
      .option('--url <url>', 'install: the address of a server that runs elsewhere, instead of --host and --port')
      .option('--print', 'install: print the configuration and write nothing')
      .option('--remove', 'install: take it out again')
      .addHelpText('after', actions.help);
  },
  async run(context) {
    const [action = 'serve', client] = context.args;
    if (action === 'install') {
      await loadTools(context.config);
      const { installInClient } = await import('../mcp-clients/install.ts');
      return installInClient(context, client);
    }
    refuseInstallFlags(context);
    const { config, log } = context;
    const { conductor, close } = stayConnected(config);
    const leases = new Leases({ conductor, log });
    try {
      const build = await buildMcp({ config, log, conductor, leases });
      if (config.mcpTransport === 'http') await runHttp(context, build, conductor);
      else await runStdio(context, build);
    } finally {
      // Over stdio the agent goes with its process; over HTTP it can go on through another one.
      await leases.close({ giveBack: config.mcpTransport === 'stdio' });
      close();
    }
  },
});

/** A flag that does nothing would be believed to do something. */
function refuseInstallFlags({ options, args: [, client] }: CommandContext): void {
  const [flag] = Object.keys(options);
  if (flag === undefined && client === undefined) return;
  const given = flag === undefined ? `"${client}"` : `--${flag}`;
  throw new FleetError('input', `${given} is for \`fleet mcp install\`.`, {
    remedy: 'Write `fleet mcp install <client>`, or leave it out.',
  });
}

export interface McpOptions {
  config: Config;
  log: Logger;
  conductor: () => Promise<Conductor>;
  leases: Leases;
}

/** All our tools. @throws FleetError `config` if the configuration names one that is not there */
async function loadTools({ mcpToolsets, mcpTools }: Config): Promise<Tool[]> {
  const tools = await discover(new URL('../../mcp/tools/', import.meta.url), isTool, 'tool');
  checkChoice({ toolsets: mcpToolsets, tools: mcpTools }, tools);
  return tools;
}

/** The factory of MCP servers over all our tools, for either transport. */
export async function buildMcp(options: McpOptions): Promise<McpServerFactory> {
  const { config } = options;
  const tools = await loadTools(config);
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
  return createMcpServer({ config, features: [createTools({ ...surroundings, tools, sources: [workflows] })] });
}

async function runStdio({ log, signal, note }: CommandContext, build: McpServerFactory): Promise<void> {
  const { serveStdio } = await import('../../mcp/transports/stdio.ts');
  if (process.stdin.isTTY)
    note('Speaking MCP on stdin and stdout; this is for an MCP client to start. Ctrl-C ends it.');
  await serveStdio(build, { log, signal });
}

async function runHttp(
  { config, log, signal, note }: CommandContext,
  build: McpServerFactory,
  conductor: () => Promise<Conductor>,
): Promise<void> {
  const { startHttp } = await import('../../mcp/transports/http.ts');
  const front = await startHttp({ build, config, conductor, log });
  note(`MCP at ${front.url}; Ctrl-C ends it.`);
  await aborted(signal);
  await front.close();
}
