import { expect, test } from 'vitest';
import { inParallel } from '../../core/in-parallel.ts';

test('inParallel runs at most the given number of calls at once, and returns the results in the order of the items', async () => {
  let running = 0;
  let most = 0;
  const results = await inParallel([5, 1, 3, 2, 4], 2, async (turns, index) => {
    most = Math.max(most, ++running);
    for (let i = 0; i < turns; i++) await Promise.resolve();
    running--;
    return `${index}: ${turns}`;
  });
  expect(most).toBe(2);
  expect(results).toEqual(['0: 5', '1: 1', '2: 3', '3: 2', '4: 4']);
});

test('after a failure, inParallel starts no further item and waits for the running ones', async () => {
  const begun: number[] = [];
  const slow = Promise.withResolvers<void>();
  let slowHasEnded = false;
  const all = inParallel([0, 1, 2, 3], 2, async (item) => {
    begun.push(item);
    if (item === 0) throw new Error('no');
    await slow.promise;
    slowHasEnded = true;
  }).catch((error: Error) => ({ error, slowHasEnded }));
  slow.resolve();
  expect(await all).toEqual({ error: new Error('no'), slowHasEnded: true });
  expect(begun).toEqual([0, 1]);
});
