import { z } from 'zod';
import type { ApiRequest } from '../../core/conductor/api.ts';
import { FleetError } from '../../core/errors.ts';
import { isObject } from '../../core/json.ts';
import type { Permission } from '../admission/permissions.ts';
import type { ToolContext } from '../engine/define-tool.ts';
import { callOf, quote } from '../shared/quote.ts';
import {
  type AnswerKind,
  fieldsOfBody,
  pathParameters,
  type QueryParameter,
  type QueryType,
  type Route,
} from './route.ts';

/** The arguments that a caller of `invoke_api` gave. */
export interface Given {
  readonly path: Readonly<Record<string, string | number>>;
  readonly query: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
  readonly confirm: boolean;
}

/**
 * Builds the request of a route, and checks what it can check without the server.
 * @throws FleetError `denied` if the route is refused or this caller may not call it; `input` for parameters that the route does not take
 */
export function requestOf(route: Route, given: Given, context: Pick<ToolContext, 'allows' | 'caller'>): ApiRequest {
  const missing = missingPermission(route, given.body, context);
  if (route.refused) throw refusedForAll(route, route.refused);
  if (missing)
    throw denied(route, `it needs the permission ${missing}, which the role ${context.caller.role} does not have.`);
  const mistakes = [...pathMistakes(route, given), ...queryMistakes(route, given), ...bodyMistakes(route, given)];
  if (mistakes.length > 0) {
    throw new FleetError('input', `${route.name}: ${mistakes.slice(0, 10).join(' ')}`, {
      remedy: `See what it takes: ${callOf('describe_api', { operation: route.name })}`,
    });
  }
  if (route.destructive && !given.confirm) {
    throw new FleetError('input', `${route.name} ends, removes or overwrites something, so it needs "confirm":true.`, {
      remedy: `To do it: ${callOf('invoke_api', { operation: route.name, ...shownBack(given), confirm: true })}`,
    });
  }
  const { method, path } = route;
  const query = given.query as NonNullable<ApiRequest['query']>; // `queryMistakes` has checked the types
  const body = given.body === undefined ? {} : { body: given.body };
  return { method, path, params: given.path, query, ...body, answer: schemaOf(route.answer) };
}

/** The caller's arguments, to repeat them in an error. A long body is left out. */
function shownBack({ path, query, body }: Given): Record<string, unknown> {
  const json = JSON.stringify(body) ?? '';
  return {
    ...(Object.keys(path).length > 0 && { path }),
    ...(Object.keys(query).length > 0 && { query }),
    ...(body !== undefined && json.length < 1000 && { body }),
  };
}

/** No role may call the route, so the error does not advise to ask for a permission. */
function refusedForAll({ name, instead }: Route, why: string): FleetError {
  const message = `${name}: this MCP server refuses it for every role, because ${why}.`;
  if (!instead)
    return new FleetError('terminal', message, { remedy: 'Tell the person that it must be done without MCP.' });
  return new FleetError('input', message, { remedy: `Use the tool for this instead: ${instead}.` });
}

function denied({ name, instead }: Route, why: string): FleetError {
  return new FleetError('denied', `${name}: ${why}`, {
    remedy: instead
      ? `The tool for this is ${instead}. What you may do: ${callOf('get_my_permissions', {})}`
      : `See what you may do: ${callOf('get_my_permissions', {})}`,
  });
}

function missingPermission(
  { permission, writesWith }: Route,
  body: unknown,
  { allows }: Pick<ToolContext, 'allows'>,
): Permission | undefined {
  if (!allows(permission)) return permission;
  return writesWith && holds(body, writesWith) && !allows('workflows:write') ? 'workflows:write' : undefined;
}

/** True if the body has the field at any depth. */
function holds(value: unknown, field: string): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([name, inner]) => (name === field && inner !== null) || holds(inner, field));
}

function pathMistakes(route: Route, { path }: Given): string[] {
  const names = pathParameters(route);
  const missing = names.filter((name) => path[name] === undefined || path[name] === '');
  const unknown = Object.keys(path).filter((name) => !names.includes(name));
  return [
    ...missing.map((name) => `path needs ${name}.`),
    ...unknown.map(
      (name) =>
        `There is no path parameter ${quote(name, 100)}${names.length > 0 ? `; the path parameters are ${names.join(', ')}` : ''}.`,
    ),
    ...names
      .filter((name) => /[\\/]|^\.{1,2}$/.test(String(path[name] ?? '')))
      .map((name) => `${name} must be one path segment, without / or \\.`),
  ];
}

function queryMistakes({ query: known = {} }: Route, { query }: Given): string[] {
  const names = Object.keys(known);
  const list = names.length > 0 ? `; the query parameters are ${names.join(', ')}` : '; the operation takes none';
  const wrong = Object.entries(query).flatMap(([name, value]) => {
    const parameter = Object.hasOwn(known, name) ? known[name] : undefined;
    if (parameter === undefined) return [`There is no query parameter ${quote(name, 100)}${list}.`];
    const type = typeOf(parameter);
    return fits(type, value) ? [] : [`${name} must be ${EXPECTED[type]}.`];
  });
  const missing = Object.entries(known).filter(([name, type]) => type.endsWith('!') && query[name] === undefined);
  return [...wrong, ...missing.map(([name]) => `The query parameter ${name} is missing.`)];
}

const EXPECTED: Record<QueryType, string> = {
  string: 'a string',
  integer: 'a whole number',
  boolean: 'true or false',
  strings: 'a list of strings',
};

function typeOf(parameter: QueryParameter): QueryType {
  return parameter.replace('!', '') as QueryType; // a QueryParameter is a type with an optional "!"
}

function fits(type: QueryType, value: unknown): boolean {
  switch (type) {
    case 'integer':
      return Number.isInteger(value);
    case 'boolean':
      return typeof value === 'boolean';
    case 'strings':
      return areStrings(value);
    case 'string':
      return typeof value === 'string';
  }
}

function bodyMistakes(route: Route, { body }: Given): string[] {
  const kind = route.body;
  if (kind === undefined) return body === undefined ? [] : ['The operation takes no body.'];
  if (body === undefined) return [`The operation needs a body: ${bodyInWords(route)}.`];
  if (kind === 'text') return typeof body === 'string' ? [] : ['The body must be a text.'];
  if (kind === 'strings') return areStrings(body) ? [] : ['The body must be a list of strings.'];
  const items: unknown[] = kind.endsWith('[]') ? (Array.isArray(body) ? body : [undefined]) : [body];
  if (!items.every(isObject)) return [`The body must be ${bodyInWords(route)}.`];
  const known = fieldsOfBody(route);
  const unknown = known ? items.flatMap((item) => Object.keys(item)).filter((name) => !known.includes(name)) : [];
  return unknown.map((name) => `The body has no field ${quote(name, 100)}; it has ${(known ?? []).join(', ')}.`);
}

/** What the body must be. The text ends a sentence. */
export function bodyInWords(route: Route): string {
  if (route.body === 'text') return 'a text';
  if (route.body === 'strings') return 'a list of strings';
  const fields = fieldsOfBody(route);
  const one = fields ? `the fields ${fields.join(', ')}` : 'any fields';
  return route.body?.endsWith('[]') ? `a list of JSON objects with ${one}` : `a JSON object with ${one}`;
}

function areStrings(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

/** The expected form of the answer. The schema rejects an error page of a proxy and half an answer. */
function schemaOf(kind: AnswerKind): z.ZodType {
  const notPage = z.string().regex(/^(?!\s*[<{[])/);
  const empty = z.union([z.literal(''), z.undefined()]);
  const kinds: Record<AnswerKind, z.ZodType> = {
    object: z.record(z.string(), z.unknown()),
    array: z.array(z.unknown()),
    number: z.number(),
    text: notPage,
    nothing: empty,
    any: z.union([z.record(z.string(), z.unknown()), z.array(z.unknown()), notPage, z.undefined()]),
  };
  return kinds[kind];
}
