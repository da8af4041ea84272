import { z } from 'zod';
import { isObject } from '../../../core/json.ts';
import { array, call, method } from '../code/code.ts';
import { literal } from '../code/literals.ts';
import { type Field, nullable, objectOf, type SchemaCode, type Side, same } from './zod-code.ts';

/** How the parts of a schema are read. */
interface Parts {
  read(json: unknown): SchemaCode;
  fields(properties: Record<string, unknown>, required: unknown): Field[];
}

type Json = Record<string, unknown>;

/** Zod for a schema without its description and default: the first candidate that says exactly this, if there is one. */
export function base(json: Json, side: Side, parts: Parts): SchemaCode | undefined {
  for (const candidate of candidates(json, parts)) if (same(candidate.schema, json, side)) return candidate;
  return undefined;
}

function* candidates(json: Json, parts: Parts): Generator<SchemaCode> {
  if (Object.keys(json).length === 0) yield { code: call('z.unknown', []), schema: z.unknown() };
  yield* choices(json, parts);
  yield* orNull(json, parts);
  if (Array.isArray(json.type) && json.type.length > 1) {
    yield union(
      json.type.map((type) => ({ ...json, type })),
      parts,
    );
  }
  if (json.type === 'string') yield* texts(json);
  if (json.type === 'number' || json.type === 'integer') yield numbers(json);
  if (json.type === 'boolean') yield { code: call('z.boolean', []), schema: z.boolean() };
  if (json.type === 'null') yield { code: call('z.null', []), schema: z.null() };
  if (json.type === 'array') yield* lists(json, parts);
  if (json.type === 'object') yield* objects(json, parts);
}

function* choices(json: Json, parts: Parts): Generator<SchemaCode> {
  const { enum: values, anyOf } = json;
  const { const: value } = json;
  if (isPrimitive(value)) yield { code: call('z.literal', [literal(value)]), schema: z.literal(value) };
  if (Array.isArray(values) && values.length > 0) {
    if (values.every((one) => typeof one === 'string')) {
      yield { code: call('z.enum', [literal(values)]), schema: z.enum(values) };
    }
    if (values.every(isPrimitive)) yield { code: call('z.literal', [literal(values)]), schema: z.literal(values) };
  }
  if (Array.isArray(anyOf) && anyOf.length > 1) {
    yield union(anyOf, parts);
  }
}

function union(alternatives: readonly unknown[], parts: Parts): SchemaCode {
  const options = alternatives.map((option) => parts.read(option));
  return {
    code: call('z.union', [array(options.map(({ code }) => code))]),
    schema: z.union(options.map(({ schema }) => schema)),
  };
}

function* orNull(json: Json, parts: Parts): Generator<SchemaCode> {
  const { type, anyOf, ...rest } = json;
  const inner =
    Array.isArray(type) && type.length === 2 && type[1] === 'null'
      ? { ...rest, type: type[0] }
      : Array.isArray(anyOf) && anyOf.length === 2 && isObject(anyOf[1]) && anyOf[1].type === 'null'
        ? anyOf[0]
        : undefined;
  if (inner === undefined) return;
  yield nullable(parts.read(inner));
}

function* texts({ minLength, maxLength, pattern }: Json): Generator<SchemaCode> {
  const formats: [string, z.ZodString | z.ZodStringFormat][] = [
    ['z.string', z.string()],
    ['z.url', z.url()],
    ['z.email', z.email()],
    ['z.uuid', z.uuid()],
    ['z.iso.datetime', z.iso.datetime()],
    ['z.iso.date', z.iso.date()],
  ];
  for (const [name, format] of formats) {
    let code: SchemaCode['code'] = call(name, []);
    let schema = format;
    if (typeof minLength === 'number') {
      code = method(code, 'min', [literal(minLength)]);
      schema = schema.min(minLength);
    }
    if (typeof maxLength === 'number') {
      code = method(code, 'max', [literal(maxLength)]);
      schema = schema.max(maxLength);
    }
    yield { code, schema };
    const expression = typeof pattern === 'string' && name === 'z.string' ? expressionOf(pattern) : undefined;
    if (expression && typeof pattern === 'string') {
      yield { code: method(code, 'regex', [call('new RegExp', [literal(pattern)])]), schema: schema.regex(expression) };
    }
  }
}

function numbers(json: Json): SchemaCode {
  let code: SchemaCode['code'] = call(json.type === 'integer' ? 'z.int' : 'z.number', []);
  let schema: z.ZodNumber = json.type === 'integer' ? z.int() : z.number();
  const limits = [
    ['minimum', 'min'],
    ['exclusiveMinimum', 'gt'],
    ['maximum', 'max'],
    ['exclusiveMaximum', 'lt'],
    ['multipleOf', 'multipleOf'],
  ] as const;
  for (const [keyword, name] of limits) {
    const value = json[keyword];
    if (typeof value !== 'number') continue;
    if (json.type === 'integer' && Math.abs(value) === Number.MAX_SAFE_INTEGER) continue; // what `z.int()` has by itself
    schema = schema[name](value);
    code =
      keyword === 'exclusiveMinimum' && value === 0
        ? method(code, 'positive', [])
        : method(code, name, [literal(value)]);
  }
  return { code, schema };
}

function* lists({ items, minItems, maxItems }: Json, parts: Parts): Generator<SchemaCode> {
  const item = parts.read(items ?? {});
  let code: SchemaCode['code'] = call('z.array', [item.code]);
  let schema = z.array(item.schema);
  if (typeof minItems === 'number') {
    code = method(code, 'min', [literal(minItems)]);
    schema = schema.min(minItems);
  }
  if (typeof maxItems === 'number') {
    code = method(code, 'max', [literal(maxItems)]);
    schema = schema.max(maxItems);
  }
  yield { code, schema };
}

function* objects({ properties, required, additionalProperties }: Json, parts: Parts): Generator<SchemaCode> {
  if (isObject(properties)) {
    if (Object.hasOwn(properties, '__proto__')) return; // no object schema can have a key of that name
    const fields = parts.fields(properties, required);
    yield objectOf('object', fields);
    yield objectOf('looseObject', fields);
    yield objectOf('strictObject', fields);
  } else if (isObject(additionalProperties)) {
    const value = parts.read(additionalProperties);
    yield { code: call('z.record', [call('z.string', []), value.code]), schema: z.record(z.string(), value.schema) };
  }
}

function expressionOf(pattern: string): RegExp | undefined {
  try {
    return new RegExp(pattern);
  } catch {
    return undefined;
  }
}

function isPrimitive(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}
