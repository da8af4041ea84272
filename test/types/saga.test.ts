import { describe, expect, test } from 'vitest';
import { compileMistakes } from '../support/type-mistakes.ts';

describe('mistakes in sagas', () => {
  const { pinned, right, mistakes } = compileMistakes('saga.ts', 'saga-right.ts');

  test('are compile errors where they are pinned, and nothing else is', () => {
    expect(mistakes.length).toBeGreaterThan(10);
    expect(pinned).toEqual([]);
  });

  test.each(mistakes)('$mistake: refused by the compiler', ({ codes }) => {
    expect(codes).toHaveLength(1);
    expect(codes[0]).toMatch(/^TS(2322|2339|2345|2353|2551|2561|2741|2769)$/);
  });

  test('right sagas compile', () => {
    expect(right).toEqual([]);
  });
});
