import { z } from 'zod';

/** Holds the JSON Schema from which a zod schema was made, so that it is written exactly as it was read. */
const origins = z.registry<{ schema: Record<string, unknown> }>();

/**
 * Makes a zod schema from a JSON Schema, for example from a schema that another tool has registered. `inputSchemaOf` and `outputSchemaOf`
 * return exactly that JSON Schema. `T` is the type of the values, as the caller knows it. If zod cannot read the JSON Schema, every value
 * is accepted.
 */
export function jsonSchema<T = Record<string, unknown>>(schema: Record<string, unknown>): z.ZodType<T> {
  const zod = readable(schema) ?? z.unknown();
  return zod.register(origins, { schema }) as z.ZodType<T>; // the caller knows
}

/** Copies a schema. Callers see the copy as the JSON Schema `shown`, but it checks the same as the original. */
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
