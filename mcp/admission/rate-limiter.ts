import { FleetError } from '../../core/errors.ts';
import { count, duration } from '../../core/text.ts';

/** How many requests the server handles at the same moment after a pause. */
const BURST = 50;
/** A request that comes too early waits for its turn, but no longer than this. */
const LONGEST_WAIT_MS = 2000;
const MINUTE_MS = 60_000;

/**
 * A rate limiter that works as a token bucket. The bucket holds at most 50 tokens and gains `perMinute` tokens a minute. Each call of
 * the returned function takes one token and returns how many milliseconds the request has to wait for it.
 * @param now milliseconds of a monotonic clock
 * @throws FleetError `denied` from the returned function if the request would wait more than two seconds. The error names the limit.
 */
export function rateLimiter(perMinute: number, now: () => number): () => number {
  const capacity = Math.min(BURST, perMinute);
  const perMs = perMinute / MINUTE_MS;
  let tokens = capacity; // below 0: as many requests wait
  let filledAt = now();
  let fullAt = filledAt;
  return () => {
    const time = now();
    tokens = Math.min(capacity, tokens + (time - filledAt) * perMs);
    filledAt = time;
    if (tokens === capacity) fullAt = time;
    const waitMs = Math.max(0, (1 - tokens) / perMs);
    if (waitMs > LONGEST_WAIT_MS) {
      const isBurst = time - fullAt < MINUTE_MS && perMinute > capacity;
      throw tooMany({ perMinute, burst: isBurst ? capacity : undefined, retryMs: waitMs - LONGEST_WAIT_MS });
    }
    tokens -= 1;
    return waitMs;
  };
}

function tooMany({
  perMinute,
  burst,
  retryMs,
}: {
  perMinute: number;
  burst: number | undefined;
  retryMs: number;
}): FleetError {
  const message =
    burst === undefined
      ? `This MCP server accepts ${count(perMinute, 'request')} a minute and received more.`
      : `This MCP server accepts ${burst} requests at once and then one every ${duration(MINUTE_MS / perMinute)}. More came in this burst, and the next ones already wait.`;
  const less = burst === undefined ? '' : ` Send at most ${burst} requests at the same time.`;
  return new FleetError('denied', message, {
    retryable: true,
    remedy: `Wait ${Math.max(1, Math.ceil(retryMs / 1000))} s, then send the same request again.${less} RATE_LIMIT_RPM sets the limit per minute.`,
  });
}
