import type { Wired } from '../refs.ts';

/** Limits that Conductor sets to 3 s each if they are not given. */
const CONNECT_TIMEOUT_MS = 5_000;
const READ_TIMEOUT_MS = 25_000;

/** A request of an HTTP task. */
export interface HttpRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /**
   * The server encodes it, whatever it holds: encoded text would be encoded twice, and what a reference brings in cannot hold `&`,
   * `+`, `#` or braces as data. Where it may, encode it and call with the `http_request` worker.
   */
  uri: Wired<string>;
  headers?: Record<string, Wired<string>>;
  body?: Wired<unknown>;
  /** Longest silence while reading the answer, in milliseconds. Default 25,000. */
  readTimeoutMs?: number;
}

/** What an HTTP task hands on after an answer below 300. A number in the body is a double. */
export interface HttpOutput<B> {
  response: { statusCode: number; headers: Record<string, string[]>; body: B };
}

/** A request without the types of the builder. */
interface PlainRequest {
  method: string;
  uri: unknown;
  headers?: object | undefined;
  body?: unknown;
  readTimeoutMs?: number | undefined;
  connectTimeoutMs?: number;
}

/** The `http_request` of an HTTP task. The server sends it again after a 503, even a POST: the service must bear the repetition. */
export function httpRequest(request: PlainRequest): object {
  const {
    method,
    uri,
    headers,
    body,
    readTimeoutMs = READ_TIMEOUT_MS,
    connectTimeoutMs = CONNECT_TIMEOUT_MS,
  } = request;
  return {
    uri,
    method,
    ...(headers && { headers }),
    ...(body !== undefined && { body, contentType: 'application/json' }),
    accept: 'application/json',
    connectionTimeOut: connectTimeoutMs,
    readTimeOut: readTimeoutMs,
  };
}

/** What an address holds that the server would encode a second time, if anything. References do not count. */
export function encodedTwice(uri: string): 'braces' | 'encoded text' | undefined {
  const written = uri.replaceAll(/\$\{[^{}]*\}/g, '');
  if (/[{}]/.test(written)) return 'braces';
  return /%[\da-f]{2}/i.test(written) ? 'encoded text' : undefined;
}
