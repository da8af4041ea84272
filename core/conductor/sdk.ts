import { AsyncLocalStorage } from 'node:async_hooks';
import { z } from 'zod';
import { type Config, withoutEnvironment } from '../config.ts';
import { FleetError, messageOf } from '../errors.ts';

export type ConnectionConfig = Pick<Config, 'conductorAuthKey' | 'conductorAuthSecret' | 'requestTimeoutMs'> & {
  readonly conductorServerUrl: string;
};

/** The part of the SDK's client that is used. */
export interface SdkClient {
  request(options: Record<string, unknown>): Promise<{ data?: unknown; error?: unknown; response: Response }>;
  /** Its timer would keep the process alive. */
  stopBackgroundRefresh?(): void;
}

/**
 * Ends the request of the call that is under way. It goes past the SDK, which makes new requests and combined signals out of what it is
 * given; such a signal can be collected before it fires, and then nothing ends the request.
 */
export const callSignal = new AsyncLocalStorage<AbortSignal>();

/** The SDK would prefer these to what it is told, and so reach another server than the configured one. */
const SDK_VARIABLES = [
  'CONDUCTOR_SERVER_URL',
  'CONDUCTOR_AUTH_KEY',
  'CONDUCTOR_AUTH_SECRET',
  'CONDUCTOR_REQUEST_TIMEOUT_MS',
];

/** Sent instead of throwing, so that the SDK's own retries, which would start a workflow twice, never see a failed request. */
const UNREACHABLE_STATUS = 599;

const unreachableSchema = z.object({ unreachable: z.string(), timedOut: z.boolean() });

/**
 * The SDK's client, for its token handling. It is loaded here and not with this module, so that commands which never call the server
 * start fast.
 * @throws FleetError `denied` if the server refuses the key, `upstream` if it cannot be reached
 */
export async function connectSdk(config: ConnectionConfig): Promise<SdkClient> {
  const { createConductorClient, noopLogger } = await import('@io-orkes/conductor-javascript');
  const failed = Promise.withResolvers<never>();
  let connecting = true;
  const send = async (input: Request | string | URL, init?: RequestInit): Promise<Response> => {
    const response = await fetchWithoutThrowing(input, init);
    const failure = connecting && isTokenRequest(input) ? tokenFailure(config.conductorServerUrl, response) : undefined;
    if (!failure) return response;
    failed.reject(await failure);
    return new Response(null, { status: 404 }); // to anything else the SDK would go on for two minutes
  };
  const created = withoutEnvironment(SDK_VARIABLES, () =>
    createConductorClient(
      {
        serverUrl: config.conductorServerUrl,
        logger: noopLogger,
        ...(config.conductorAuthKey && { keyId: config.conductorAuthKey }),
        ...(config.conductorAuthSecret && { keySecret: config.conductorAuthSecret }),
      },
      send as typeof fetch,
    ),
  );
  try {
    const client = await Promise.race([created, failed.promise]);
    return client as unknown as SdkClient; // its own generics describe the generated resources, which are not used here
  } catch (error) {
    void created.then((client) => client.stopBackgroundRefresh()).catch(() => undefined);
    throw error;
  } finally {
    connecting = false;
  }
}

/** What to throw for an answer that stands for a failed request, or undefined for any other. */
export function unreachableError(serverUrl: string, status: number, body: unknown): FleetError | undefined {
  if (status !== UNREACHABLE_STATUS) return undefined;
  const { unreachable: why, timedOut } = unreachableSchema.parse(body);
  return unreachable(serverUrl, why, { timedOut });
}

/** The error for a server that cannot be reached or does not answer. */
export function unreachable(
  serverUrl: string,
  why: string,
  { timedOut = false, cause }: { timedOut?: boolean; cause?: unknown } = {},
): FleetError {
  const message = timedOut
    ? `The Conductor server at ${serverUrl} did not answer in time.`
    : `Cannot reach the Conductor server at ${serverUrl} (${why}).`;
  return new FleetError('upstream', message, {
    remedy: 'Start one with `fleet server start`, or set CONDUCTOR_SERVER_URL to one that runs.',
    cause,
  });
}

/** The error for credentials that the server does not take. */
export function deniedError(message: string, cause: unknown): FleetError {
  return new FleetError('denied', `The Conductor server refused the credentials: ${message}`, {
    remedy: 'Check CONDUCTOR_AUTH_KEY and CONDUCTOR_AUTH_SECRET.',
    cause,
  });
}

/** A server without authentication answers 404, which the SDK understands. */
function tokenFailure(serverUrl: string, response: Response): Promise<FleetError> | undefined {
  if (response.status === 401 || response.status === 403) {
    return Promise.resolve(deniedError(`HTTP ${response.status}`, { status: response.status }));
  }
  if (response.status !== UNREACHABLE_STATUS) return undefined;
  return response
    .json()
    .then((body) => unreachableError(serverUrl, response.status, body) ?? unreachable(serverUrl, ''));
}

function isTokenRequest(input: Request | string | URL): boolean {
  const url = input instanceof Request ? input.url : String(input);
  return new URL(url).pathname.endsWith('/api/token');
}

async function fetchWithoutThrowing(input: Request | string | URL, init?: RequestInit): Promise<Response> {
  const signal = callSignal.getStore();
  try {
    return await fetch(input, { ...init, ...(signal && { signal }) });
  } catch (error) {
    const { name, cause } = error as Error & { cause?: unknown };
    const why = cause instanceof Error ? messageOf(cause) : messageOf(error);
    return Response.json({ unreachable: why, timedOut: name === 'TimeoutError' }, { status: UNREACHABLE_STATUS });
  }
}
