import { fileURLToPath } from 'node:url';

/** How MCP clients are connected to a server at `mcpUrl`, or to one they start themselves over stdio. */
export function connectionHelp({ mcpUrl, serverUrl }: { mcpUrl: string; serverUrl: string }): string {
  const program = fileURLToPath(new URL('./fleet.js', import.meta.url));
  const stdio = {
    mcpServers: {
      conductor: { command: 'node', args: [program, 'mcp'], env: { CONDUCTOR_SERVER_URL: serverUrl } },
    },
  };
  return [
    'Connect a client:',
    `  Claude Code      claude mcp add --transport http conductor ${mcpUrl}`,
    `  Cursor           ~/.cursor/mcp.json         ${JSON.stringify({ mcpServers: { conductor: { url: mcpUrl } } })}`,
    `  VS Code          .vscode/mcp.json           ${JSON.stringify({ servers: { conductor: { type: 'http', url: mcpUrl } } })}`,
    `  Claude Desktop   claude_desktop_config.json ${JSON.stringify(stdio)}`,
    'Then ask, for example: "Run FileProcessing on package.json and tell me the ratio."',
  ].join('\n');
}
