import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Lease, LeaseKeeper } from '../../core/conductor/lease-keeper.ts';
import { FleetError } from '../../core/errors.ts';

/** Returns a lease that records every call. A test can replace its functions. */
function aLease(changes: Partial<Lease> = {}) {
  const done: string[] = [];
  const lease: Lease = {
    id: 'a',
    beatEveryMs: 500,
    retryMs: 100,
    looks: { firstMs: 2_000, everyMs: 5_000 },
    extend: async () => void done.push('beat'),
    beaten: (error) => void done.push(error === undefined ? 'taken' : 'failed'),
    isHeld: async () => {
      done.push('look');
      return true;
    },
    lost: () => void done.push('lost'),
    ...changes,
  };
  return { lease, done };
}

const keeperOf = (lease: Lease) => {
  const keeper = new LeaseKeeper({ tickMs: 100, holdsProcess: true });
  keeper.keep(lease);
  return keeper;
};
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('heartbeats', () => {
  test('the keeper sends heartbeats in time until the caller forgets the lease; then no timer is left', async () => {
    const { lease, done } = aLease();
    const keeper = keeperOf(lease);
    await pass(1_000);
    expect(done).toEqual(['beat', 'taken', 'beat', 'taken']);
    keeper.forget('a');
    expect(vi.getTimerCount()).toBe(0);
  });

  test('after a failed heartbeat, the keeper sends the next one sooner', async () => {
    const { lease, done } = aLease({ extend: () => Promise.reject(new Error('away')) });
    keeperOf(lease);
    await pass(700);
    expect(done).toEqual(['failed', 'failed', 'failed']);
  });

  test('the keeper sends no heartbeats after `keptMs`', async () => {
    const { lease, done } = aLease({ keptMs: 700 });
    const keeper = keeperOf(lease);
    await pass(2_000);
    expect(done).toEqual(['beat', 'taken']);
    expect(keeper.leases).toEqual([]);
  });

  test('a heartbeat that the caller sends with `beat` delays the next one', async () => {
    const { lease, done } = aLease();
    const keeper = keeperOf(lease);
    await pass(400);
    await keeper.beat(lease);
    await pass(400);
    expect(done).toEqual(['beat']);
  });
});

describe('a quiet lease', () => {
  test('`quiet` waits for a heartbeat under way, then the keeper sends none until `resume`', async () => {
    const sent = Promise.withResolvers<void>();
    const { lease, done } = aLease({ extend: () => sent.promise, isHeld: async () => true });
    const keeper = keeperOf(lease);
    await pass(500);
    let isQuiet = false;
    const quiet = keeper.quiet('a').then(() => {
      isQuiet = true;
    });
    await pass(1_000);
    expect(isQuiet).toBe(false);
    sent.resolve();
    await quiet;
    await pass(1_000);
    expect(done).toEqual(['taken']);
    keeper.resume('a');
    await pass(100);
    expect(done).toEqual(['taken', 'taken']);
  });

  test('if the lease becomes quiet during the check before a heartbeat, the keeper does not send it', async () => {
    const look = Promise.withResolvers<boolean>();
    const { lease, done } = aLease({ looks: 'before-each-heartbeat', isHeld: () => look.promise });
    const keeper = keeperOf(lease);
    await pass(500);
    await keeper.quiet('a');
    look.resolve(true);
    await pass(1_000);
    expect(done).toEqual([]);
  });
});

describe('the check whether a lease is held', () => {
  test('the keeper checks a lease at its own interval, independent of the heartbeats', async () => {
    const { lease, done } = aLease({ beatEveryMs: 60_000 });
    keeperOf(lease);
    await pass(12_500);
    expect(done).toEqual(['look', 'look', 'look']);
  });

  test('if the keeper checks before each heartbeat, a lost lease gets no heartbeat', async () => {
    const answers = [true, false];
    const { lease, done } = aLease({ looks: 'before-each-heartbeat', isHeld: async () => answers.shift() ?? false });
    const keeper = keeperOf(lease);
    await pass(5_000);
    expect(done).toEqual(['beat', 'taken', 'lost']);
    expect(keeper.get('a')).toBeUndefined();
  });

  test.each([
    ['not-found', ['lost']],
    ['upstream', []],
  ] as const)('if the check fails with %s, the keeper reports %j', async (code, told) => {
    const { lease, done } = aLease({ beatEveryMs: 60_000, isHeld: () => Promise.reject(new FleetError(code, 'x')) });
    keeperOf(lease);
    await pass(3_000);
    expect(done).toEqual(told);
  });
});
