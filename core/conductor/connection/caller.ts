import type { z } from 'zod';
import { FleetError, messageOf } from '../../errors.ts';
import { hasLongNumber, parseExactly } from '../../json.ts';
import { NAME_REPAIR, unreachableName } from '../../names.ts';
import { safeParseOften } from '../../parse.ts';
import { errorOf, notConductor, parseJson, unreachable } from './connection-errors.ts';
import { type CredentialsConfig, createCredentials } from './credentials.ts';
import { createTransport, type HttpAnswer, type Lane, type TransportConfig } from './transport.ts';

export type ConnectionConfig = CredentialsConfig & TransportConfig & { readonly requestTimeoutMs: number };

/** One REST call. The values of `params` are encoded and replace the `{names}` in `path`. Undefined values of `query` are left out. */
export interface Call<S extends z.ZodType> {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  path: `/api/${string}`;
  params?: Readonly<Record<string, string | number>>;
  query?: Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;
  headers?: Readonly<Record<string, string>>;
  /** A string is sent as it is; anything else is sent as JSON. */
  body?: unknown;
  /** Schema of the answer. If the answer is not JSON, the schema receives it as a string. */
  answer: S;
  signal?: AbortSignal | undefined;
  /** How long the server is asked to wait before it answers, in milliseconds. This time is added to the call's time limit. */
  waitMs?: number;
  /** Time limit of this call, in milliseconds. A value above the configured limit has no effect. */
  limitMs?: number | undefined;
  /** Default `other`. */
  lane?: Lane;
}

/** Makes calls to one Conductor server. Every call ends with a checked value or a `FleetError`. */
export interface Caller {
  readonly serverUrl: string;
  call<S extends z.ZodType>(call: Call<S>): Promise<z.output<S>>;
  /** Stops the refresh of the token and closes the connections. */
  close(): void;
}

/** Creates a caller, which connects at its first call. It repeats a request only if the server says that the token has expired. */
export function createCaller(config: ConnectionConfig): Caller {
  const serverUrl = config.conductorServerUrl;
  const base = serverUrl.replace(/\/api$/, '');
  const transport = createTransport(config);
  const credentials = createCredentials(config, transport);

  const send = async (call: Call<z.ZodType>, url: URL, signal: AbortSignal): Promise<HttpAnswer> => {
    const { body: given } = call;
    const body = given === undefined ? {} : { body: typeof given === 'string' ? given : JSON.stringify(given) };
    const attempt = async () => {
      const authentication = credentials.needed ? await abortable(credentials.headers(), signal) : undefined;
      const headers = {
        ...call.headers,
        ...authentication,
        ...('body' in body && { 'content-type': 'application/json' }),
      };
      const lane = call.lane ?? 'other';
      return transport.send({ method: call.method, url, headers, ...body, signal, lane });
    };
    const answer = await attempt();
    return answer.status === 401 && credentials.renew() ? attempt() : answer;
  };

  return {
    serverUrl,
    async call(call) {
      const { method, path, signal, waitMs = 0, limitMs = config.requestTimeoutMs } = call;
      const url = urlOf(base, call);
      const limit = startLimit(Math.min(limitMs, config.requestTimeoutMs) + waitMs, signal);
      try {
        const answer = await send(call, url, limit.signal);
        signal?.throwIfAborted();
        if (answer.status >= 300) throw errorOf(serverUrl, `${method} ${path}`, answer);
        return parseAnswer(serverUrl, answer, call);
      } catch (error) {
        signal?.throwIfAborted();
        if (error instanceof FleetError) throw error;
        throw unreachable(serverUrl, messageOf(error), { timedOut: limit.signal.aborted, cause: error });
      } finally {
        limit.clear();
      }
    },
    close() {
      credentials.close();
      transport.close();
    },
  };
}

function urlOf(base: string, { path, params = {}, query = {} }: Call<z.ZodType>): URL {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = params[name] ?? '';
    refuseUnreachable(name, String(value));
    return encodeURIComponent(value);
  });
  const url = new URL(base + filled);
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue;
    for (const item of Array.isArray(value) ? value : [value]) url.searchParams.append(name, String(item));
  }
  return url;
}

/** Returns a signal that is aborted after `ms`, or together with the given signal. */
function startLimit(ms: number, given: AbortSignal | undefined): { signal: AbortSignal; clear(): void } {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new DOMException(`no answer within ${ms} ms`, 'TimeoutError')), ms);
  const follow = () => controller.abort(given?.reason);
  if (given?.aborted) follow();
  given?.addEventListener('abort', follow, { once: true });
  return {
    signal: controller.signal,
    clear() {
      clearTimeout(timer);
      given?.removeEventListener('abort', follow);
    },
  };
}

/** Awaits a promise, and rejects as soon as the signal is aborted. */
async function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/**
 * Refuses what cannot be a part of a path. The server answers 400 to `/` even if it is encoded. A URL drops `.` and `..`, so that the call
 * would reach another path of the API.
 */
function refuseUnreachable(name: string, value: string): void {
  const why = value === '' ? 'it is empty' : unreachableName(value);
  if (why === undefined) return;
  const text = JSON.stringify(value);
  if (name !== 'name' && name !== 'type') throw new FleetError('input', `${text} is not a valid ${name}: ${why}.`);
  throw new FleetError('input', `The server can never fetch, change or delete what is called ${text}: ${why}.`, {
    remedy: `Register it under another name. ${NAME_REPAIR}`,
  });
}

function parseAnswer<S extends z.ZodType>(
  serverUrl: string,
  given: HttpAnswer,
  { method, path, lane, answer: schema }: Call<S>,
): z.output<S> {
  const { contentType, text } = given;
  const isJson = contentType.includes('json');
  // The handlers of workers compute with numbers, so they get numbers.
  const keepsDigits = lane !== 'poll' && hasLongNumber(text);
  const parsed = safeParseOften(schema, isJson ? parseJson(text, keepsDigits ? parseExactly : JSON.parse) : text);
  if (parsed.success) return parsed.data;
  // A long number in a field that must be a number is read like every other number.
  const rounded = isJson && keepsDigits ? schema.safeParse(parseJson(text)) : undefined;
  if (rounded?.success) return rounded.data;
  throw notConductor(serverUrl, `${method} ${path}`, given, parsed.error);
}
