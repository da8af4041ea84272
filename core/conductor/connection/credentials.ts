import { z } from 'zod';
import { type Config, withoutEnvironment } from '../../config.ts';
import { FleetError, messageOf } from '../../errors.ts';
import { denied, errorOf, notConductor, parseJson, unreachable } from './connection-errors.ts';
import type { HttpAnswer, Transport } from './transport.ts';

export type CredentialsConfig = Pick<Config, 'conductorAuthKey' | 'conductorAuthSecret'> & {
  readonly conductorServerUrl: string;
};

/** The authentication that every call sends: a token, or nothing. */
export interface Credentials {
  /** False if no key is configured. */
  readonly needed: boolean;
  /**
   * Returns the headers to send, or undefined if the server needs no authentication.
   * @throws FleetError `denied`, or `upstream` if the server gives no token
   */
  headers(): Promise<Record<string, string> | undefined>;
  /** Forgets a token that the server refused, so that the next call gets a new token. Returns false if there was no token. */
  renew(): boolean;
  /** Stops getting and refreshing the token, because a waiting request or the timer would keep the process alive. */
  close(): void;
}

/** The methods of the SDK's client that this module uses. */
interface SdkClient {
  getAuthenticationHeaders(): Promise<Record<string, string> | null>;
  stopBackgroundRefresh(): void;
}

/** The SDK prefers these variables to its arguments. It could then send the key to a server other than the configured one. */
const SDK_VARIABLES = ['CONDUCTOR_SERVER_URL', 'CONDUCTOR_AUTH_KEY', 'CONDUCTOR_AUTH_SECRET'];

/** A token request that takes longer has failed. */
const TOKEN_TIMEOUT_MS = 30_000;

/** Gets one token for all calls through the SDK, which refreshes the token before it expires. Without a key, the SDK is not loaded. */
export function createCredentials(config: CredentialsConfig, transport: Transport): Credentials {
  if (config.conductorAuthKey === undefined) {
    return { needed: false, headers: async () => undefined, renew: () => false, close: () => undefined };
  }
  const closed = new AbortController();
  let client: Promise<SdkClient> | undefined;
  const forget = () => {
    client?.then(
      (sdk) => sdk.stopBackgroundRefresh(),
      () => undefined,
    );
    client = undefined;
  };
  return {
    needed: true,
    async headers() {
      client ??= connectSdk(config, transport, closed.signal);
      try {
        return (await (await client).getAuthenticationHeaders()) ?? undefined;
      } catch (cause) {
        client = undefined; // the next call tries again, because the server may still be starting
        if (cause instanceof FleetError) throw cause;
        throw unreachable(config.conductorServerUrl, messageOf(cause), { cause });
      }
    },
    renew() {
      const hadOne = client !== undefined;
      forget();
      return hadOne;
    },
    close() {
      forget();
      closed.abort();
    },
  };
}

/**
 * Rejects at the first failure. The SDK alone would try again for two minutes, and its timers would keep the process alive. It stops if it
 * gets a 404, because then the server has no tokens.
 */
async function connectSdk(config: CredentialsConfig, transport: Transport, closed: AbortSignal): Promise<SdkClient> {
  const { createConductorClient, noopLogger } = await import('@io-orkes/conductor-javascript');
  const failed = Promise.withResolvers<never>();
  let isConnected = false;
  const created = withoutEnvironment(SDK_VARIABLES, () =>
    createConductorClient(
      {
        serverUrl: config.conductorServerUrl,
        logger: noopLogger,
        ...(config.conductorAuthKey && { keyId: config.conductorAuthKey }),
        ...(config.conductorAuthSecret && { keySecret: config.conductorAuthSecret }),
      },
      async (input: Request | string | URL) => {
        try {
          return await token(input as Request, config.conductorServerUrl, (request) =>
            askForToken(request, transport, closed),
          );
        } catch (error) {
          if (isConnected) throw error; // the old token is still used, and the SDK tries again later
          failed.reject(error);
          return new Response(null, { status: 404 });
        }
      },
    ),
  );
  failed.promise.catch(() => undefined); // it may reject later, when no code awaits it any more
  try {
    const client = await Promise.race([created, failed.promise]);
    isConnected = true;
    return client;
  } catch (error) {
    void created.then((client) => client.stopBackgroundRefresh()).catch(() => undefined);
    throw error;
  }
}

/** Gets a token, or the 404 of a server without tokens. @throws FleetError for every other answer */
async function token(
  request: Request,
  serverUrl: string,
  ask: (request: Request) => Promise<HttpAnswer>,
): Promise<Response> {
  const answer = await ask(request).catch((cause: unknown) => {
    throw unreachable(serverUrl, messageOf(cause), { cause });
  });
  const { status, text } = answer;
  if (status === 401 || status === 403) throw denied(`HTTP ${status}`, { status });
  if (status !== 404 && status >= 300) throw errorOf(serverUrl, 'POST /api/token', answer);
  if (status < 300 && !hasToken.safeParse(parseJson(text)).success)
    throw notConductor(serverUrl, 'POST /api/token', answer, { status });
  return new Response(text, { status, headers: { 'content-type': answer.contentType || 'text/plain' } });
}

const hasToken = z.object({ token: z.string().min(1) });

/** Sends the request for a token, which is the only request that the SDK makes. */
async function askForToken(request: Request, transport: Transport, closed: AbortSignal): Promise<HttpAnswer> {
  return transport.send({
    method: 'POST',
    url: new URL(request.url),
    headers: { 'content-type': 'application/json' },
    body: await request.text(),
    signal: AbortSignal.any([closed, AbortSignal.timeout(TOKEN_TIMEOUT_MS)]),
    lane: 'other',
  });
}
