import { z } from 'zod';
import type { StoredWorkflowDef } from '../../core/conductor/types.ts';
import { isObject } from '../../core/json.ts';

type Json = Record<string, unknown>;

/** Limit for a schema in the list of tools, in characters of JSON: about 120 tokens. */
const BUDGET = 480;

const withSchema = z.looseObject({
  inputSchema: z.looseObject({ data: z.record(z.string(), z.unknown()).nullish() }).nullish(),
  inputParameters: z.array(z.string()).nullish(),
  inputTemplate: z.record(z.string(), z.unknown()).nullish(),
});

/**
 * The input schema of a workflow tool: the definition's own schema, or else its listed input names with any values. A long schema is
 * shortened. The start of the workflow still checks the input against the whole schema.
 */
export function inputSchemaOf(def: StoredWorkflowDef): Json {
  const { inputSchema, inputParameters, inputTemplate } = withSchema.parse(def);
  const data = inputSchema?.data;
  if (data?.type !== 'object') return fieldsOf(inputParameters ?? [], inputTemplate ?? {});
  const { $schema: _dialect, $comment: _stamp, ...schema } = data;
  return shortened(withoutKnownPatterns(schema));
}

/** Leaves out a pattern beside a format. zod writes 200 characters for each date, so two dates would exceed the budget. */
function withoutKnownPatterns(schema: Json): Json {
  const isText = schema.type === 'string';
  const entries = Object.entries(schema)
    .filter(([key]) => !(key === 'pattern' && isText && 'format' in schema))
    .map(([key, inner]) => [key, isObject(inner) ? withoutKnownPatterns(inner) : inner]);
  return Object.fromEntries(entries);
}

function fieldsOf(names: readonly string[], defaults: Json): Json {
  const fields = names.map((name) => [name, name in defaults ? { default: defaults[name] } : {}]);
  return shortened({ type: 'object', properties: Object.fromEntries(fields) });
}

/** The first form within the budget: the schema, the schema without examples and inner descriptions, or the outer fields with types. */
function shortened(schema: Json): Json {
  const forms = [() => schema, () => withoutProse(schema, 0), () => outline(schema)];
  for (const form of forms) {
    const short = form();
    if (JSON.stringify(short).length <= BUDGET) return short;
  }
  const names = Object.keys(isObject(schema.properties) ? schema.properties : {});
  const shown = names.join(', ').slice(0, BUDGET / 2);
  return { type: 'object', description: `Fields: ${shown}${shown.length < names.join(', ').length ? '…' : ''}` };
}

function withoutProse(value: unknown, depth: number): Json {
  const kept = Object.entries(value as Json).filter(
    ([key]) => !(key === 'examples' || key === 'title' || (key === 'description' && depth > 1)),
  );
  return Object.fromEntries(
    kept.map(([key, inner]) => {
      if (!isObject(inner)) return [key, inner];
      if (key !== 'properties') return [key, withoutProse(inner, depth + 1)];
      const fields = Object.entries(inner).map(([name, field]) => [
        name,
        isObject(field) ? withoutProse(field, depth + 1) : field,
      ]);
      return [key, Object.fromEntries(fields)];
    }),
  );
}

function outline({ properties, required }: Json): Json {
  const fields = Object.entries(isObject(properties) ? properties : {}).map(([name, field]) => [
    name,
    isObject(field) && typeof field.type === 'string' ? { type: field.type } : {},
  ]);
  return { type: 'object', properties: Object.fromEntries(fields), ...(Array.isArray(required) && { required }) };
}
