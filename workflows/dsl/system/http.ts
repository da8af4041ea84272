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

/** The server re-sends once on 503, POST too: whatever is called has to bear a repetition. */
export function httpRequest({ method, uri, headers, body, readTimeoutMs = READ_TIMEOUT_MS }: HttpRequest): object {
  return {
    uri,
    method,
    ...(headers && { headers }),
    ...(body !== undefined && { body, contentType: 'application/json' }),
    accept: 'application/json',
    connectionTimeOut: CONNECT_TIMEOUT_MS,
    readTimeOut: readTimeoutMs,
  };
}
