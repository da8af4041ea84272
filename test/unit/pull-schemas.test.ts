import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { fromSetting, inputSchemaOf, outputSchemaOf } from '../../core/contract.ts';
import { print } from '../../workflows/pull/code/print.ts';
import { type Side, zodCode } from '../../workflows/pull/schema/zod-code.ts';

/** Returns the code for a JSON Schema, and the zod schema to which the code evaluates. */
function read(json: unknown, side: Side): { source: string; made: z.ZodType } {
  const source = print([{ value: zodCode(json, side, () => 'fromSetting') }]).source.replace(/;\n$/, '');
  const made = new Function('z', 'fromSetting', `return (${source})`)(z, fromSetting) as z.ZodType;
  return { source, made };
}

function jsonOf(schema: z.ZodType, side: Side): Record<string, unknown> {
  const { $schema: _, ...json } = side === 'input' ? inputSchemaOf(schema) : outputSchemaOf(schema);
  return JSON.parse(JSON.stringify(json));
}

describe('the JSON Schema of a zod schema is written as the same zod code', () => {
  test.each([
    ['z.string().min(1)', z.string().min(1)],
    ['z.url()', z.url()],
    ['z.iso.datetime()', z.iso.datetime()],
    ['z.uuid().optional()', z.object({ a: z.uuid().optional() })],
    ['z.int().positive()', z.int().positive()],
    ['z.number().min(0).max(1)', z.number().min(0).max(1)],
    ["z.enum(['a', 'b'])", z.enum(['a', 'b'])],
    ["z.literal('a')", z.literal('a')],
    ['z.literal([1, 2])', z.literal([1, 2])],
    ['z.array(z.string()).min(1)', z.array(z.string()).min(1)],
    ['z.record(z.string(), z.unknown())', z.record(z.string(), z.unknown())],
    ['z.string().nullable()', z.string().nullable()],
    ['z.union([z.string(), z.number()])', z.union([z.string(), z.number()])],
    ["z.string().describe('It\\'s')".replace("\\'", "'").replace("'It's'", '"It\'s"'), z.string().describe("It's")],
    ['z.boolean().default(true)', z.boolean().default(true)],
    ["fromSetting('shopUrl', z.url(), 'http://a')", fromSetting('shopUrl', z.url(), 'http://a')],
    ['z.looseObject({ a: z.unknown() })', z.looseObject({ a: z.unknown() })],
  ])('%s', (code, schema) => {
    const { source, made } = read(jsonOf(schema, 'input'), 'input');
    expect(source).toContain(code);
    expect(jsonOf(made, 'input')).toEqual(jsonOf(schema, 'input'));
  });
});

test.each([
  [{ type: 'string', title: 'A title' }, 'z.string()'],
  [{ type: 'string', format: 'date' }, 'z.string()'],
  [{ oneOf: [{ type: 'string' }] }, 'z.unknown()'],
  [{ $ref: '#/$defs/x' }, 'z.unknown()'],
  [{ type: 'object', properties: {}, required: ['missing'] }, 'z.object({})'],
  [{ type: 'object', properties: JSON.parse('{"__proto__": {"type": "string"}}') }, 'z.object({})'],
  [{ type: 'string', pattern: '(' }, 'z.string()'],
  [{ enum: ['a', 1, null] }, 'z.unknown()'],
  [{ type: 'number', default: 'a text' }, 'z.number()'],
  [{ id: 'x', type: 'string' }, 'z.string()'],
])('zod cannot express %j, so the code expresses a part of it', (json, code) => {
  const { source, made } = read(json, 'input');
  expect(source).toBe(code);
  expect(jsonOf(made, 'input')).not.toEqual(json); // pull reports this loss when it compares the whole definition
});

describe('any schema that zod can express', () => {
  const leaf = fc.constantFrom<z.ZodType>(
    z.string(),
    z.url(),
    z.int(),
    z.number().max(3),
    z.boolean(),
    z.null(),
    z.unknown(),
    z.enum(['x', "it's"]),
    z.literal(7),
    z.string().default('a'),
    z.number().describe('`${n}`'),
    z.iso.date(),
  );
  const schemas = fc.letrec<{ any: z.ZodType }>((tie) => ({
    any: fc.oneof(
      { depthSize: 'small' },
      leaf,
      tie('any').map((inner) => z.array(inner)),
      tie('any').map((inner) => inner.nullable()),
      tie('any').map((inner) => z.record(z.string(), inner)),
      fc
        .dictionary(fc.constantFrom('a', 'b c', 'toJSON', "d'e"), fc.tuple(tie('any'), fc.boolean()), { maxKeys: 4 })
        .map((fields) => {
          const shape = Object.entries(fields).map(([key, [field, isOptional]]) => [
            key,
            isOptional ? field.optional() : field,
          ]);
          return z.object(Object.fromEntries(shape));
        }),
    ),
  })).any;

  test.each<Side>(['input', 'output'])(
    'as %s, any schema that zod can express is written as code that evaluates to the same schema',
    (side) => {
      fc.assert(
        fc.property(schemas, (schema) => {
          const json = jsonOf(schema, side);
          expect(jsonOf(read(json, side).made, side)).toEqual(json);
        }),
        { numRuns: 150 },
      );
    },
  );
});
