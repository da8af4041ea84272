import { isDeepStrictEqual } from 'node:util';
import { inputSchemaOf, outputSchemaOf } from '../../../core/contract.ts';
import type { SchemaReader } from '../schema/from-json.ts';
import { type SchemaCode, trusted } from '../schema/zod-code.ts';
import type { Use } from './uses.ts';
import type { Refer } from './wire.ts';

/** What a variable is set to: a plain value, or a reference to something of this JSON Schema, if one is known. */
export type Assigned = { value: unknown } | { json: Record<string, unknown> | undefined };

/** What setting a variable to a stored value tells of it. */
export function assigned(value: unknown, refer: Refer): Assigned {
  if (typeof value !== 'string') return JSON.stringify(value).includes('${') ? { json: undefined } : { value };
  const [, path] = /^\$\{([^{}]*)\}$/.exec(value) ?? [];
  if (path === undefined) return value.includes('${') ? { json: { type: 'string' } } : { value };
  const found = refer(path);
  if (!found) return { json: undefined };
  const { $schema: _, ...json } = outputSchemaOf(found.schema);
  return { json: Object.keys(json).length > 0 ? json : undefined };
}

/** The schema that fits all a variable is set to and all it is used for; one that fits everything if there is none. */
export function variableSchema(settings: readonly Assigned[], use: Use | undefined, reader: SchemaReader): SchemaCode {
  if (settings.length === 0 || (use && !use.isLeaf)) return trusted();
  const expected = [...(use?.expected ?? [])].map((json): Record<string, unknown> => JSON.parse(json));
  if (expected.length > 1) return trusted();
  const candidate = expected[0] ?? typeOf(settings[0]);
  if (!candidate) return trusted();
  const { code, schema } = reader.read(candidate, 'input');
  const { $schema: _, ...written } = inputSchemaOf(schema);
  const fits = (one: Assigned) =>
    'value' in one ? schema.safeParse(one.value).success : isDeepStrictEqual(one.json, written);
  return settings.every(fits) ? { code, schema } : trusted();
}

/** Undefined for a value whose type is not plain from itself, such as an empty list. */
function typeOf(setting: Assigned | undefined): Record<string, unknown> | undefined {
  if (setting && 'json' in setting) return setting.json;
  const type = typeof setting?.value;
  return type === 'string' || type === 'number' || type === 'boolean' ? { type } : undefined;
}
