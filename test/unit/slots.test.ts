import { describe, expect, test } from 'vitest';
import { Backoff } from '../../workers/runtime/backoff.ts';
import { ProcessSlots } from '../../workers/runtime/slots.ts';

const never = new AbortController().signal;

describe('slots', () => {
  test('a type gets no more than its own limit and what the process has free', async () => {
    const slots = new ProcessSlots(5);
    const a = slots.forType(3);
    const b = slots.forType(10);
    expect(await a.reserve(10, never)).toBe(3);
    expect(await b.reserve(10, never)).toBe(2);
    expect(slots.free).toBe(0);
  });

  test('who waits is woken when a slot is given back', async () => {
    const slots = new ProcessSlots(1);
    const a = slots.forType(1);
    const b = slots.forType(1);
    await a.reserve(1, never);
    const waiting = b.reserve(1, never);
    a.giveBack(1);
    expect(await waiting).toBe(1);
  });

  test('who waits is woken when a task ends', async () => {
    const slots = new ProcessSlots(1);
    const a = slots.forType(1);
    await a.reserve(1, never);
    const work = Promise.withResolvers<void>();
    const running = a.run(() => work.promise);
    const waiting = a.reserve(1, never);
    work.resolve();
    await running;
    expect(await waiting).toBe(1);
  });

  test('a slot that ran is free again even if nobody waited', async () => {
    const slots = new ProcessSlots(2);
    const a = slots.forType(2);
    await a.reserve(2, never);
    await Promise.all([a.run(async () => {}), a.run(async () => {})]);
    expect([slots.free, a.running]).toEqual([2, 0]);
  });

  test('who waits when the process stops gets none', async () => {
    const slots = new ProcessSlots(1);
    const a = slots.forType(1);
    await a.reserve(1, never);
    const stop = new AbortController();
    const waiting = a.reserve(1, stop.signal);
    stop.abort();
    slots.freed();
    expect(await waiting).toBe(0);
  });
});

describe('back-off', () => {
  test('doubles up to its most, and starts over', () => {
    const backoff = new Backoff({ firstMs: 100, mostMs: 500, random: () => 0 });
    expect([backoff.next(), backoff.next(), backoff.next(), backoff.next()]).toEqual([100, 200, 400, 500]);
    backoff.reset();
    expect(backoff.next()).toBe(100);
  });

  test('is shortened at random by at most a half', () => {
    const backoff = new Backoff({ firstMs: 100, mostMs: 500, random: () => 1 });
    expect(backoff.next()).toBe(50);
  });
});
