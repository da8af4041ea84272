import type { IncomingMessage, ServerResponse } from 'node:http';
import type { z } from 'zod';
import type { Entry } from './books.ts';

/** One request as the endpoints see it. */
export interface Call {
  readonly method: string;
  /** Decoded only in its parameters; without a slash at its end. */
  readonly path: string;
  readonly body: unknown;
  /** Query, body and path parameters as one object, each overruling the one before; the body itself where it is no object. */
  readonly fields: unknown;
  /** The order the request is about, wherever it is named. */
  readonly orderId: string | undefined;
  readonly idempotencyKey: string | undefined;
}

/** A JSON answer. */
export interface Reply {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** What the answer stands for in the books. */
  readonly entry?: Entry;
}

/** An answer that somebody else writes. */
export interface TakeOver {
  takeOver(request: IncomingMessage, response: ServerResponse): Promise<void>;
}

/**
 * - `effect`  changes something: honours `Idempotency-Key`, obeys ordered faults
 * - `read`    obeys ordered faults
 * - `control` is for the person or test that watches the shop; no fault reaches it
 */
export type RouteKind = 'effect' | 'read' | 'control';

/** An endpoint. */
export interface Route {
  readonly method: string;
  readonly path: string;
  readonly summary: string;
  readonly kind: RouteKind;
  /** The path parameters, or undefined if the path is not of this shape. */
  match(path: string): Record<string, string> | undefined;
  /** Parses the request. @throws Problem 400 */
  open(call: Call): OpenedCall;
  /** The body of an error answer in this endpoint's protocol. */
  problemBody(status: number, code: string, message: string): unknown;
}

/** A request that was found valid and has had no effect yet. */
export interface OpenedCall {
  answer(): Reply | TakeOver | Promise<Reply | TakeOver>;
  /** Told when an ordered fault answers instead. */
  refused(status: number): void;
}

interface RouteSpec<S extends z.ZodType> {
  /** `ANY` for all. */
  method: 'GET' | 'POST' | 'DELETE' | 'ANY';
  /** With parameters in braces: `/inventory/{sku}`. */
  path: string;
  summary: string;
  kind: RouteKind;
  /** Parses `Call.fields`. */
  input: S;
  handle(input: z.output<S>, call: Call): Reply | TakeOver | Promise<Reply | TakeOver>;
  onFault?(input: z.output<S>, status: number): void;
  problemBody?: Route['problemBody'];
}

/** An answer that says what is wrong, thrown from anywhere below the router. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** Declares an endpoint; its `input` schema types what `handle` is given. */
export function route<S extends z.ZodType>(spec: RouteSpec<S>): Route {
  const pattern = new RegExp(`^${spec.path.replace(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`);
  return {
    method: spec.method,
    path: spec.path,
    summary: spec.summary,
    kind: spec.kind,
    match(path) {
      const found = pattern.exec(path);
      if (!found) return undefined;
      return Object.fromEntries(Object.entries(found.groups ?? {}).map(([name, text]) => [name, decode(text)]));
    },
    open(call) {
      const parsed = spec.input.safeParse(call.fields);
      if (!parsed.success) throw new Problem(400, 'bad-request', describe(parsed.error));
      return {
        answer: () => spec.handle(parsed.data, call),
        refused: (status) => spec.onFault?.(parsed.data, status),
      };
    },
    problemBody: spec.problemBody ?? ((_status, error, message) => ({ error, message })),
  };
}

/**
 * The endpoint for a request, with its path parameters.
 * @throws Problem 404 for an unknown path, 405 for a known one with another method
 */
export function findRoute(routes: readonly Route[], method: string, path: string): [Route, Record<string, string>] {
  const wanted = method === 'HEAD' ? 'GET' : method;
  const others: string[] = [];
  for (const candidate of routes) {
    const params = candidate.match(path);
    if (!params) continue;
    if (candidate.method === wanted || candidate.method === 'ANY') return [candidate, params];
    others.push(candidate.method);
  }
  if (others.length === 0) throw new Problem(404, 'not-found', `There is no ${path} here; GET / lists what there is.`);
  throw new Problem(405, 'method-not-allowed', `${path} takes ${others.join(' and ')}, not ${method}.`);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Problem(400, 'bad-request', `"${text}" in the path is not properly percent-encoded.`);
  }
}

function describe(error: z.ZodError): string {
  const issues = error.issues.map(({ path, message }) => `${path.join('.') || 'the request'}: ${message}`);
  return `The request is not valid: ${issues.join('; ')}.`;
}
