import { z } from 'zod';

/** The parts of a JSON Schema that the pages show. They ignore the rest. */
const schemaSchema = z.looseObject({
  type: z.union([z.string(), z.array(z.string())]).optional(),
  enum: z.array(z.unknown()).optional(),
  const: z.unknown().optional(),
  anyOf: z.array(z.unknown()).optional(),
  items: z.unknown().optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  required: z.array(z.string()).optional(),
  default: z.unknown().optional(),
  description: z.string().optional(),
  examples: z.array(z.unknown()).optional(),
  format: z.string().optional(),
  minimum: z.number().optional(),
  exclusiveMinimum: z.number().optional(),
  maximum: z.number().optional(),
  exclusiveMaximum: z.number().optional(),
  minLength: z.number().optional(),
  maxLength: z.number().optional(),
  minItems: z.number().optional(),
  maxItems: z.number().optional(),
  /** Our own extension (`fromSetting`): the setting whose value is the default. */
  setting: z.string().optional(),
});
type Schema = z.output<typeof schemaSchema>;

/** A field of an object, as its JSON Schema describes it. */
export interface Field {
  name: string;
  /** In words: `string`, `"a" or "b"`, `array of integer`, `object with x, y`. */
  type: string;
  required: boolean;
  default?: unknown;
  /** The setting whose value is the default. */
  setting?: string;
  /** The description and the limits of the field. May be empty. */
  meaning: string;
}

/** The fields of an object schema, in the order in which they are declared. */
export function fieldsOf(schema: unknown): Field[] {
  const { properties = {}, required = [] } = read(schema);
  return Object.entries(properties).map(([name, property]) => {
    const field = read(property);
    return {
      name,
      type: typeOf(field),
      required: required.includes(name) && field.default === undefined,
      ...(field.default !== undefined && { default: field.default }),
      ...(field.setting && { setting: field.setting }),
      meaning: [...(field.description ? [field.description.trim()] : []), ...limitsOf(field)].join('; '),
    };
  });
}

/** An input that fits the schema. It has only the required fields, with values from `examples` if the schema has some. */
export function exampleOf(schema: unknown): Record<string, unknown> {
  const { properties = {}, required = [] } = read(schema);
  const needed = required.filter((name) => read(properties[name]).default === undefined);
  return Object.fromEntries(needed.map((name) => [name, sample(name, read(properties[name]))]));
}

function sample(name: string, schema: Schema): unknown {
  const { examples, enum: values, anyOf, type, minimum = 0, exclusiveMinimum, minLength = 0, format, items } = schema;
  if (examples?.length) return examples[0];
  if (schema.const !== undefined) return schema.const;
  if (values?.length) return values[0];
  if (anyOf?.length) return sample(name, read(anyOf[0]));
  switch (typeNames(type)[0]) {
    case 'string':
      return format === 'uri' ? 'https://example.com/' : name.padEnd(minLength, '-');
    case 'integer':
    case 'number':
      return Math.max(minimum, exclusiveMinimum === undefined ? 1 : Math.floor(exclusiveMinimum) + 1);
    case 'boolean':
      return true;
    case 'array':
      return [sample(name, read(items))];
    case 'null':
      return null;
    default:
      return exampleOf(schema);
  }
}

function typeOf({ type, enum: values, anyOf, items, properties, ...schema }: Schema): string {
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (values) return values.map((value) => JSON.stringify(value)).join(' or ');
  if (anyOf) return [...new Set(anyOf.map((one) => typeOf(read(one))))].join(' or ');
  const named = typeNames(type).map((name) => {
    if (name === 'array') return items === undefined ? 'array' : `array of ${typeOf(read(items))}`;
    if (name === 'object' && properties) return `object with ${Object.keys(properties).join(', ')}`;
    return name;
  });
  return named.join(' or ') || 'anything';
}

/** Leaves out the largest safe integers, which Zod writes as limits of every integer. */
function limitsOf(schema: Schema): string[] {
  const { format, minimum, exclusiveMinimum, maximum, exclusiveMaximum, minLength, maxLength, minItems, maxItems } =
    schema;
  const limitText = (text: string, limit: number | undefined) =>
    limit === undefined || Math.abs(limit) === Number.MAX_SAFE_INTEGER ? [] : [`${text} ${limit}`];
  return [
    ...(format ? [`format ${format}`] : []),
    ...limitText('at least', minimum),
    ...limitText('more than', exclusiveMinimum),
    ...limitText('at most', maximum),
    ...limitText('less than', exclusiveMaximum),
    ...(minLength === 1 ? ['not empty'] : limitText('characters at least', minLength)),
    ...limitText('characters at most', maxLength),
    ...limitText('items at least', minItems),
    ...limitText('items at most', maxItems),
  ];
}

function typeNames(type: Schema['type']): string[] {
  if (type === undefined) return [];
  return typeof type === 'string' ? [type] : type;
}

function read(schema: unknown): Schema {
  return schemaSchema.catch({}).parse(schema);
}
