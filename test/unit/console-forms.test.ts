import { describe, expect, test } from 'vitest';
import { readField, startText } from '../../console/parts/form/read-field.ts';
import { formFieldsOf } from '../../console/server/reading/form-fields.ts';
import type { FormField } from '../../console/shared/form-field.ts';

const field = (kind: FormField['kind'], more: Partial<FormField> = {}): FormField => ({
  ...{ name: 'a', kind, isRequired: false },
  ...more,
});

describe('the fields of a start form', () => {
  test('come from the input schema, with its limits and what the definition fills in', () => {
    const properties = {
      orderId: { type: 'string', minLength: 2, maxLength: 9, pattern: '^o-', description: 'Which order.' },
      quantity: { type: 'integer', minimum: 1, default: 1 },
      amount: { type: ['number', 'null'], maximum: 100 },
      gift: { type: 'boolean' },
      speed: { enum: ['slow', 'fast', 3] },
      lines: { type: 'array' },
      address: { type: 'object' },
      free: { anyOf: [{ type: 'string' }, { type: 'number' }] },
    };
    const def = {
      inputSchema: { data: { type: 'object', properties, required: ['orderId'] } },
      inputTemplate: { gift: true },
    };
    expect(formFieldsOf(def)).toEqual([
      {
        ...{ name: 'orderId', kind: 'text', isRequired: true, description: 'Which order.' },
        ...{ shortest: 2, longest: 9, pattern: '^o-' },
      },
      { name: 'quantity', kind: 'integer', isRequired: false, least: 1, start: 1 },
      { name: 'amount', kind: 'number', isRequired: false, most: 100 },
      { name: 'gift', kind: 'boolean', isRequired: false, start: true },
      { name: 'speed', kind: 'choice', isRequired: false, choices: ['slow', 'fast', 3] },
      { name: 'lines', kind: 'json', isRequired: false },
      { name: 'address', kind: 'object', isRequired: false },
      { name: 'free', kind: 'any', isRequired: false },
    ]);
  });

  test('without a schema are the inputs that the definition names or reads', () => {
    const tasks = [{ name: 't', taskReferenceName: 't', inputParameters: { x: '${workflow.input.read}' } }];
    expect(formFieldsOf({ inputParameters: ['listed'], tasks })).toEqual([
      { name: 'listed', kind: 'any', isRequired: false },
      { name: 'read', kind: 'any', isRequired: false },
    ]);
  });

  test.each([
    {},
    { inputSchema: 7 },
    { inputSchema: { data: { properties: { a: null, b: 'x' } } }, inputTemplate: [] },
  ])('never fail on the malformed definition %j', (def) => expect(formFieldsOf(def)).toEqual(expect.any(Array)));
});

describe('what a person writes into a field', () => {
  test.each<[FormField, string, unknown]>([
    [field('text'), ' 12 ', ' 12 '],
    [field('text'), '<b>', '<b>'],
    [field('number'), '1.5', 1.5],
    [field('integer'), '-3', -3],
    [field('boolean'), 'false', false],
    [field('choice', { choices: ['a', 3, null] }), '3', 3],
    [field('choice', { choices: ['a', 3, null] }), 'null', null],
    [field('json'), '[1, "a"]', [1, 'a']],
    [field('object'), '{"a": {}}', { a: {} }],
    [field('any'), '4711', 4711],
    [field('any'), '"4711"', '4711'],
    [field('any'), '007', '007'],
    [field('any'), 'true story', 'true story'],
    [field('any'), '{"a":1}', { a: 1 }],
    [field('text', { pattern: '(' }), 'left to the server', 'left to the server'],
  ])('%j: %s', (one, text, value) => expect(readField(one, text)).toEqual({ value }));

  test.each<[FormField, string, RegExp]>([
    [field('text', { isRequired: true }), '  ', /needed/],
    [field('text', { shortest: 2 }), 'a', /at least 2/],
    [field('text', { longest: 2 }), 'abc', /at most 2/],
    [field('text', { pattern: '^o-' }), 'p-1', /\^o-/],
    [field('number'), 'many', /a number/],
    [field('integer'), '1.5', /whole number/],
    [field('integer', { least: 1 }), '0', /1 or more/],
    [field('number', { most: 5 }), '6', /5 or less/],
    [field('json'), '{', /not JSON/],
    [field('object'), '[1]', /an object/],
    [field('any'), '{"a":', /not JSON/],
  ])('%j refuses %s in words', (one, text, problem) =>
    expect(readField(one, text)).toEqual({ problem: expect.stringMatching(problem) }),
  );

  test('an empty field is left out', () => expect(readField(field('number'), '')).toEqual({ isLeftOut: true }));

  test.each<[FormField['kind'], unknown]>([
    ['text', 'x'],
    ['number', 2],
    ['boolean', false],
    ['any', '4711'],
    ['any', 'word'],
    ['any', { a: 1 }],
    ['object', { a: 1 }],
    ['json', [1]],
  ])('a %s field that begins with %j reads as the same value', (kind, start) =>
    expect(readField(field(kind), startText(field(kind, { start })))).toEqual({ value: start }),
  );
});
