import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { outputSchemaOf } from '../../core/contract.ts';
import { differences, exactly } from '../../workflows/scenario/expected.ts';
import { sample, stubOf } from '../../workflows/scenario/sample-answer.ts';

const paths = (expected: unknown, actual: unknown) => differences(expected, actual, 'output').map(({ path }) => path);

describe('the comparison with the expected value', () => {
  test('an object may have more keys than expected, at any depth', () => {
    expect(paths({ a: { b: 1 } }, { a: { b: 1, c: 2 }, d: 3 })).toEqual([]);
    expect(paths({ a: { b: 1, c: 3 } }, { a: { b: 1, c: 2 } })).toEqual(['output.a.c']);
  });

  test('with `exactly`, an object may have no other keys', () => {
    expect(paths(exactly({ a: { b: 1 } }), { a: { b: 1, c: 2 }, d: 3 })).toEqual(['output.a.c', 'output.d']);
    expect(paths(exactly({ a: 1 }), { a: 1 })).toEqual([]);
  });

  test('a list must have the expected length, and its items are compared one by one', () => {
    expect(paths({ list: [{ a: 1 }] }, { list: [{ a: 1, b: 2 }] })).toEqual([]);
    expect(paths({ list: [{ a: 1 }] }, { list: [{ a: 1 }, { a: 2 }] })).toEqual(['output.list']);
    expect(paths({ list: [1, 2] }, { list: [1, 3] })).toEqual(['output.list[1]']);
  });

  test('a regular expression matches only a string', () => {
    expect(paths({ a: /^x/ }, { a: 'xyz' })).toEqual([]);
    expect(paths({ a: /^1/ }, { a: 1 })).toEqual(['output.a']);
  });

  test('null counts as a missing key, but false and 0 do not', () => {
    expect(paths({ a: null }, {})).toEqual([]);
    expect(paths({ a: undefined }, { a: null })).toEqual([]);
    expect(paths({ a: null }, { a: 0 })).toEqual(['output.a']);
    expect(paths({ a: false }, {})).toEqual(['output.a']);
  });
});

describe('the line that a person can paste for a task without an answer', () => {
  const stub = (type: string, output?: z.ZodType) =>
    stubOf({
      ref: 'it',
      type,
      child: undefined,
      contract: output && { kind: 'task', name: 't', description: '', input: z.object({}), output, options: {} },
    });

  test('the line fits the contract of the task and is as short as possible', () => {
    const output = z.object({
      rating: z.enum(['good', 'bad']),
      at: z.iso.datetime(),
      n: z.int().positive(),
      more: z.string().optional(),
    });
    expect(stub('SIMPLE', output)).toBe("it: completes({ rating: 'good', at: '2026-01-01T00:00:00Z', n: 1 }),");
  });

  test("the line for the server's own tasks has a typical answer", () => {
    expect(stub('HTTP')).toBe('it: answers(200, {}),');
    expect(stub('LLM_CHAT_COMPLETE')).toContain("finishReason: 'STOP'");
    expect(stub('HUMAN')).toBe('it: completes({}),');
  });

  test('the sample answer for a schema is valid', () => {
    const schemas = [
      z.object({ a: z.array(z.string()), b: z.boolean(), c: z.literal('x'), d: z.union([z.number(), z.string()]) }),
      z.object({ email: z.email(), url: z.url(), id: z.uuid(), day: z.iso.date(), name: z.string().min(3) }),
      z.object({ big: z.number().min(5), small: z.number().max(-1).nullable(), deep: z.object({ x: z.number() }) }),
    ];
    for (const schema of schemas) expect(schema.safeParse(sample(outputSchemaOf(schema))).error).toBeUndefined();
  });
});
