import type { z } from 'zod';
import type { Entry } from './books.ts';

/** One request as the endpoints see it. */
export interface Call {
  readonly method: string;
  /** Still percent-encoded, and without a slash at its end. */
  readonly path: string;
  readonly body: unknown;
  /**
   * Query, body and path parameters as one object. Path parameters override the body, and the body overrides the query. A body that is not
   * an object replaces all of them.
   */
  readonly fields: unknown;
  /** The order that the request is about: the field `orderId` of `fields`. */
  readonly orderId: string | undefined;
  readonly idempotencyKey: string | undefined;
  /** The request itself. Its body stream is already read: use `body`. */
  readonly request: Request;
}

/** A JSON answer. */
export interface Reply {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** The entry in the books that describes this answer's effect. */
  readonly entry?: Entry;
}

/**
 * - `effect`  changes something. It honours `Idempotency-Key` and obeys ordered faults.
 * - `read`    changes nothing. It obeys ordered faults.
 * - `control` serves the person or test that watches the shop. No fault affects it.
 */
export type EndpointKind = 'effect' | 'read' | 'control';

/** One method and path of the shop. */
export interface Endpoint {
  /** `ANY` for all methods. */
  readonly method: string;
  /** With parameters as Hono writes them: `/inventory/:sku`. */
  readonly path: string;
  readonly summary: string;
  readonly kind: EndpointKind;
  /** Parses the request. @throws Problem 400 */
  open(call: Call): OpenedCall;
  /** The body of an error answer in this endpoint's protocol. */
  problemBody(status: number, code: string, message: string): unknown;
}

/** A request that is valid and has had no effect yet. */
export interface OpenedCall {
  answer(): Reply | Response | Promise<Reply | Response>;
  /** Called when an ordered fault answers instead. */
  refused(status: number): void;
}

interface EndpointSpec<S extends z.ZodType> {
  method: 'GET' | 'POST' | 'DELETE' | 'ANY';
  path: string;
  summary: string;
  kind: EndpointKind;
  /** Parses `Call.fields`. */
  input: S;
  handle(input: z.output<S>, call: Call): Reply | Response | Promise<Reply | Response>;
  onFault?(input: z.output<S>, status: number): void;
  problemBody?: Endpoint['problemBody'];
}

/** An error answer, thrown from anywhere below an endpoint. */
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

/** Makes an endpoint whose handler receives its parsed input. */
export function endpoint<S extends z.ZodType>(spec: EndpointSpec<S>): Endpoint {
  const { method, path, summary, kind } = spec;
  return {
    method,
    path,
    summary,
    kind,
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

function describe(error: z.ZodError): string {
  const issues = error.issues.map(({ path, message }) => `${path.join('.') || 'the request'}: ${message}`);
  return `The request is not valid: ${issues.join('; ')}.`;
}
