import { z } from 'zod';

/** The JSON Schemas that zod schemas were made from, so that they are written as they were read. */
const origins = z.registry<{ schema: Record<string, unknown> }>();

/**
 * A zod schema made from a JSON Schema, for example a schema that another tool has registered. `inputSchemaOf` and `outputSchemaOf` return
 * exactly that JSON Schema. `T` is what the caller knows about the values. A JSON Schema that zod cannot read checks nothing.
 */
export function jsonSchema<T = Record<string, unknown>>(schema: Record<string, unknown>): z.ZodType<T> {
  const zod = readable(schema) ?? z.unknown();
  return zod.register(origins, { schema }) as z.ZodType<T>; // the caller knows
}

/** A copy of a schema that callers see as the JSON Schema `shown`. What it checks stays the same. */
export function shownAs<S extends z.ZodType>(schema: S, shown: Record<string, unknown>): S {
  const copy = schema.clone();
  origins.add(copy, { schema: shown });
  return copy;
}

/** The JSON Schema of an input as callers see it: fields with defaults are optional. */
export function inputSchemaOf(schema: z.ZodType): Record<string, unknown> {
  return schemaOf(schema, 'input');
}

/** The JSON Schema of an output as readers see it. */
export function outputSchemaOf(schema: z.ZodType): Record<string, unknown> {
  return schemaOf(schema, 'output');
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Record<string, unknown> {
  const origin = origins.get(schema);
  if (origin) return structuredClone(origin.schema);
  return z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    override({ zodSchema, jsonSchema: written }) {
      const inner = origins.get(zodSchema);
      if (!inner) return;
      for (const key of Object.keys(written)) delete written[key as keyof typeof written];
      Object.assign(written, structuredClone(inner.schema));
    },
  });
}

/** Undefined if zod cannot read the JSON Schema. */
function readable(schema: Record<string, unknown>): z.ZodType | undefined {
  try {
    return z.fromJSONSchema(schema);
  } catch {
    return undefined;
  }
}
