import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import Provider from 'oidc-provider';
import type { AuthorizationServerSetup } from './authorization-server.ts';

/**
 * A program that runs oidc-provider on a free port. Its parent sends the setup, and sends it again to change the keys. The answer to each
 * message is the issuer.
 */
const server = createServer((request, response) => handle(request, response));
let handle: RequestListener = (_request, response) => response.writeHead(503).end();

server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo; // a server on a port always has this kind of address
  const issuer = `http://127.0.0.1:${port}`;
  process.on('message', (setup: AuthorizationServerSetup) => {
    handle = provider(issuer, setup);
    process.send?.(issuer);
  });
});
process.once('disconnect', () => process.exit());

function provider(issuer: string, { keys, clients, scopes }: AuthorizationServerSetup): RequestListener {
  const scope = scopes.join(' ');
  return new Provider(issuer, {
    jwks: { keys },
    scopes,
    clients: Object.keys(clients).map((id) => ({
      client_id: id,
      client_secret: id,
      grant_types: ['client_credentials'],
      response_types: [],
      redirect_uris: [],
      scope,
    })),
    extraTokenClaims: (_context: unknown, token: { clientId: string }) => clients[token.clientId],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({
          ...{ scope, accessTokenTTL: 600, accessTokenFormat: 'jwt' },
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
  }).callback();
}
