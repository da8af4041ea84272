import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { silentLogger } from '../../core/log.ts';
import { callerOf } from '../../mcp/admission/permissions.ts';
import { allowanceOf, createRateLimit, type RateLimit } from '../../mcp/admission/rate-limit.ts';
import { RateLimited } from '../../mcp/admission/refusals.ts';
import { readingOf, type Subject } from '../../mcp/admission/subject.ts';

const reading = readingOf('read_thing', 'executions:read');
const writing: Subject = { ...reading, annotations: { readOnlyHint: false } };

const limitsOf = (rateLimitRpm: number, rateLimitBurst = 50) => ({
  rateLimitRpm,
  rateLimitBurst,
  rateLimitRedisUrl: undefined,
});

describe('rate limit', () => {
  const ann = callerOf('viewer', 'ann');
  const heavy: Subject = { ...writing, name: 'run_thing', annotations: { readOnlyHint: false, openWorldHint: true } };
  let taken: { accepted: number; refused: RateLimited[] };

  /** Sends `n` requests at the same moment. `taken` counts what became of them as time passes. */
  async function send(limit: RateLimit, n: number, subject = reading, caller = ann) {
    taken = { accepted: 0, refused: [] };
    const mine = taken;
    for (let i = 0; i < n; i++) {
      limit.take(caller, subject).then(
        () => {
          mine.accepted += 1;
        },
        (error) => mine.refused.push(error),
      );
    }
    await vi.advanceTimersByTimeAsync(0);
  }

  beforeAll(async () => {
    const { memoryStore } = await import('../../mcp/admission/rate-limit-store.ts');
    await memoryStore(allowanceOf(limitsOf(1000))); // loading needs real time
  });
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test('M12: 50 requests are accepted at once, and the next ones wait for up to two seconds', async () => {
    const limit = createRateLimit(limitsOf(1000), silentLogger);
    await send(limit, 70);
    expect(taken.accepted).toBe(50);
    await vi.advanceTimersByTimeAsync(1000);
    expect(taken.accepted).toBe(66);
    await vi.advanceTimersByTimeAsync(1000);
    expect(taken).toEqual({ accepted: 70, refused: [] });
  });

  test('no more requests wait than two seconds accept; the others are refused at once', async () => {
    const limit = createRateLimit(limitsOf(1000), silentLogger);
    await send(limit, 1000);
    expect(taken.accepted).toBe(50);
    expect(taken.refused).toHaveLength(1000 - 50 - 32);
    await vi.advanceTimersByTimeAsync(2000);
    expect(taken).toMatchObject({ accepted: 82, refused: { length: 1000 - 82 } });
  });

  test('after a burst, a steady caller is not refused; in each minute at most the limit is accepted', async () => {
    const limit = createRateLimit(limitsOf(1000), silentLogger);
    let accepted = 0;
    for (let second = 0; second < 60; second++) {
      await send(limit, second === 0 ? 50 : 16);
      expect(taken.refused).toEqual([]);
      accepted += taken.accepted;
      await vi.advanceTimersByTimeAsync(1000);
    }
    expect(accepted).toBe(994);
  });

  test.each([
    [1000, 50, { steady: 16, seconds: 1, extra: 34 }],
    [1_000_000, 50, { steady: 16_666, seconds: 1, extra: 0 }],
    [1000, 1000, { steady: 0, seconds: 60, extra: 1000 }],
    [100, 50, { steady: 5, seconds: 6, extra: 45 }],
    [3, 50, { steady: 0, seconds: 60, extra: 3 }],
    [1, 50, { steady: 0, seconds: 60, extra: 1 }],
  ])('%d requests a minute with a burst of %d', (rpm, burst, expected) => {
    expect(allowanceOf(limitsOf(rpm, burst))).toEqual(expected);
  });

  test('every limit is used to at least 95 %, never exceeded in a minute, and the burst is exact unless a second has more', () => {
    for (let rpm = 1; rpm < 3000; rpm += 7) {
      for (const burst of [1, 2, 7, 50, 333, 5000]) {
        const { steady, seconds, extra } = allowanceOf(limitsOf(rpm, burst));
        const perMinute = (60 / seconds) * steady + extra;
        expect(perMinute, `${rpm}/${burst}`).toBeLessThanOrEqual(rpm);
        expect(perMinute, `${rpm}/${burst}`).toBeGreaterThanOrEqual(rpm * 0.95);
        expect(steady + extra, `${rpm}/${burst}`).toBe(Math.max(Math.min(burst, rpm), steady));
      }
    }
  });

  test('each caller has a limit of its own: one above it neither refuses nor delays another', async () => {
    const limit = createRateLimit(limitsOf(1000), silentLogger);
    await send(limit, 1000);
    await send(limit, 50, reading, callerOf('viewer', 'ben'));
    expect(taken).toEqual({ accepted: 50, refused: [] });
  });

  test('a call that can reach systems beyond Conductor counts as two, and is never too expensive for a small limit', async () => {
    const limit = createRateLimit(limitsOf(1000), silentLogger);
    await send(limit, 100, heavy);
    expect(taken.accepted).toBe(25);
    expect(taken.refused[0]?.message).toContain('One call of run_thing counts as 2 requests.');
    await send(createRateLimit(limitsOf(1), silentLogger), 1, heavy);
    expect(taken.accepted).toBe(1);
  });

  test('M12: the error names the limit, the caller and when to try again, and then the request succeeds', async () => {
    const limit = createRateLimit(limitsOf(2), silentLogger);
    await send(limit, 3);
    const [error] = taken.refused;
    expect(error).toMatchObject({ code: 'denied', retryable: true, retryAfterSeconds: 60 });
    expect(error?.message).toBe('This MCP server accepts 2 requests a minute from each caller. "ann" sent more.');
    expect(error?.remedy).toContain('Wait 60 s, then send the same request again.');
    await vi.advanceTimersByTimeAsync(60_000);
    await send(limit, 1);
    expect(taken.accepted).toBe(1);
    await send(createRateLimit(limitsOf(1000), silentLogger), 100);
    expect(taken.refused[0]?.message).toContain('1000 requests a minute from each caller, at most 50 of them at once');
  });

  test('a request whose client cancels stops waiting', async () => {
    const limit = createRateLimit(limitsOf(1000), silentLogger);
    await send(limit, 50);
    const cancelled = new AbortController();
    const waiting = limit.take(ann, reading, cancelled.signal).catch((error: unknown) => error);
    cancelled.abort();
    await vi.advanceTimersByTimeAsync(0);
    expect(await waiting).toBeInstanceOf(RateLimited);
  });
});
