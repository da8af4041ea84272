import { FleetError } from '../../core/errors.ts';

/** How many requests the server accepts at the same moment after a pause. */
const BURST = 50;

/**
 * A rate limiter that works as a token bucket. The bucket holds at most 50 tokens and gains `perMinute` tokens a minute. Each call of
 * the returned function takes one token.
 * @param now milliseconds of a monotonic clock
 * @throws FleetError `denied` from the returned function if the bucket is empty, with the seconds to wait
 */
export function rateLimiter(perMinute: number, now: () => number): () => void {
  const capacity = Math.min(BURST, perMinute);
  const perMs = perMinute / 60_000;
  let tokens = capacity;
  let filledAt = now();
  return () => {
    const time = now();
    tokens = Math.min(capacity, tokens + (time - filledAt) * perMs);
    filledAt = time;
    if (tokens < 1) {
      const seconds = Math.ceil((1 - tokens) / perMs / 1000);
      throw new FleetError('denied', `This MCP server accepts ${perMinute} requests a minute and received more.`, {
        retryable: true,
        remedy: `Wait ${seconds} s, then send the same request again. RATE_LIMIT_RPM sets the limit.`,
      });
    }
    tokens -= 1;
  };
}
