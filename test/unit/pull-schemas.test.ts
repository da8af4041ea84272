import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { fromSetting, inputSchemaOf, jsonSchema, outputSchemaOf } from '../../core/contract.ts';
import { Names } from '../../workflows/pull/code/names.ts';
import { print } from '../../workflows/pull/code/print.ts';
import { Imports } from '../../workflows/pull/imports.ts';
import { SchemaReader } from '../../workflows/pull/schema/from-json.ts';
import type { Side } from '../../workflows/pull/schema/zod-code.ts';

const modules = { contract: 'c', define: 'd', policies: 'p', refs: 'r' };

/** The code for a JSON Schema, and what the code itself evaluates to. */
function read(json: unknown, side: Side): { source: string; schema: z.ZodType; made: z.ZodType } {
  const { code, schema } = new SchemaReader(new Imports(modules, new Names())).read(json, side);
  const source = print([{ kind: 'expression', value: code }]).source.replace(/;\n$/, '');
  const plain = source.replaceAll(/jsonSchema<\w+>/g, 'jsonSchema'); // types are not there when it runs
  const made = new Function('z', 'jsonSchema', 'fromSetting', `return (${plain})`)(
    z,
    jsonSchema,
    fromSetting,
  ) as z.ZodType;
  return { source, schema, made };
}

function jsonOf(schema: z.ZodType, side: Side): Record<string, unknown> {
  const { $schema: _, ...json } = side === 'input' ? inputSchemaOf(schema) : outputSchemaOf(schema);
  return JSON.parse(JSON.stringify(json));
}

describe('zod schemas come back as the same zod code', () => {
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
  { type: 'string', title: 'A title' },
  { type: 'string', format: 'date' },
  { oneOf: [{ type: 'string' }] },
  { $ref: '#/$defs/x' },
  { type: 'object', properties: {}, required: ['missing'] },
  { type: 'object', properties: JSON.parse('{"__proto__": {"type": "string"}}') },
  { type: 'string', pattern: '(' },
  { enum: ['a', 1, null] },
  { type: 'number', default: 'a text' },
  { id: 'x', type: 'string' },
])('%j, which zod has no words for, stays as it is', (json) => {
  const { source, made } = read(json, 'input');
  expect(source).toContain('jsonSchema<');
  expect(jsonOf(made, 'input')).toEqual(json);
});

describe('whatever the JSON Schema', () => {
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
    jsonSchema({ type: 'string', examples: ['*/'] }),
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

  test.each<Side>(['input', 'output'])('the code of an %s schema evaluates to exactly it', (side) => {
    fc.assert(
      fc.property(schemas, (schema) => {
        const json = jsonOf(schema, side);
        const { made, schema: known } = read(json, side);
        expect(jsonOf(made, side)).toEqual(json);
        expect(jsonOf(known, side)).toEqual(json);
      }),
      { numRuns: 150 },
    );
  });
});
