import { auditFolder } from '../../core/audit/folder.ts';
import type { Conductor } from '../../core/conductor/api.ts';
import { FleetError } from '../../core/errors.ts';
import { aborted } from '../../core/pause.ts';
import { Leases } from '../../mcp/agents/leases.ts';
import type { BuiltFront } from '../../mcp/front/build-front.ts';
import type { McpFront } from '../../mcp/transports/mcp-front.ts';
import { actionsOf } from '../arguments/actions.ts';
import { stayConnected, tokensNeeded } from '../connect.ts';
import { type CommandContext, defineCommand } from '../define-command.ts';
import { clientNames } from '../mcp-clients/clients.ts';

const actions = actionsOf('[action]', {
  serve: 'Serve MCP over stdio, or over HTTP with --transport http. This is the default action.',
  install: `install <client>: add the server to the configuration of a client: ${clientNames.join(', ')}.`,
});

export default defineCommand({
  groups: ['conductor', 'server', 'content', 'mcp', 'audit'],
  configure(command) {
    command
      .addArgument(actions.argument)
      .argument('[client]', 'install: the client to configure.')
      .option(
        '--scope <project|user>',
        'install: configure the client for the current folder (project, the default) or for your whole account (user).',
      )
      .option('--name <name>', 'install: name of the server in the client (default: "conductor").')
      .option('--url <url>', 'install: address of a running MCP server, instead of --host and --port.')
      .option('--print', 'install: print the configuration and write nothing.')
      .option('--remove', 'install: remove the server from the configuration.')
      .addHelpText('after', actions.help);
  },
  async run(context) {
    const [action = 'serve', client] = context.args;
    if (action === 'install') {
      const { loadTools } = await import('../load-mcp-content.ts');
      await loadTools(context.config);
      const { installInClient } = await import('../mcp-clients/install-in-client.ts');
      return installInClient(context, client);
    }
    refuseInstallFlags(context);
    const { buildMcp, withPossibleAudit } = await import('../mcp-front.ts');
    const { log } = context;
    const config = withPossibleAudit(context.config, log);
    const { conductor, close } = stayConnected(config);
    const leases = new Leases({ conductor, log });
    const ended = new AbortController();
    try {
      const isHttp = config.mcpTransport === 'http';
      const served = await buildMcp({ config, log, conductor, leases, signal: ended.signal, loadsLater: !isHttp });
      if (isHttp) await runHttp(context, served, conductor);
      else await runStdio(context, served);
    } finally {
      // Over stdio the agent ends with this process, so its tasks go back to their queues. Over HTTP the agent may continue through
      // another process.
      await leases.close({ giveBack: config.mcpTransport === 'stdio' });
      ended.abort();
      close();
    }
  },
});

/** Refuses these flags without `install`, because they would do nothing. */
function refuseInstallFlags({ options, args: [, client] }: CommandContext): void {
  const [flag] = Object.keys(options);
  if (flag === undefined && client === undefined) return;
  const given = flag === undefined ? `"${client}"` : `--${flag}`;
  throw new FleetError('input', `${given} is only for \`fleet mcp install\`.`, {
    remedy: 'Leave it out, or write `fleet mcp install <client>`.',
  });
}

async function runStdio({ config, log, signal, note }: CommandContext, served: McpFront): Promise<void> {
  const { serveStdio } = await import('../../mcp/transports/stdio/serve-stdio.ts');
  if (process.stdin.isTTY)
    note('This command speaks MCP on stdin and stdout. Usually an MCP client starts it. Ctrl-C stops it.');
  await serveStdio(served, { log, signal, maxLineBytes: config.mcpMaxBodyKb * 1024 });
}

async function runHttp(
  { config, log, signal, note }: CommandContext,
  served: BuiltFront,
  conductor: () => Promise<Conductor>,
): Promise<void> {
  const { serveHttp } = await import('../serve-http.ts');
  const front = await serveHttp({ front: served, config, log, conductor });
  if (config.rateLimitRedisUrl === undefined)
    log.info(
      'Each process limits the rate of its callers alone. RATE_LIMIT_REDIS_URL lets several processes count together.',
    );
  if (config.mcpAudit) log.info(`Requests are recorded in ${auditFolder(config)}.`);
  if (config.mcpConsole) note(`Console at ${front.siteUrl}`);
  note(`MCP at ${front.url}. Ctrl-C stops it.${tokensNeeded(config)}`);
  await aborted(signal);
  await front.close();
  note('Stopped.');
}
