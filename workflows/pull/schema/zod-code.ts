import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { inputSchemaOf, jsonSchema, outputSchemaOf } from '../../../core/contract.ts';
import { type Code, call, method, object } from '../code/code.ts';
import { literal } from '../code/literals.ts';

/** A schema as code and as what that code evaluates to. */
export interface SchemaCode {
  code: Code;
  schema: z.ZodType;
}

/** Which side of a contract a schema is seen from: see `inputSchemaOf` and `outputSchemaOf`. */
export type Side = 'input' | 'output';

/** A property of an object schema. */
export type Field = readonly [key: string, field: SchemaCode];

/** `z.object({…})` or one of its kin. */
export function objectOf(
  kind: 'object' | 'looseObject' | 'strictObject',
  fields: readonly Field[],
): SchemaCode & { schema: z.ZodObject } {
  const shape = Object.fromEntries(fields.map(([key, { schema }]) => [key, schema]));
  const code = call(`z.${kind}`, [object(fields.map(([key, field]) => [key, field.code] as const))]);
  return { code, schema: z[kind](shape) };
}

/** `schema.optional()`. */
export function optional({ code, schema }: SchemaCode): SchemaCode {
  return { code: wrapped(code, 'optional'), schema: schema.optional() };
}

/** `schema.nullable()`. */
export function nullable({ code, schema }: SchemaCode): SchemaCode {
  return { code: wrapped(code, 'nullable'), schema: schema.nullable() };
}

/** What is no method call of zod's is handed to a function of zod's. */
function wrapped(code: Code, name: string): Code {
  const isZod = code.kind === 'chain' || (code.kind === 'call' && code.callee.startsWith('z.'));
  return isZod ? method(code, name, []) : call(`z.${name}`, [code]);
}

/** Schemas that nothing can be referred to below. */
const opaque = new WeakSet<z.ZodType>();

/** A schema that zod has no words for. Of its values only a plain type is known. */
export function foreign(json: Readonly<Record<string, unknown>>, callee: string): SchemaCode {
  const schema = jsonSchema({ ...json });
  opaque.add(schema);
  const { type } = json;
  const known = type === 'string' || type === 'number' || type === 'boolean' ? type : 'unknown';
  return { code: call(`${callee}<${known}>`, [literal(json)]), schema };
}

/** As much of a schema as its plain type. */
export function plainType({ type }: Readonly<Record<string, unknown>>): SchemaCode {
  if (type === 'string') return { code: call('z.string', []), schema: z.string() };
  if (type === 'number' || type === 'integer') return { code: call('z.number', []), schema: z.number() };
  return type === 'boolean' ? { code: call('z.boolean', []), schema: z.boolean() } : anything();
}

/** Whether typed references end at it. */
export function isOpaque(schema: z.ZodType): boolean {
  return opaque.has(schema);
}

/** A schema without any demand. */
export function anything(): SchemaCode {
  return { code: call('z.unknown', []), schema: z.unknown() };
}

/** For what nothing is known about but that its readers want something of it. */
export function trusted(): SchemaCode {
  return { code: call('z.any', []), schema: z.any() };
}

/** Whether the JSON Schema of `schema` is `json`, whatever the order of the keys. */
export function same(schema: z.ZodType, json: unknown, side: Side): boolean {
  try {
    const { $schema: _, ...written } = side === 'input' ? inputSchemaOf(schema) : outputSchemaOf(schema);
    return isDeepStrictEqual(JSON.parse(JSON.stringify(written)), JSON.parse(JSON.stringify(json)));
  } catch {
    return false; // what zod refuses to write as JSON Schema is not what is stored
  }
}
