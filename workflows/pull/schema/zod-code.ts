import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { inputSchemaOf, type WorkflowSettings } from '../../../core/contract.ts';
import { isObject } from '../../../core/json.ts';
import { array, type Code, call, literal, object } from '../code/print.ts';
import { present } from './values.ts';

/** The side of a contract that a schema describes: see `inputSchemaOf` and `outputSchemaOf`. */
export type Side = 'input' | 'output';

const SETTINGS: readonly (keyof WorkflowSettings)[] = ['shopUrl', 'llmProvider', 'llmModel'];

const FORMATS = Object.entries({
  'z.url': z.url(),
  'z.email': z.email(),
  'z.uuid': z.uuid(),
  'z.iso.datetime': z.iso.datetime(),
  'z.iso.date': z.iso.date(),
}).map(([name, schema]) => ({ name, json: inputSchemaOf(schema) }));

/** Methods of zod's number schemas, by keyword of JSON Schema. */
const LIMITS = {
  minimum: 'min',
  exclusiveMinimum: 'gt',
  maximum: 'max',
  exclusiveMaximum: 'lt',
  multipleOf: 'multipleOf',
};

/**
 * Writes the zod code for a JSON Schema. Zod cannot express every schema, so the JSON Schema of the code may differ from the given schema.
 * The comparison of the whole definition finds this difference.
 */
export function zodCode(schema: unknown, side: Side, fromSetting: () => string): Code {
  const inner = (part: unknown) => zodCode(part, side, fromSetting);
  if (schema === true) return 'z.any()';
  if (!isObject(schema)) return 'z.unknown()';
  const { default: fallback, description, setting, ...plain } = schema;
  let code = bare(plain, side, inner);
  if (typeof description === 'string') code = [code, call('.describe', [literal(description)])];
  const known = SETTINGS.find((name) => name === setting);
  if (known && schema.type === 'string' && typeof fallback === 'string') {
    return call(fromSetting(), [literal(known), code, literal(fallback)]);
  }
  return 'default' in schema && fits(schema) ? [code, call('.default', [literal(fallback)])] : code;
}

/** The code for a schema, without its description and default. */
function bare(schema: Readonly<Record<string, unknown>>, side: Side, inner: (part: unknown) => Code): Code {
  const { type, const: value, enum: values, anyOf } = schema;
  if (isPrimitive(value)) return call('z.literal', [literal(value)]);
  if (Array.isArray(values) && values.length > 0 && values.every(isPrimitive)) {
    return call(type === 'string' ? 'z.enum' : 'z.literal', [literal(values)]);
  }
  const { value: notNull, isNullable } = present(schema);
  if (isNullable) return [inner(notNull), '.nullable()'];
  const choices = Array.isArray(type) ? type.map((one) => ({ ...schema, type: one })) : anyOf;
  if (Array.isArray(choices) && choices.length > 1) return call('z.union', [array(choices.map(inner))]);
  switch (type) {
    case 'string':
      return text(schema);
    case 'number':
    case 'integer':
      return number(schema);
    case 'boolean':
    case 'null':
      return `z.${type}()`;
    case 'array':
      return [call('z.array', [inner(schema.items)]), limit('min', schema.minItems), limit('max', schema.maxItems)];
    case 'object':
      return objectCode(schema, side, inner);
    default:
      return 'z.unknown()';
  }
}

function objectCode(schema: Readonly<Record<string, unknown>>, side: Side, inner: (part: unknown) => Code): Code {
  const { properties, required, additionalProperties: others } = schema;
  if (!isObject(properties))
    return isObject(others) ? call('z.record', ['z.string()', inner(others)]) : 'z.looseObject({})';
  const fields = Object.entries(properties)
    .filter(([key]) => key !== '__proto__') // a zod object cannot have this key
    .map(([key, field]) => {
      const hasDefault = side === 'input' && isObject(field) && 'default' in field;
      const isSure = hasDefault || (Array.isArray(required) && required.includes(key));
      return [key, isSure ? inner(field) : [inner(field), '.optional()']] as const;
    });
  const kind = isDeepStrictEqual(others, {})
    ? 'looseObject'
    : others === false && side === 'input'
      ? 'strictObject'
      : 'object';
  return call(`z.${kind}`, [object(fields)]);
}

function text({ type, minLength, maxLength, pattern, format }: Readonly<Record<string, unknown>>): Code {
  const own = { type, ...(format !== undefined && { format }), ...(pattern !== undefined && { pattern }) };
  const known = FORMATS.find(({ json: { $schema: _, ...json } }) => isDeepStrictEqual(json, own));
  const regex =
    !known && typeof pattern === 'string' && isSource(pattern) ? call('new RegExp', [literal(pattern)]) : undefined;
  return [
    `${known?.name ?? 'z.string'}()`,
    limit('min', minLength),
    limit('max', maxLength),
    regex ? call('.regex', [regex]) : '',
  ];
}

function number(schema: Readonly<Record<string, unknown>>): Code {
  const isInteger = schema.type === 'integer';
  const limits = Object.entries(LIMITS).map(([keyword, method]) => {
    const value = schema[keyword];
    if (isInteger && Math.abs(Number(value)) === Number.MAX_SAFE_INTEGER) return ''; // `z.int()` already has this limit
    return keyword === 'exclusiveMinimum' && value === 0 ? '.positive()' : limit(method, value);
  });
  return [isInteger ? 'z.int()' : 'z.number()', ...limits];
}

function limit(method: string, value: unknown): Code {
  return typeof value === 'number' ? call(`.${method}`, [literal(value)]) : '';
}

/** True if a regular expression made from this text has exactly this text as its source. */
function isSource(pattern: string): boolean {
  try {
    return new RegExp(pattern).source === pattern;
  } catch {
    return false;
  }
}

/** True if the default of a schema fits the schema. The compiler rejects any other default. */
function fits({ default: fallback, ...schema }: Readonly<Record<string, unknown>>): boolean {
  try {
    return z.fromJSONSchema(schema).safeParse(fallback).success;
  } catch {
    return false;
  }
}

function isPrimitive(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}
