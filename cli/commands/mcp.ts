import type { McpServerFactory } from '@modelcontextprotocol/server';
import type { Conductor } from '../../core/conductor/api.ts';
import type { Config } from '../../core/config.ts';
import { discover } from '../../core/discover.ts';
import { aborted } from '../../core/drain.ts';
import type { Logger } from '../../core/log.ts';
import { isTool } from '../../mcp/define.ts';
import { DefinitionCache } from '../../mcp/definitions.ts';
import { createMcpServer } from '../../mcp/server.ts';
import { createTools } from '../../mcp/tools.ts';
import { checkChoice } from '../../mcp/toolsets.ts';
import { type CommandContext, defineCommand } from '../command.ts';
import { stayConnected } from '../connect.ts';

export default defineCommand({
  groups: ['conductor', 'server', 'mcp'],
  async run(context) {
    const { config, log } = context;
    const { conductor, close } = stayConnected(config);
    try {
      const build = await buildMcp({ config, log, conductor });
      if (config.mcpTransport === 'http') await runHttp(context, build, conductor);
      else await runStdio(context, build);
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

/** The factory of MCP servers over all our tools, for either transport. */
export async function buildMcp(options: McpOptions): Promise<McpServerFactory> {
  const { config } = options;
  const tools = await discover(new URL('../../mcp/tools/', import.meta.url), isTool, 'tool');
  checkChoice({ toolsets: config.mcpToolsets, tools: config.mcpTools }, tools);
  const now = () => performance.now();
  const surroundings = { ...options, definitions: new DefinitionCache(now), now };
  return createMcpServer({ config, features: [createTools({ ...surroundings, tools })] });
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
