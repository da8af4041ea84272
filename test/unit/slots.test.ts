import { describe, expect, test } from 'vitest';
import { Backoff } from '../../workers/runtime/backoff.ts';
import { Slots } from '../../workers/runtime/poll/slots.ts';

describe('slots', () => {
  test('a type gets at most its own limit, and at most the free slots of the process', () => {
    const slots = Slots.ofProcess(5);
    const a = slots.within(3);
    const b = slots.within(10);
    expect(a.reserve(10)).toBe(3);
    expect(b.reserve(10)).toBe(2);
    expect(b.reserve(1)).toBe(0);
    expect([slots.free, a.free, b.free]).toEqual([0, 0, 0]);
  });

  test('a waiting poller continues when another type gives a slot back', async () => {
    const slots = Slots.ofProcess(1);
    const a = slots.within(1);
    const b = slots.within(1);
    a.reserve(1);
    const waiting = b.nextFreed();
    a.giveBack(1);
    await waiting;
    expect(b.reserve(1)).toBe(1);
  });

  test('a waiting poller continues when a task ends, and a reserved slot does not count as running', async () => {
    const slots = Slots.ofProcess(1);
    const a = slots.within(1);
    a.reserve(1);
    expect(a.running).toBe(0);
    const work = Promise.withResolvers<void>();
    const running = a.run(() => work.promise);
    expect([a.running, slots.running, a.free]).toEqual([1, 1, 0]);
    const waiting = a.nextFreed();
    work.resolve();
    await Promise.all([running, waiting]);
    expect([a.running, a.free]).toEqual([0, 1]);
  });

  test('a slot is free again after its task fails', async () => {
    const slots = Slots.ofProcess(2);
    const a = slots.within(2);
    a.reserve(2);
    const [fails] = [a.run(() => Promise.reject(new Error('no'))), a.run(async () => {})];
    await expect(fails).rejects.toThrow('no');
    await slots.idle();
    expect([slots.free, a.running]).toEqual([2, 0]);
  });
});

describe('backoff', () => {
  test('the backoff doubles up to its limit, and starts over after a reset', () => {
    const backoff = new Backoff({ firstMs: 100, mostMs: 500, random: () => 0 });
    expect([backoff.next(), backoff.next(), backoff.next(), backoff.next()]).toEqual([100, 200, 400, 500]);
    backoff.reset();
    expect(backoff.next()).toBe(100);
  });

  test('the backoff is shortened at random, by half at most', () => {
    const backoff = new Backoff({ firstMs: 100, mostMs: 500, random: () => 1 });
    expect(backoff.next()).toBe(50);
  });
});
