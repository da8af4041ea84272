import type { ToolListing } from '../../mcp/engine/tool-listing.ts';

type Json = Record<string, unknown>;

/** Arguments that a tool must refuse, and the mistake in them. */
export interface Mistake {
  readonly what: string;
  readonly args: Json;
}

/** For each JSON type, a wrong value that a model might send. */
const WRONG: Readonly<Record<string, unknown>> = {
  string: { text: 'x' },
  integer: 'three',
  number: 'three',
  boolean: 'maybe',
  array: 7,
  object: 'not an object',
};

/** Returns the mistakes that models make with a tool: no arguments, a wrong type for each parameter, an unknown parameter. */
export function mistakesFor({ inputSchema }: Pick<ToolListing, 'inputSchema'>): Mistake[] {
  const properties = (inputSchema.properties ?? {}) as Record<string, Json>;
  const required = (inputSchema.required ?? []) as string[];
  const right = Object.fromEntries(required.map((name) => [name, exampleOf(properties[name] ?? {}, name)]));
  const wrong = Object.entries(properties).flatMap(([name, schema]) => {
    const value = WRONG[String(schema.type)];
    return value === undefined ? [] : [{ what: `${name} of a wrong type`, args: { ...right, [name]: value } }];
  });
  return [
    ...(required.length > 0 ? [{ what: 'nothing at all', args: {} }] : []),
    ...wrong,
    { what: 'a parameter that does not exist', args: { ...right, no_such_parameter: 1 } },
  ];
}

function exampleOf(schema: Json, name: string): unknown {
  if (Array.isArray(schema.enum)) return schema.enum[0];
  switch (schema.type) {
    case 'integer':
    case 'number':
      return 1;
    case 'boolean':
      return true;
    case 'array':
      return [exampleOf((schema.items ?? {}) as Json, name)];
    case 'object':
      return {};
    default:
      return /id$/i.test(name) ? '5c1f0d7e-33a1-4c0b-9a55-1f0a8a3b7c11' : 'example';
  }
}
