import type { Permission } from '../engine/permissions.ts';
import { bodyFields } from './body-fields.ts';

/** What a query parameter takes; with `!` it is required. */
export type QueryType = 'string' | 'integer' | 'boolean' | 'strings' | 'string!' | 'strings!';

/** What the server answers with; `any` where it may also be nothing. */
export type AnswerKind = 'object' | 'array' | 'text' | 'number' | 'nothing' | 'any';

/** What every search of the server takes. */
export const SEARCH = {
  start: 'integer',
  size: 'integer',
  sort: 'string',
  freeText: 'string',
  query: 'string',
} as const satisfies Record<string, QueryType>;

interface More {
  readonly query?: Readonly<Record<string, QueryType>>;
  /** A type of `bodyFields`, with `[]` a list of them; else `object`, `strings` or `text`. */
  readonly body?: string;
  /** It ends, removes or overwrites something. */
  readonly destructive?: true;
  /** Why nobody may call it through us. */
  readonly refused?: string;
  /** A field of the body that holds a definition, which takes the permission to write one. */
  readonly writesWith?: string;
  readonly trap?: string;
  /** The tool that does the same with more care. */
  readonly instead?: string;
}

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** One route of the Conductor server's REST API. */
export interface Route extends More {
  readonly name: string;
  readonly method: Method;
  readonly path: `/api/${string}`;
  readonly purpose: string;
  readonly permission: Permission;
  readonly answer: AnswerKind;
}

/** A row of the catalogue. */
export function route(
  name: string,
  call: `${Method} /api/${string}`,
  purpose: string,
  permission: Permission,
  answer: AnswerKind,
  more: More = {},
): Route {
  const [method, path] = call.split(' ') as [Method, `/api/${string}`]; // as its type says
  return { name, method, path, purpose, permission, answer, ...more };
}

/** Names of the path parameters, in their order. */
export function pathParameters({ path }: Pick<Route, 'path'>): string[] {
  return Array.from(path.matchAll(/\{(\w+)\}/g), ([, name = '']) => name);
}

/** The fields that the server reads of the body; undefined where it takes any. */
export function fieldsOfBody({ body }: Pick<Route, 'body'>): readonly string[] | undefined {
  return body === undefined ? undefined : bodyFields[body.replace('[]', '')];
}

export function isReadOnly({ permission }: Route): boolean {
  return permission.endsWith(':read');
}

/** `read-only`, `writes` or `destructive`. */
export function effectOf(of: Route): string {
  if (of.destructive) return 'destructive';
  return isReadOnly(of) ? 'read-only' : 'writes';
}
