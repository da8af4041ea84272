import type { Wired } from '../refs.ts';

/** Conductor's own limits are 3 s each. */
const CONNECT_TIMEOUT_MS = 5_000;
const READ_TIMEOUT_MS = 25_000;

/** A request of an HTTP task. */
export interface HttpRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /**
   * The address. Write it without encoding, because the server encodes it. A value from a reference must not contain `&`, `+`, `#` or
   * braces. If the value may contain them, encode it and use the `http_request` worker.
   */
  uri: Wired<string>;
  headers?: Record<string, Wired<string>>;
  body?: Wired<unknown>;
  /** The longest pause while the server reads the answer, in milliseconds. Default 25,000. */
  readTimeoutMs?: number;
}

/** The output of an HTTP task after an answer with a status below 300. All numbers in the body are doubles. */
export interface HttpOutput<B> {
  response: { statusCode: number; headers: Record<string, string[]>; body: B };
}

/**
 * The input `http_request` of an HTTP task. After a 503, the server sends the request once more, even a POST. The service must tolerate
 * this repetition.
 */
export function httpRequest(
  { method, uri, headers, body, readTimeoutMs = READ_TIMEOUT_MS }: { [K in keyof HttpRequest]: unknown },
  connectTimeoutMs = CONNECT_TIMEOUT_MS,
): object {
  return {
    uri,
    method,
    ...(headers !== undefined && { headers }),
    ...(body !== undefined && { body, contentType: 'application/json' }),
    accept: 'application/json',
    connectionTimeOut: connectTimeoutMs,
    readTimeOut: readTimeoutMs,
  };
}

/** Names the part of an address that the server would encode twice; undefined if there is none. References are ignored. */
export function encodedTwice(uri: string): 'braces' | 'encoded text' | undefined {
  const written = uri.replaceAll(/\$\{[^{}]*\}/g, '');
  if (/[{}]/.test(written)) return 'braces';
  return /%[\da-f]{2}/i.test(written) ? 'encoded text' : undefined;
}
