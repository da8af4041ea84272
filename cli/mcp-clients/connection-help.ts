import { launcher } from '../installation.ts';
import { blockOf, type ClientName, claudeCommand, clients, type Reach } from './clients.ts';

/** Name of the server in the configurations that we show. */
const NAME = 'conductor';

/** Instructions to connect MCP clients to the server at `mcpUrl`. Claude Desktop gets no URL, because it starts its own server. */
export function connectionHelp({ mcpUrl, serverUrl }: { mcpUrl: string; serverUrl: string }): string {
  const http: Reach = { transport: 'http', url: mcpUrl };
  const stdio: Reach = {
    transport: 'stdio',
    command: 'node',
    args: [launcher, 'mcp'],
    env: { CONDUCTOR_SERVER_URL: serverUrl },
    secrets: [],
  };
  const block = (client: ClientName, reach: Reach) => JSON.stringify(blockOf(clients[client], NAME, reach));
  return [
    'Connect an MCP client. Run `fleet mcp install <client>`, or configure it by hand:',
    `  Claude Code      ${claudeCommand(NAME, http)}`,
    `  Cursor           ~/.cursor/mcp.json         ${block('cursor', http)}`,
    `  VS Code          .vscode/mcp.json           ${block('vscode', http)}`,
    `  Claude Desktop   claude_desktop_config.json ${block('claude-desktop', stdio)}`,
    'Then ask the client, for example: "Run FileProcessing on package.json and tell me the ratio."',
  ].join('\n');
}
