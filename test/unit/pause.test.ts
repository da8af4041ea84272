import { describe, expect, test } from 'vitest';
import { Cleanups } from '../../core/cleanups.ts';
import { endsWithin, pause } from '../../core/pause.ts';

describe('endsWithin and pause', () => {
  test('endsWithin returns true if the work ends in time, and cancels its timer', async () => {
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const before = timers();
    expect(await endsWithin(60_000, Promise.resolve())).toBe(true);
    expect(timers()).toBe(before);
  });

  test('endsWithin returns false if the work does not end in time', async () => {
    expect(await endsWithin(0, new Promise(() => undefined))).toBe(false);
  });

  test('endsWithin rejects if the work fails', async () => {
    await expect(endsWithin(60_000, Promise.reject(new Error('no')))).rejects.toThrow('no');
  });

  test('a pause ends early when its signal is aborted', async () => {
    const stop = new AbortController();
    const paused = pause(60_000, stop.signal);
    stop.abort();
    await paused;
  });
});

test('all cleanups run in reverse order, and the failures are returned', async () => {
  const order: string[] = [];
  const cleanups = new Cleanups();
  cleanups.add('first', () => order.push('first'));
  cleanups.add('second', () => {
    throw new Error('stuck');
  });
  cleanups.add('third', async () => order.push('third'));
  const failures = await cleanups.run();
  expect(order).toEqual(['third', 'first']);
  expect(failures).toEqual([['second', expect.objectContaining({ message: 'stuck' })]]);
  expect(await cleanups.run()).toEqual([]);
});
