import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { exportJWK, generateKeyPair, importJWK, type JWK, type JWTHeaderParameters, SignJWT } from 'jose';
import { z } from 'zod';

const program = fileURLToPath(new URL('./authorization-server-process.ts', import.meta.url));

export interface AuthorizationServerSetup {
  /** Private keys. The server publishes their public parts. */
  readonly keys: readonly JWK[];
  /** The extra claims in the tokens of each client. The secret of a client is its id. */
  readonly clients: Readonly<Record<string, object>>;
  readonly scopes: readonly string[];
}

/** What a test changes in a token that is otherwise right. `undefined` removes a claim. */
export interface Forgery {
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly header?: Partial<JWTHeaderParameters>;
  /** Default: the key of the server for the algorithm of the header. */
  readonly key?: JWK | Uint8Array;
}

export interface AuthorizationServer {
  readonly issuer: string;
  /** The keys with which it signs now. */
  readonly keys: readonly JWK[];
  /** Asks the server for a token by the client credentials grant. */
  token(request: { client: string; resource: string; scope?: string }): Promise<string>;
  /** Signs a token for `resource` with a key of the server, with changes that the server itself would not make. */
  forge(resource: string, forgery?: Forgery): Promise<string>;
  /** Replaces all keys. */
  rotateKeys(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a real authorization server on a free port, in a process of its own. */
export async function startAuthorizationServer({
  clients,
  scopes,
}: Pick<AuthorizationServerSetup, 'clients' | 'scopes'>): Promise<AuthorizationServer> {
  const child = fork(program, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], execArgv: [] });
  let keys: readonly JWK[] = [];
  const setUp = async () => {
    keys = await newKeys();
    const answered = once(child, 'message');
    child.send({ keys, clients, scopes } satisfies AuthorizationServerSetup);
    return z
      .tuple([z.string()])
      .rest(z.unknown())
      .parse(await answered)[0];
  };
  const issuer = await setUp();
  return {
    issuer,
    get keys() {
      return keys;
    },
    token: (request) => askForToken(issuer, request),
    forge: (resource, forgery) => forge({ issuer, resource, keys }, forgery),
    rotateKeys: async () => void (await setUp()),
    async stop() {
      if (child.exitCode !== null) return;
      const exited = once(child, 'exit');
      child.disconnect();
      await exited;
    },
  };
}

/** The key id of a new key: unique, so that a changed key has another id. */
let lastKey = 0;

async function newKeys(): Promise<JWK[]> {
  return Promise.all(
    ['RS256', 'PS256', 'ES256', 'EdDSA'].map(async (alg) => {
      const { privateKey } = await generateKeyPair(alg, { extractable: true });
      lastKey += 1;
      return { ...(await exportJWK(privateKey)), alg, use: 'sig', kid: `${alg}-${lastKey}` };
    }),
  );
}

async function askForToken(
  issuer: string,
  { client, resource, scope }: { client: string; resource: string; scope?: string },
): Promise<string> {
  const response = await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: { Authorization: `Basic ${Buffer.from(`${client}:${client}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', resource, ...(scope !== undefined && { scope }) }),
  });
  const body: unknown = await response.json();
  const answer = z.object({ access_token: z.string() }).safeParse(body);
  if (!answer.success) throw new Error(`The authorization server gave no token: ${JSON.stringify(body)}`);
  return answer.data.access_token;
}

interface Forged {
  readonly issuer: string;
  readonly resource: string;
  readonly keys: readonly JWK[];
}

async function forge({ issuer, resource, keys }: Forged, { claims, header, key }: Forgery = {}): Promise<string> {
  const alg = header?.alg ?? 'RS256';
  const own = keys.find((one) => one.alg === alg);
  const now = Math.floor(Date.now() / 1000);
  const payload = { iss: issuer, aud: resource, sub: 'forger', iat: now, exp: now + 600, ...claims };
  const signing = key ?? own;
  if (!signing) throw new Error(`No key signs with ${alg}.`);
  const imported = signing instanceof Uint8Array ? signing : await importJWK(signing, alg);
  return new SignJWT(payload)
    .setProtectedHeader({ alg, typ: 'at+jwt', ...(own?.kid !== undefined && { kid: own.kid }), ...header })
    .sign(imported);
}
