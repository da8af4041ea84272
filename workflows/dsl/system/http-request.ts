import type { Wired } from '../refs.ts';

/** Conductor's own limits are 3 s each. */
const CONNECT_TIMEOUT_MS = 5_000;
const READ_TIMEOUT_MS = 25_000;

/** A request of an HTTP task. */
export interface HttpRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /**
   * The server encodes it, so encoded text would be encoded twice. A value from a reference must not contain `&`, `+`, `#` or braces. If
   * it may, encode the value and use the `http_request` worker.
   */
  uri: Wired<string>;
  headers?: Record<string, Wired<string>>;
  body?: Wired<unknown>;
  /** Longest pause while reading the answer, in milliseconds. Default 25,000. */
  readTimeoutMs?: number;
}

/** The output of an HTTP task after an answer below 300. Numbers in the body are doubles. */
export interface HttpOutput<B> {
  response: { statusCode: number; headers: Record<string, string[]>; body: B };
}

/** The `http_request` of an HTTP task. After a 503 the server sends it once more, even a POST: the service must tolerate that. */
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

/** What the server would encode a second time in an address, if anything. References are ignored. */
export function encodedTwice(uri: string): 'braces' | 'encoded text' | undefined {
  const written = uri.replaceAll(/\$\{[^{}]*\}/g, '');
  if (/[{}]/.test(written)) return 'braces';
  return /%[\da-f]{2}/i.test(written) ? 'encoded text' : undefined;
}
