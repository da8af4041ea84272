import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  hasLongNumber,
  isObject,
  isTooDeep,
  jsonCopy,
  MOST_LEVELS,
  parseExactly,
  roundedNumber,
} from '../../core/json.ts';

const KEPT = [
  '9007199254740993',
  '-9007199254740993',
  '9007199254740992',
  '9223372036854775807',
  '123456789012345678901234567890',
  '1e400',
];
const NUMBERS = ['0', '-1', '9007199254740991', '-9007199254740991', '1.5', '1e21', '0.1234567890123456789'];

describe('D1: numbers keep their digits', () => {
  test.each(KEPT)('%s is written exactly as it was read', (digits) => {
    const text = `{"n":${digits},"list":[1,[${digits}]]}`;
    const value = parseExactly(text);
    expect(JSON.stringify(value)).toBe(text);
    expect(JSON.stringify(jsonCopy({ value }))).toBe(`{"value":${text}}`);
    expect(isObject((value as { n: unknown }).n)).toBe(false);
  });

  test.each(NUMBERS)('%s, which JavaScript can hold, becomes a number', (digits) => {
    expect(parseExactly(`[${digits}]`)).toEqual([Number(digits)]);
  });

  test('any JSON is parsed as JSON.parse does, if its numbers are not too large', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        fc.pre(!roundedNumber(JSON.parse(text)));
        expect(parseExactly(text)).toEqual(JSON.parse(text));
      }),
      { seed: 20261130 },
    );
  });

  test('sixteen digits are found wherever they are', () => {
    const parts = fc.array(fc.oneof(fc.stringMatching(/^[a-z".,]{0,20}$/), fc.stringMatching(/^\d{0,20}$/)));
    fc.assert(
      fc.property(parts, (some) => {
        const text = some.join('');
        expect(hasLongNumber(text)).toBe(/\d{16}/.test(text));
      }),
      { seed: 20261130, numRuns: 1_000 },
    );
  });

  test('a number that has perhaps been rounded is found with its place', () => {
    expect(roundedNumber({ a: [1, { b: 2 ** 53 }] })).toEqual({ path: ['a', 1, 'b'], value: 2 ** 53 });
    expect(roundedNumber([Number.POSITIVE_INFINITY])).toMatchObject({ path: [0] });
    expect(
      roundedNumber({ a: [1.5, 2 ** 53 - 1, '9007199254740993', parseExactly('9007199254740993')] }),
    ).toBeUndefined();
  });

  test('S: a value of any depth is searched in a time that grows with its size only', () => {
    const deep = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
    expect(roundedNumber({ a: JSON.parse(deep(100_000)) })).toBeUndefined(); // took a minute, with a path for each level
    for (const [levels, tooDeep] of [
      [10, false],
      [MOST_LEVELS, false],
      [MOST_LEVELS + 1, true],
      [100_000, true],
    ] as const)
      expect(isTooDeep(deep(levels), JSON.parse(deep(levels))), String(levels)).toBe(tooDeep);
    const wide = JSON.stringify(Array.from({ length: 10_000 }, () => ({ a: [1] })));
    expect(isTooDeep(wide, JSON.parse(wide))).toBe(false);
  });
});
