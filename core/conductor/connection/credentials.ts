import { type Config, withoutEnvironment } from '../../config.ts';
import { FleetError, messageOf } from '../../errors.ts';
import { denied, unreachable } from './connection-errors.ts';
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
  /** Stops refreshing the token, because the timer of the refresh would keep the process alive. */
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
      client ??= connectSdk(config, transport);
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
    close: forget,
  };
}

/** Rejects at the first failure. The SDK alone would retry for two minutes when it gets no token. */
async function connectSdk(config: CredentialsConfig, transport: Transport): Promise<SdkClient> {
  const { createConductorClient, noopLogger } = await import('@io-orkes/conductor-javascript');
  const failed = Promise.withResolvers<never>();
  const created = withoutEnvironment(SDK_VARIABLES, () =>
    createConductorClient(
      {
        serverUrl: config.conductorServerUrl,
        logger: noopLogger,
        ...(config.conductorAuthKey && { keyId: config.conductorAuthKey }),
        ...(config.conductorAuthSecret && { keySecret: config.conductorAuthSecret }),
      },
      async (input: Request | string | URL) => {
        const answer = await askForToken(input as Request, transport).catch((cause: unknown) => {
          failed.reject(unreachable(config.conductorServerUrl, messageOf(cause), { cause }));
          throw cause;
        });
        const refused = answer.status === 401 || answer.status === 403;
        if (refused) failed.reject(denied(`HTTP ${answer.status}`, { status: answer.status }));
        return new Response(answer.text, {
          status: answer.status,
          headers: { 'content-type': answer.contentType || 'text/plain' },
        });
      },
    ),
  );
  failed.promise.catch(() => undefined); // it may reject later, when no code awaits it any more
  try {
    return await Promise.race([created, failed.promise]);
  } catch (error) {
    void created.then((client) => client.stopBackgroundRefresh()).catch(() => undefined);
    throw error;
  }
}

/** Sends the request for a token, which is the only request that the SDK makes. */
async function askForToken(request: Request, transport: Transport): Promise<HttpAnswer> {
  return transport.send({
    method: 'POST',
    url: new URL(request.url),
    headers: { 'content-type': 'application/json' },
    body: await request.text(),
    signal: AbortSignal.timeout(TOKEN_TIMEOUT_MS),
    lane: 'other',
  });
}
