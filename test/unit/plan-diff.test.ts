import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { canonicalWorkflow, fingerprint } from '../../workflows/manage/compare/canonical.ts';
import { differences } from '../../workflows/manage/compare/differences.ts';
import { narrowings } from '../../workflows/manage/compare/narrowings.ts';
import { contentOf, isAsStamped, kindOf, kinds } from '../../workflows/manage/kinds.ts';

type Json = Record<string, unknown>;

const wait = (ref: string, more: Json = {}) => ({ name: ref, taskReferenceName: ref, type: 'WAIT', ...more });
const flow = (tasks: Json[], more: Json = {}) => ({ name: 'w', version: 1, tasks, ...more });

describe('differences', () => {
  test('a difference names a nested task by its reference, at any depth', () => {
    const inside = (amount: number) =>
      flow([
        { ...wait('check'), type: 'SWITCH', decisionCases: { yes: [wait('pay', { inputParameters: { amount } })] } },
      ]);
    expect(differences(inside(1), inside(2))).toEqual([
      { path: 'tasks.pay.inputParameters.amount', before: 1, after: 2 },
    ]);
  });

  test('if a task was inserted or moved, only that task is a difference', () => {
    const [a, b, c] = [wait('a'), wait('b'), wait('c')];
    expect(differences(flow([a, b]), flow([c, a, b]))).toEqual([{ path: 'tasks.c', after: c }]);
    expect(differences(flow([a, b]), flow([b, a]))).toEqual([
      { path: 'order.tasks', before: ['a', 'b'], after: ['b', 'a'] },
    ]);
    const branch = { ...wait('check'), type: 'SWITCH', defaultCase: [b] };
    expect(differences(flow([a, b]), flow([a, branch]))).toContainEqual({
      path: 'tasks.b (place)',
      before: 'tasks',
      after: 'default of check.default',
    });
  });

  test('there are no differences if and only if the definitions are equal', () => {
    const fields = {
      name: fc.constantFrom('n', 'm'),
      taskReferenceName: fc.constantFrom('a', 'b', 'c', 'd'),
      type: fc.constantFrom('SIMPLE', 'SWITCH'),
      inputParameters: fc.dictionary(fc.constantFrom('x', 'y'), fc.integer({ max: 1, min: 0 }), { maxKeys: 2 }),
    };
    const inner = fc.array(fc.record(fields), { maxLength: 2 });
    const task = fc.record(
      {
        ...fields,
        defaultCase: inner,
        decisionCases: fc.dictionary(fc.constantFrom('1', '2'), inner, { maxKeys: 2 }),
      },
      { requiredKeys: ['name', 'taskReferenceName', 'type'] },
    );
    const definition = fc
      .tuple(fc.array(task, { maxLength: 3 }), fc.constantFrom({}, { description: 'd' }))
      .map(([tasks, more]) => canonicalWorkflow(flow(tasks, more)));
    fc.assert(
      fc.property(definition, definition, (before, after) => {
        const same = fingerprint(before) === fingerprint(after);
        expect(differences(before, after).length === 0).toBe(same);
        expect(differences(before, before)).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });
});

describe('stamps', () => {
  const bare: Record<(typeof kinds)[number], Json> = {
    task: { name: 't', inputSchema: { name: 't', version: 1, type: 'JSON', data: { type: 'object' } } },
    workflow: { name: 'w', version: 1, tasks: [], metadata: { team: 'a' } },
    schedule: { name: 's', cronExpression: '0 0 9 * * *', startWorkflowRequest: { name: 'w', version: 1 } },
    'event-handler': { name: 'h', event: 'conductor:a:b', active: true, actions: [] },
  };

  test.each(kinds)(
    'the stamp of a %s is not part of its content, and shows whether the content was changed',
    (kind) => {
      const { stamp, stampOf } = kindOf[kind];
      const fingerprint = contentOf(kind, bare[kind]);
      const written = stamp(bare[kind], { fingerprint, fleet: 'mine' });
      expect(contentOf(kind, written)).toBe(fingerprint);
      expect(fingerprint.startsWith(stampOf(written)?.fingerprint ?? 'none')).toBe(true);
      expect(stampOf(written)).toMatchObject({ fleet: 'mine' });
      expect(isAsStamped(kind, written)).toBe(true);
      expect(isAsStamped(kind, { ...written, name: 'other' })).toBe(false);
      expect(stampOf(bare[kind])).toBeUndefined();
    },
  );

  test('a stamp is at the end of a description and at the start of a condition', () => {
    const stamp = { fingerprint: 'a'.repeat(64), fleet: 'mine' };
    expect(kindOf.schedule.stamp({ description: 'Daily.' }, stamp)).toEqual({
      description: `Daily. [conductorFleet ${'a'.repeat(16)} mine]`,
    });
    const { condition } = kindOf['event-handler'].stamp({ condition: '$.a > 1 // only those' }, stamp) as Json;
    expect(condition).toBe(`/* conductorFleet ${'a'.repeat(16)} mine */ $.a > 1 // only those`);
  });
});

describe('narrowings', () => {
  const input = (before: z.ZodType, after: z.ZodType) =>
    narrowings('input', z.toJSONSchema(before, { io: 'input' }), z.toJSONSchema(after, { io: 'input' }));
  const output = (before: z.ZodType, after: z.ZodType) =>
    narrowings('output', z.toJSONSchema(before), z.toJSONSchema(after));
  const base = z.object({ who: z.string(), size: z.number().max(9).optional(), kind: z.enum(['a', 'b']).default('a') });

  test.each([
    ['a new required field', base.extend({ mood: z.string() }), ['input.mood is now required']],
    ['another type', base.extend({ who: z.number() }), ['input.who is now number, was string']],
    [
      'fewer allowed values',
      base.extend({ kind: z.enum(['a']) }),
      ['input.kind is now required', 'input.kind can no longer be "b"'],
    ],
    ['a tighter limit', base.extend({ size: z.number().max(5).optional() }), ['input.size now has a maximum of 5']],
    ['a ban on additional fields', z.strictObject(base.shape), ['input no longer accepts other fields']],
  ])('a new schema with %s gives a reason for a new version', (_, after, reasons) => {
    expect(input(base, after)).toEqual(reasons);
  });

  test.each([
    ['new optional fields', base.extend({ mood: z.string().optional(), note: z.string().default('') })],
    ['more allowed values', base.extend({ kind: z.enum(['a', 'b', 'c']).default('a') })],
    ['a wider type', base.extend({ who: z.union([z.string(), z.number()]) })],
    ['no limit', base.extend({ size: z.number().optional() })],
    ['another description', base.extend({ who: z.string().describe('whom to greet') })],
    ['one field less', base.omit({ who: true })],
  ])('a new schema with %s gives no reason for a new version', (_, after) => {
    expect(input(base, after)).toEqual([]);
  });

  test('in an output, a missing field or a new possible value is a reason, but an additional field is not', () => {
    const before = z.object({ text: z.string(), mark: z.enum(['!', '?']) });
    expect(output(before, before.extend({ more: z.string() }))).toEqual([]);
    expect(output(before, z.object({ text: z.string() }))).toEqual(['output.mark may now be missing']);
    expect(output(before, before.extend({ text: z.string().nullable() }))).toEqual([
      'output.text is now string or null, was string',
    ]);
    expect(output(before, before.extend({ mark: z.enum(['!', '.']) }))).toEqual(['output.mark may also be "."']);
  });

  test('narrowings finds a reason whenever an earlier value no longer fits', () => {
    const leaf = fc.oneof(
      fc.record(
        { type: fc.constant('string'), minLength: fc.nat(3), maxLength: fc.integer({ min: 3, max: 6 }) },
        { requiredKeys: ['type'] },
      ),
      fc.record(
        { type: fc.constantFrom('number', 'integer'), minimum: fc.nat(3), maximum: fc.integer({ min: 3, max: 9 }) },
        { requiredKeys: ['type'] },
      ),
      fc.record({ enum: fc.uniqueArray(fc.constantFrom('a', 'bb', 'cccc'), { minLength: 1 }) }),
      fc.constant({ type: 'boolean' }),
      fc.constant({}),
    );
    const object = fc
      .record({
        a: leaf,
        b: leaf,
        either: fc.tuple(leaf, leaf),
        closed: fc.boolean(),
        required: fc.subarray(['a', 'b', 'c']),
      })
      .map(({ a, b, either, closed, required }) => ({
        type: 'object',
        properties: { a, b, c: { anyOf: either } },
        required,
        ...(closed && { additionalProperties: false }),
      }));
    const value = fc.oneof(
      fc.constantFrom('a', 'bb', 'cccc', ''),
      fc.integer({ min: -1, max: 10 }),
      fc.constant(2.5),
      fc.boolean(),
    );
    const values = fc.record({ a: value, b: value, c: value, d: value }, { requiredKeys: [] });
    fc.assert(
      fc.property(object, object, values, (before, after, sample) => {
        if (narrowings('input', before, after).length > 0) return;
        const fits = (schema: Json) => z.fromJSONSchema(schema as never).safeParse(sample).success;
        expect(fits(before) && !fits(after)).toBe(false);
      }),
      { numRuns: 1_000 },
    );
  });
});
