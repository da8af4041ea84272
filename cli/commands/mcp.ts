import type { Conductor } from '../../core/conductor/api.ts';
import { aborted } from '../../core/drain.ts';
import { FleetError } from '../../core/errors.ts';
import { Leases } from '../../mcp/agents/leases.ts';
import type { McpFront } from '../../mcp/transports/mcp-front.ts';
import { actionsOf } from '../arguments/actions.ts';
import { stayConnected } from '../connect.ts';
import { type CommandContext, defineCommand } from '../define-command.ts';
import { clientNames } from '../mcp-clients/clients.ts';
import { buildMcp, loadTools } from '../mcp-front.ts';

const actions = actionsOf('[action]', {
  serve: 'serve MCP over stdio, or over HTTP with --transport http (default)',
  install: `install <client>: write it into the configuration of ${clientNames.join(', ')}`,
});

export default defineCommand({
  groups: ['conductor', 'server', 'content', 'mcp'],
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
      const { installInClient } = await import('../mcp-clients/install-in-client.ts');
      return installInClient(context, client);
    }
    refuseInstallFlags(context);
    const { config, log } = context;
    const { conductor, close } = stayConnected(config);
    const leases = new Leases({ conductor, log });
    const ended = new AbortController();
    try {
      const isHttp = config.mcpTransport === 'http';
      const served = await buildMcp({ config, log, conductor, leases, signal: ended.signal, loadsLater: !isHttp });
      if (isHttp) await runHttp(context, { ...served, conductor });
      else await runStdio(context, served);
    } finally {
      // Over stdio the agent goes with its process; over HTTP it can go on through another one.
      await leases.close({ giveBack: config.mcpTransport === 'stdio' });
      ended.abort();
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

async function runStdio({ log, signal, note }: CommandContext, served: McpFront): Promise<void> {
  const { serveStdio } = await import('../../mcp/transports/stdio.ts');
  if (process.stdin.isTTY)
    note('Speaking MCP on stdin and stdout; this is for an MCP client to start. Ctrl-C ends it.');
  await serveStdio(served, { log, signal });
}

async function runHttp(
  { config, log, signal, note }: CommandContext,
  served: McpFront & { conductor: () => Promise<Conductor> },
): Promise<void> {
  const { startHttp } = await import('../../mcp/transports/http.ts');
  const front = await startHttp({ ...served, config, log });
  note(`MCP at ${front.url}; Ctrl-C ends it.`);
  await aborted(signal);
  await front.close();
}
