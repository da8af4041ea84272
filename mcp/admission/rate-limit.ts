import { FleetError } from '../../core/errors.ts';

/** Calls that are let through at once after a pause. */
const BURST = 50;

/**
 * A token bucket: a burst of 50 calls, refilled at `perMinute`. A call that finds it empty is refused with the time to wait.
 * @param now milliseconds of a clock that never goes back
 */
export function rateLimit(
  perMinute: number,
  now: () => number,
): <T>(call: unknown, next: () => Promise<T>) => Promise<T> {
  const capacity = Math.min(BURST, perMinute);
  const perMs = perMinute / 60_000;
  let tokens = capacity;
  let filledAt = now();
  return async (_call, next) => {
    const time = now();
    tokens = Math.min(capacity, tokens + (time - filledAt) * perMs);
    filledAt = time;
    if (tokens < 1) {
      const seconds = Math.ceil((1 - tokens) / perMs / 1000);
      throw new FleetError('denied', `This MCP server takes ${perMinute} calls a minute and got more.`, {
        retryable: true,
        remedy: `Wait ${seconds} s, then make the same call again. RATE_LIMIT_RPM sets the limit.`,
      });
    }
    tokens -= 1;
    return next();
  };
}
