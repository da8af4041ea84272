import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../core/config.ts';
import { fleetCommand } from '../../core/messages/fleet-command.ts';
import { isProject } from '../project.ts';
import { blockOf, type ClientName, claudeCommand, clients, type Reach } from './clients.ts';
import { stdioReach } from './reach.ts';

/** Name of the server in the configurations that we show. */
const NAME = 'conductor';
/** A request about a workflow that comes with fleet. */
const EXAMPLE = 'Run FileProcessing on package.json and tell me the ratio.';

const TOKEN_HELP =
  '  With OAuth, a client opens the login page of the issuer. For a client that cannot, add the header "Authorization: Bearer <token>" (docs/securing.md).';

interface Connection {
  readonly mcpUrl: string;
  readonly config: Config;
  readonly folder?: string;
}

/**
 * Instructions to connect MCP clients to the server at `mcpUrl`. Claude Desktop gets no URL, because it starts its own server. `config`
 * names the Conductor server and the folders of that server. `folder` is the project.
 */
export function connectionHelp({ mcpUrl, config, folder = '.' }: Connection): string {
  const http: Reach = { transport: 'http', url: mcpUrl };
  const stdio = stdioReach(config);
  const block = (client: ClientName, reach: Reach) => JSON.stringify(blockOf(clients[client], NAME, reach));
  // `fleet init` wrote the file. A second entry would give Claude Code every tool twice.
  const isConnected = isProject(config) && existsSync(join(folder, '.mcp.json'));
  return [
    `Connect an MCP client. Run \`${fleetCommand} mcp install <client>\`, or configure it by hand:`,
    `  Claude Code      ${isConnected ? 'run `claude` in this folder: it reads .mcp.json' : claudeCommand(NAME, http)}`,
    `  Cursor           ~/.cursor/mcp.json         ${block('cursor', http)}`,
    `  VS Code          .vscode/mcp.json           ${block('vscode', http)}`,
    `  Claude Desktop   claude_desktop_config.json ${block('claude-desktop', stdio)}`,
    ...(config.mcpOauthIssuer === undefined ? [] : [TOKEN_HELP]),
    `Then ask the client, for example: "${isProject(config) ? 'Which workflows can you run?' : EXAMPLE}"`,
  ].join('\n');
}
