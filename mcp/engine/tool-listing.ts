import { inputSchemaOf, outputSchemaOf } from '../../core/contract.ts';
import { isObject } from '../../core/json.ts';
import type { Tool } from './define-tool.ts';

type Json = Record<string, unknown>;

/** A tool as `tools/list` shows it. */
export interface ToolListing {
  name: string;
  title: string;
  description: string;
  inputSchema: Json & { type: 'object' };
  outputSchema: Json & { type: 'object' };
  annotations: Tool['annotations'];
  _meta?: { ui: { resourceUri: string } };
}

/** The entry of `tools/list`, without the parts of a schema that cost tokens and tell a model nothing. */
export function listingOf(tool: Tool): ToolListing {
  return {
    name: tool.name,
    title: tool.title,
    description: tool.description,
    inputSchema: withProperties(compact(inputSchemaOf(tool.input))),
    outputSchema: { ...outputOnly(compact(outputSchemaOf(tool.output))), type: 'object' },
    annotations: tool.annotations,
    ...(tool.view && { _meta: { ui: { resourceUri: tool.view } } }),
  };
}

/** Some clients treat a schema without `properties` as a missing schema. */
function withProperties(schema: Json): ToolListing['inputSchema'] {
  return { ...schema, type: 'object', ...(schema.properties === undefined && { properties: {} }) };
}

/**
 * Leaves out what a model does not need: `$schema` (2020-12 is MCP's default dialect), the limits of safe integers, and limits of
 * length (the error for a text that is too long states the limit).
 */
function compact(schema: Json): Json {
  const kept = Object.entries(schema).filter(
    ([key, value]) =>
      !OMITTED_KEYS.includes(key) &&
      !(key === 'minimum' && value === Number.MIN_SAFE_INTEGER) &&
      !(key === 'maximum' && value === Number.MAX_SAFE_INTEGER) &&
      !(isObject(value) && Object.keys(value).length === 0),
  );
  return Object.fromEntries(kept.map(([key, value]) => [key, within(key, value, compact)]));
}

const OMITTED_KEYS = ['$schema', 'propertyNames', 'minLength', 'maxLength'];

/**
 * Leaves out the rules that would make a client refuse an answer. A client may hold the list of an older server, while a newer server
 * adds or omits a field. This server itself checks every answer against the whole schema.
 */
function outputOnly(schema: Json): Json {
  const kept = Object.entries(schema).filter(
    ([key, value]) =>
      !(key === 'additionalProperties' && value === false) && !(key === 'required' && Array.isArray(value)),
  );
  return Object.fromEntries(kept.map(([key, value]) => [key, within(key, value, outputOnly)]));
}

/** Applies `change` to the schemas within a value. Under `properties` the keys are names of fields, even if they look like keywords. */
function within(key: string, value: unknown, change: (schema: Json) => Json): unknown {
  if (Array.isArray(value)) return value.map((item) => (isObject(item) ? change(item) : item));
  if (!isObject(value)) return value;
  if (key !== 'properties') return change(value);
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [name, isObject(field) ? change(field) : field]),
  );
}
