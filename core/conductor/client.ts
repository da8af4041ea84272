import { z } from 'zod';
import { type Config, withoutEnvironment } from '../config.ts';
import { FleetError, messageOf } from '../errors.ts';

/** One REST call. `path` holds `{names}` that `params` fills in, encoded; `query` leaves out what is undefined. */
export interface Call<S extends z.ZodType> {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  path: `/api/${string}`;
  params?: Readonly<Record<string, string | number>>;
  query?: Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;
  body?: unknown;
  /** What the answer must look like. Text and empty answers reach it as a string. */
  answer: S;
  signal?: AbortSignal | undefined;
  /** Overrides the configured longest wait, in milliseconds. */
  timeoutMs?: number;
}

/** Makes calls to one Conductor server and turns whatever comes back into a checked value or a `FleetError`. */
export interface Caller {
  readonly serverUrl: string;
  call<S extends z.ZodType>(call: Call<S>): Promise<z.output<S>>;
  /** Stops the refresh of the token. */
  close(): void;
}

type ConnectionConfig = Pick<Config, 'conductorAuthKey' | 'conductorAuthSecret' | 'requestTimeoutMs'> & {
  readonly conductorServerUrl: string;
};

/** Shape of every error the server itself writes (`facts`: normal, validation and Spring's own). */
const serverErrorSchema = z.looseObject({
  message: z.string().optional(),
  retryable: z.boolean().optional(),
  validationErrors: z.array(z.looseObject({ path: z.string().optional(), message: z.string() })).optional(),
});

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
 * A caller on the SDK's client: its token handling, TLS and proxy, without its retries. The SDK is loaded at the first call,
 * not when this module is, so that commands which never call the server start fast.
 */
export function createCaller(config: ConnectionConfig): Caller {
  const serverUrl = config.conductorServerUrl;
  let client: Promise<SdkClient> | undefined;

  const connect = () => {
    client ??= connectSdk(config).catch((cause: unknown) => {
      client = undefined; // the next call tries again: a server that is still starting is not gone
      throw cause instanceof FleetError ? cause : unreachable(serverUrl, messageOf(cause), false, cause);
    });
    return client;
  };

  return {
    serverUrl,
    async call({ method, path, params, query, body, answer, signal, timeoutMs = config.requestTimeoutMs }) {
      for (const [name, value] of Object.entries(params ?? {})) refuseDots(name, value);
      const sdk = await connect();
      const limit = AbortSignal.timeout(timeoutMs);
      const { data, error, response } = await sdk.request({
        method,
        url: path,
        ...(params && { path: params }),
        ...(query && { query }),
        ...(body !== undefined && { body, headers: { 'Content-Type': 'application/json' } }),
        bodySerializer: (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value)),
        security: [{ name: 'X-Authorization', type: 'apiKey' }],
        parseAs: 'text',
        throwOnError: false,
        signal: signal ? AbortSignal.any([signal, limit]) : limit,
      });
      signal?.throwIfAborted();
      if (!response.ok) throw errorOf(serverUrl, `${method} ${path}`, response, error);
      return parseAnswer(serverUrl, `${method} ${path}`, response, data, answer);
    },
    close() {
      client?.then(
        (sdk) => sdk.stopBackgroundRefresh?.(),
        () => undefined,
      );
    },
  };
}

/** A URL drops these segments, which encoding leaves as they are, so the call would reach another path of the API. */
function refuseDots(name: string, value: string | number): void {
  if (/^\.{0,2}$/.test(String(value))) {
    throw new FleetError('input', `${JSON.stringify(value)} is not a valid ${name}.`);
  }
}

interface SdkClient {
  request(options: Record<string, unknown>): Promise<{ data?: unknown; error?: unknown; response: Response }>;
  stopBackgroundRefresh?(): void;
}

async function connectSdk(config: ConnectionConfig): Promise<SdkClient> {
  const { createConductorClient, noopLogger } = await import('@io-orkes/conductor-javascript');
  const client = await withoutEnvironment(SDK_VARIABLES, () =>
    createConductorClient(
      {
        serverUrl: config.conductorServerUrl,
        logger: noopLogger,
        ...(config.conductorAuthKey && { keyId: config.conductorAuthKey }),
        ...(config.conductorAuthSecret && { keySecret: config.conductorAuthSecret }),
      },
      fetchWithoutThrowing as typeof fetch,
    ),
  );
  return client as unknown as SdkClient; // its own generics describe the generated resources, which are not used here
}

async function fetchWithoutThrowing(input: Request | string | URL, init?: RequestInit): Promise<Response> {
  try {
    return await fetch(input, { ...init, ...bothSignals(input, init) });
  } catch (error) {
    const { name, cause } = error as Error & { cause?: unknown };
    const why = cause instanceof Error ? messageOf(cause) : messageOf(error);
    const timedOut = name === 'TimeoutError';
    return Response.json({ unreachable: why, timedOut }, { status: UNREACHABLE_STATUS });
  }
}

/** The SDK hands on its own time-out beside the request, where it would hide the signal that the request already has. */
function bothSignals(input: Request | string | URL, init?: RequestInit): { signal?: AbortSignal } {
  const signals = [input instanceof Request ? input.signal : undefined, init?.signal ?? undefined];
  const given = signals.filter((signal) => signal !== undefined);
  return given.length > 0 ? { signal: AbortSignal.any(given) } : {};
}

function parseAnswer<S extends z.ZodType>(
  serverUrl: string,
  call: string,
  response: Response,
  data: unknown,
  schema: S,
): z.output<S> {
  const text = typeof data === 'string' ? data : '';
  const isJson = response.headers.get('content-type')?.includes('json') ?? false;
  const parsed = schema.safeParse(isJson ? parseJson(text) : text);
  if (parsed.success) return parsed.data;
  const what = text.trimStart().startsWith('<') ? 'a web page' : 'something else than the answer of a Conductor server';
  throw new FleetError('upstream', `${call} at ${serverUrl} answered with ${what}.`, {
    remedy:
      'Check that CONDUCTOR_SERVER_URL names the API of a Conductor server and that no proxy answers in its place.',
    cause: parsed.error,
  });
}

function errorOf(serverUrl: string, call: string, response: Response, error: unknown): FleetError {
  const body = typeof error === 'string' ? parseJson(error) : error;
  if (response.status === UNREACHABLE_STATUS) {
    const { unreachable: why, timedOut } = unreachableSchema.parse(body);
    return unreachable(serverUrl, why, timedOut, error);
  }
  const parsed = serverErrorSchema.safeParse(body);
  const known = parsed.success ? parsed.data : {};
  const details = known.validationErrors?.map((issue) =>
    [placeOf(issue.path), issue.message].filter(Boolean).join(': '),
  );
  const message = details?.length ? details.join('; ') : (known.message ?? `${call} answered HTTP ${response.status}`);
  const cause = { status: response.status, body };
  switch (response.status) {
    case 400:
      return new FleetError('input', message, { cause });
    case 401:
    case 403:
      return new FleetError('denied', `The Conductor server refused the credentials: ${message}`, {
        remedy: 'Check CONDUCTOR_AUTH_KEY and CONDUCTOR_AUTH_SECRET.',
        cause,
      });
    case 404:
      return new FleetError('not-found', message, { cause });
    case 409:
      return new FleetError('conflict', message, { cause });
    case 429:
      return new FleetError('upstream', `The Conductor server asks to slow down: ${message}`, { cause });
    default:
      // The server answers 500 to bodies it cannot read; only those it marks itself are the caller's fault.
      if (/JSON parse error|not readable/i.test(message)) return new FleetError('input', message, { cause });
      return new FleetError('upstream', message, { retryable: known.retryable ?? response.status >= 500, cause });
  }
}

/** `tasks[0]` of `registerWorkflowDef.arg0.tasks[0]`: the server names its Java method first. */
function placeOf(path = ''): string {
  return path.replace(/^\w+\.arg\d+(\[\d+\])?\.?/, '');
}

function unreachable(serverUrl: string, why: string, timedOut: boolean, cause: unknown): FleetError {
  const message = timedOut
    ? `The Conductor server at ${serverUrl} did not answer in time.`
    : `Cannot reach the Conductor server at ${serverUrl} (${why}).`;
  return new FleetError('upstream', message, {
    remedy: 'Start one with `fleet server start`, or set CONDUCTOR_SERVER_URL to one that runs.',
    cause,
  });
}

function parseJson(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
