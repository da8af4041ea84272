import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Breaker } from '../../workers/runtime/breaker.ts';
import { RateLimiter } from '../../workers/runtime/poll/rate-limiter.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());
const never = new AbortController().signal;

/** Returns a breaker after five failures, which have opened it. */
function opened(): { breaker: Breaker; changes: boolean[] } {
  const changes: boolean[] = [];
  const breaker = new Breaker((open) => changes.push(open));
  for (let i = 0; i < 5; i++) breaker.failed();
  return { breaker, changes };
}

/** Asks the breaker for admission. `admitted` becomes true once the breaker admits the caller. */
function ask(breaker: Breaker, stop = never): { admitted: boolean } {
  const asked = { admitted: false };
  void breaker.admitted(stop).then(() => {
    asked.admitted = true;
  });
  return asked;
}

describe('the breaker', () => {
  test('the breaker opens only after several failures in a row, and reports each change once', () => {
    const changes: boolean[] = [];
    const breaker = new Breaker((open) => changes.push(open));
    for (const outcome of 'ffffsffff') outcome === 'f' ? breaker.failed() : breaker.succeeded();
    expect(breaker.isOpen).toBe(false);
    breaker.failed();
    breaker.failed();
    breaker.succeeded();
    breaker.succeeded();
    expect(changes).toEqual([true, false]);
  });

  test('an open breaker admits one call at a time; when that call succeeds, it admits all waiting callers', async () => {
    const { breaker } = opened();
    const asked = [ask(breaker), ask(breaker), ask(breaker)];
    await vi.advanceTimersByTimeAsync(500);
    expect(asked.filter(({ admitted }) => admitted)).toHaveLength(1);
    breaker.failed();
    await vi.advanceTimersByTimeAsync(1_500);
    expect(asked.filter(({ admitted }) => admitted)).toHaveLength(2);
    breaker.succeeded();
    await vi.advanceTimersByTimeAsync(0);
    expect(asked.every(({ admitted }) => admitted)).toBe(true);
  });

  test('an open breaker waits longer after each failure, up to a limit', async () => {
    const { breaker } = opened();
    const waits: number[] = [];
    for (let i = 0; i < 8; i++) {
      const asked = ask(breaker);
      let waited = 0;
      for (; !asked.admitted; waited += 50) await vi.advanceTimersByTimeAsync(50);
      waits.push(waited);
      breaker.failed();
    }
    expect(waits[0]).toBeLessThanOrEqual(500);
    expect(waits[3]).toBeGreaterThan(waits[0] ?? 0);
    expect(Math.max(...waits)).toBeLessThanOrEqual(15_050);
  });

  test('the breaker releases a waiting caller when the caller is stopped', async () => {
    const { breaker } = opened();
    const stop = new AbortController();
    const asked = [ask(breaker, stop.signal), ask(breaker, stop.signal)];
    stop.abort();
    await vi.advanceTimersByTimeAsync(0);
    expect(asked.every(({ admitted }) => admitted)).toBe(true);
  });
});

describe('a rate limiter', () => {
  test('a rate limiter first admits as many tasks as one second allows, then the given number per second', () => {
    let now = 0;
    const limiter = new RateLimiter(10, () => now);
    expect([limiter.take(8), limiter.take(8), limiter.take(1)]).toEqual([8, 2, 0]);
    expect(limiter.waitMs).toBe(100);
    now = 250;
    expect(limiter.take(5)).toBe(2);
    limiter.giveBack(1);
    expect(limiter.take(5)).toBe(1);
    now = 60_000;
    expect(limiter.take(100)).toBe(10);
  });

  test('a rate limiter with a rate below one per second admits one task at a time', () => {
    let now = 0;
    const limiter = new RateLimiter(0.5, () => now);
    expect([limiter.take(3), limiter.take(3)]).toEqual([1, 0]);
    now = 2_000;
    expect(limiter.take(3)).toBe(1);
  });

  test('a rate limiter without a limit admits every task', () => {
    const limiter = new RateLimiter(undefined);
    expect([limiter.take(1_000), limiter.waitMs]).toEqual([1_000, 0]);
    limiter.giveBack(500);
    expect(limiter.take(7)).toBe(7);
  });
});
