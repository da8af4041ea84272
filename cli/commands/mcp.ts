import type { McpServerFactory } from '@modelcontextprotocol/server';
import type { Conductor } from '../../core/conductor/api.ts';
import type { Config } from '../../core/config.ts';
import { discover } from '../../core/discover.ts';
import { aborted } from '../../core/drain.ts';
import type { Logger } from '../../core/log.ts';
import { isTool, type Tool } from '../../mcp/define.ts';
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
      const isHttp = config.mcpTransport === 'http';
      const build = await buildMcp({ config, log, conductor, loadsLater: !isHttp });
      if (isHttp) await runHttp(context, build, conductor);
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
  /** Loads the tools once the first client has its first answer: it waits for each process that it starts. */
  loadsLater?: boolean;
}

/** The factory of MCP servers over all our tools, for either transport. */
export async function buildMcp({ loadsLater = false, ...options }: McpOptions): Promise<McpServerFactory> {
  const { config, log } = options;
  let loading: Promise<Tool[]> | undefined;
  const tools = () => {
    loading ??= discover(new URL('../../mcp/tools/', import.meta.url), isTool, 'tool');
    return loading;
  };
  const choice = { toolsets: config.mcpToolsets, tools: config.mcpTools };
  checkChoice(choice, loadsLater && choice.tools.length === 0 ? [] : await tools());
  const now = () => performance.now();
  const surroundings = { ...options, definitions: new DefinitionCache(now), now };
  const build = createMcpServer({ config, features: [createTools({ ...surroundings, tools })] });
  return (context) => {
    // Behind the answer to the message that this server is built for. Whoever asks for tools is told, too.
    if (!loading) setImmediate(() => tools().catch((err) => log.error({ err }, 'the tools cannot be loaded')));
    return build(context);
  };
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
