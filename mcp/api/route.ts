import type { Permission } from '../admission/permissions.ts';
import { bodyFields } from './body-fields.ts';

const METHODS = ['GET', 'POST', 'PUT', 'DELETE'] as const;
type Method = (typeof METHODS)[number];

/** The types of query parameters. */
const QUERY_TYPES = ['string', 'integer', 'boolean', 'strings'] as const;
export type QueryType = (typeof QUERY_TYPES)[number];

/** A query parameter: its type, with `!` where it is required. */
export type QueryParameter = QueryType | `${QueryType}!`;

/** The kind of the server's answer; `any` if the answer may also be empty. */
export type AnswerKind = 'object' | 'array' | 'text' | 'number' | 'nothing' | 'any';

interface Details {
  /** A type of `bodyFields`, with `[]` for a list; or else `object`, `strings` or `text`. */
  readonly body?: string;
  /** The route ends, removes or overwrites something. Always true for DELETE. */
  readonly destructive?: true;
  /** If set, no caller may use the route, and this text says why. */
  readonly refused?: string;
  /** The body field that may hold a workflow definition. A caller who sends it needs the permission to write definitions. */
  readonly writesWith?: string;
  /**
   * Why the route lets no code, address or changed data into an execution. A route that writes and does not say so needs the permission to
   * write definitions.
   */
  readonly harmless?: string;
  /** A behaviour of the route that a caller would not expect. */
  readonly trap?: string;
  /** The tool that does the same with more care. */
  readonly instead?: string;
}

/** One route of the Conductor server's REST API. */
export interface Route extends Details {
  readonly name: string;
  readonly method: Method;
  readonly path: `/api/${string}`;
  readonly query?: Readonly<Record<string, QueryParameter>>;
  readonly purpose: string;
  readonly permission: Permission;
  readonly answer: AnswerKind;
}

/**
 * A route as a row of the catalogue. The call leaves `/api` out and lists the query parameters: `?name!&start:integer` is a required
 * string and an optional integer.
 */
export type Row = readonly [
  name: string,
  call: `${Method} /${string}`,
  permission: Permission,
  answer: AnswerKind,
  purpose: string,
  details?: Details,
];

/** The query parameters of every search. */
export const SEARCH = 'start:integer&size:integer&sort&freeText&query';

/** Reasons why routes are refused. Each reason follows the word "because". */
export const REFUSED = {
  result: 'results of tasks go through update_task, decide_approval and signal_workflow, which check who has the task',
  poll: 'agents take tasks with claim_task, which extends their lease',
  starter: 'it cannot record who starts the execution, and approvals depend on that',
  environment: 'an environment value can be a secret',
  secrets: 'only workers and the person who runs the server may read or change secrets',
};

/** Why a route that writes is harmless. Each reason follows the words "It is harmless, because". */
export const HARMLESS = {
  state: 'it only stops or continues executions',
  repeat: 'it repeats failed tasks with the same data and the same definition',
  look: 'the server only looks again at what it has',
  log: 'no task reads a log',
  start: 'it starts a registered workflow at its beginning and records who started it',
};

/** @throws Error for a row whose call has an unknown method or query type */
export function routeOf([name, call, permission, answer, purpose, details]: Row): Route {
  const [, method, path, query] = /^(\w+) (\/[^?]*)(?:\?(.*))?$/.exec(call) ?? [];
  const known = METHODS.find((one) => one === method);
  if (!known) throw new Error(`The catalogue row of ${name} has a wrong call: ${call}`);
  return {
    name,
    method: known,
    path: `/api${path as `/${string}`}`, // the pattern says so
    ...(query && { query: Object.fromEntries(query.split('&').map(queryParameter)) }),
    permission: permission === 'workflows:execute' && !details?.harmless ? 'workflows:write' : permission,
    answer,
    purpose,
    ...(known === 'DELETE' && { destructive: true }),
    ...details,
  };
}

function queryParameter(text: string): [name: string, QueryParameter] {
  const [, name = '', type = 'string', required] = /^(\w+)(?::(\w+))?(!)?$/.exec(text) ?? [];
  const known = QUERY_TYPES.find((one) => one === type);
  if (!name || !known) throw new Error(`Wrong query parameter: ${text}`);
  return [name, required ? `${known}!` : known];
}

/** Names of the path parameters, in their order. */
export function pathParameters({ path }: Pick<Route, 'path'>): string[] {
  return Array.from(path.matchAll(/\{(\w+)\}/g), ([, name = '']) => name);
}

/** The fields that the server reads in the body. Undefined if it takes any field. */
export function fieldsOfBody({ body }: Pick<Route, 'body'>): readonly string[] | undefined {
  return body === undefined ? undefined : bodyFields[body.replace('[]', '')];
}

export function isReadOnly({ permission }: Route): boolean {
  return permission.endsWith(':read');
}

/** `read-only`, `writes` or `destructive`. */
export function effectOf(route: Route): string {
  if (route.destructive) return 'destructive';
  return isReadOnly(route) ? 'read-only' : 'writes';
}
