import { exportJWK, exportSPKI, generateKeyPair, importJWK } from 'jose';
import type { AuthorizationServer } from './authorization-server.ts';

/** Makes the token for the resource, or undefined for a request without one. `says` matches the refusal. */
type BadToken = readonly [
  make: (issuer: AuthorizationServer, resource: string) => Promise<string | undefined>,
  says: RegExp,
];

/** Tokens that the server must refuse, and what the refusal says. Each is right but for one thing. */
export const badTokens: Readonly<Record<string, BadToken>> = {
  garbage: [async () => 'garbage', /not a signed JWT/],
  'a JWT with five parts': [async () => 'e30.e30.e30.e30.e30', /not a signed JWT/],
  'the algorithm none': [
    async (issuer, resource) => {
      const [, payload] = (await issuer.forge(resource)).split('.');
      return `${Buffer.from('{"alg":"none","kid":"RS256-1"}').toString('base64url')}.${payload}.`;
    },
    /algorithm of the token is not allowed/,
  ],
  'the public key as the secret of HS256': [
    async (issuer, resource) => {
      const { alg, kid, kty, n, e } = issuer.keys[0] ?? {};
      const publicKey = await importJWK({ kty, n, e } as Parameters<typeof importJWK>[0], alg);
      const key = Buffer.from(await exportSPKI(publicKey as Parameters<typeof exportSPKI>[0]));
      return issuer.forge(resource, { header: { alg: 'HS256', ...(kid !== undefined && { kid }) }, key });
    },
    /algorithm of the token is not allowed/,
  ],
  'a changed payload': [
    async (issuer, resource) => {
      const [header, , signature] = (await issuer.forge(resource)).split('.');
      const [, payload] = (await issuer.forge(resource, { claims: { roles: ['admin'] } })).split('.');
      return `${header}.${payload}.${signature}`;
    },
    /signature of the token is wrong/,
  ],
  'the key of somebody else': [
    async (issuer, resource) => {
      const { privateKey } = await generateKeyPair('RS256', { extractable: true });
      return issuer.forge(resource, { key: await exportJWK(privateKey) });
    },
    /signature of the token is wrong/,
  ],
  'an unknown kid': [
    (issuer, resource) => issuer.forge(resource, { header: { kid: 'unknown' } }),
    /no key with the \\"kid\\"/,
  ],
  'another issuer': [
    (issuer, resource) => issuer.forge(resource, { claims: { iss: 'https://evil.example' } }),
    /\\"iss\\"/,
  ],
  'no issuer': [(issuer, resource) => issuer.forge(resource, { claims: { iss: undefined } }), /\\"iss\\" is missing/],
  'another resource': [(issuer) => issuer.forge('https://other.example.com/mcp'), /\\"aud\\"/],
  'a resource below ours': [(issuer, resource) => issuer.forge(`${resource}/more`), /\\"aud\\"/],
  'no audience': [(issuer, resource) => issuer.forge(resource, { claims: { aud: undefined } }), /\\"aud\\" is missing/],
  'no subject': [(issuer, resource) => issuer.forge(resource, { claims: { sub: undefined } }), /\\"sub\\" is missing/],
  'an expired token': [
    (issuer, resource) => issuer.forge(resource, { claims: times({ iat: -900, exp: -300 }) }),
    /expired/,
  ],
  'a token that expired a second ago': [
    (issuer, resource) => issuer.forge(resource, { claims: times({ exp: -2 }) }),
    /expired/,
  ],
  'no end': [(issuer, resource) => issuer.forge(resource, { claims: { exp: undefined } }), /\\"exp\\" is missing/],
  'not valid yet': [(issuer, resource) => issuer.forge(resource, { claims: times({ nbf: 300 }) }), /\\"nbf\\"/],
  'issued in the future': [(issuer, resource) => issuer.forge(resource, { claims: times({ iat: 300 }) }), /\\"iat\\"/],
  'no beginning': [
    (issuer, resource) => issuer.forge(resource, { claims: { iat: undefined } }),
    /\\"iat\\" is missing/,
  ],
  'a lifetime of two hours': [
    (issuer, resource) => issuer.forge(resource, { claims: times({ exp: 7200 }) }),
    /7200 s.*MCP_TOKEN_MAX/,
  ],
  'a team that is not a text': [
    (issuer, resource) => issuer.forge(resource, { claims: { team: ['a', 'b'] } }),
    /\\"team\\"/,
  ],
  'roles that are not texts': [
    (issuer, resource) => issuer.forge(resource, { claims: { roles: { admin: true } } }),
    /\\"roles\\"/,
  ],
};

/** Claims of time, as seconds from now. */
export function times(offsets: Record<string, number>): Record<string, number> {
  const now = Math.floor(Date.now() / 1000);
  return Object.fromEntries(Object.entries(offsets).map(([claim, offset]) => [claim, now + offset]));
}
