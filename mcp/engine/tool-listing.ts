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

/** The entry of `tools/list`, free of what costs tokens and says nothing. */
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

/** Some clients take a schema without properties for one that is not there. */
function withProperties(schema: Json): ToolListing['inputSchema'] {
  return { ...schema, type: 'object', ...(schema.properties === undefined && { properties: {} }) };
}

/**
 * JSON Schema 2020-12 is MCP's default dialect, what zod adds beyond it is true of every JSON value, and a text that is too long is
 * refused with a sentence that says how long it may be.
 */
function compact(schema: Json): Json {
  const kept = Object.entries(schema).filter(
    ([key, value]) =>
      !SAYS_NOTHING.includes(key) &&
      !(key === 'minimum' && value === Number.MIN_SAFE_INTEGER) &&
      !(key === 'maximum' && value === Number.MAX_SAFE_INTEGER) &&
      !(isObject(value) && Object.keys(value).length === 0),
  );
  return Object.fromEntries(kept.map(([key, value]) => [key, within(key, value, compact)]));
}

const SAYS_NOTHING = ['$schema', 'propertyNames', 'minLength', 'maxLength'];

/**
 * What an answer may hold, without what clients would use to refuse one: a later version may answer with more or leave something
 * away, and a client may hold an old list. Our own side checks every answer against the whole schema.
 */
function outputOnly(schema: Json): Json {
  const kept = Object.entries(schema).filter(
    ([key, value]) =>
      !(key === 'additionalProperties' && value === false) && !(key === 'required' && Array.isArray(value)),
  );
  return Object.fromEntries(kept.map(([key, value]) => [key, within(key, value, outputOnly)]));
}

/** The parts of a schema changed alike. Under `properties` the keys are names of somebody's fields, whatever they look like. */
function within(key: string, value: unknown, change: (schema: Json) => Json): unknown {
  if (Array.isArray(value)) return value.map((item) => (isObject(item) ? change(item) : item));
  if (!isObject(value)) return value;
  if (key !== 'properties') return change(value);
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [name, isObject(field) ? change(field) : field]),
  );
}
