/**
 * `npm run oauth:try`: runs an authorization server on this machine until Ctrl-C, to try the MCP server with OAuth. It gives tokens to
 * anyone who asks, so it is for trying only.
 */
import { parseArgs } from 'node:util';
import { onInterruption } from '../../core/interruption.ts';
import { aborted } from '../../core/pause.ts';
import { permissions, roles } from '../../mcp/admission/permissions.ts';
import { startAuthorizationServer } from './authorization-server.ts';

const print = (line = '') => void process.stdout.write(`${line}\n`);

const port = process.env.MCP_PORT;
const { resource } = parseArgs({
  options: { resource: { type: 'string', default: `http://127.0.0.1:${port ?? '3000'}/mcp` } },
}).values;
const interruption = onInterruption();
const server = await startAuthorizationServer({
  clients: Object.fromEntries(roles.map((role) => [role, { roles: [role] }])),
  scopes: permissions.map((permission) => `conductor:${permission}`),
});

print(`An authorization server to try with runs at ${server.issuer}. Ctrl-C stops it.`);
print('Its clients are viewer, operator and admin. The secret of each is its name. A token is valid for ten minutes.');
print();
print('Start the MCP server in a second terminal:');
print(
  `  export ${port === undefined ? '' : `MCP_PORT=${port} `}MCP_OAUTH_ISSUER=${server.issuer} MCP_RESOURCE=${resource}`,
);
print('  npm start');
print('Get a token in a third terminal:');
print(
  `  TOKEN=$(curl -s -u operator:operator -d grant_type=client_credentials -d resource=${resource} ${server.issuer}/token |`,
);
print(`    sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')`);
await aborted(interruption.signal);
await server.stop();
interruption.dispose();
