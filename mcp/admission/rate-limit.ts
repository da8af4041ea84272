import type { Config } from '../../core/config.ts';
import type { Logger } from '../../core/log.ts';
import { pause } from '../../core/pause.ts';
import { named } from '../../core/settings/named.ts';
import { count } from '../../core/text.ts';
import type { Caller } from './permissions.ts';
import type { Allowance, RateLimitStore } from './rate-limit-store.ts';
import { RateLimited } from './refusals.ts';
import type { Subject } from './subject.ts';

/*
 * The rate limit of each caller, by default 1,000 requests a minute with a burst of 50:
 * 1. Each caller has points of its own. No caller waits for another one.
 * 2. Points come back in short windows (for 1,000 and 50: 16 points a second), and 34 further points come back once a minute for a burst.
 *    Together they never exceed the limit of a minute, and never give more than a burst at once.
 * 3. A request costs as many points as its class says.
 * 4. A caller without points waits up to two seconds. No more requests wait than can be answered in this time; the others are refused.
 */

/** What a request costs, by the class of the tool. */
const COSTS = {
  read: 1,
  change: 1,
  /** A call that can reach systems beyond Conductor: it starts or continues the work of others. */
  heavy: 2,
} as const;

const LONGEST_WAIT_MS = 2000;
/** Two windows of a second are two seconds only if no timer is late. */
const LATE_TIMERS_MS = 200;
/** Lengths of a window that divide a minute. */
const WINDOWS = [1, 2, 3, 6, 10, 20, 30];
/** A longer window is chosen only if rounding in a shorter one loses more than this share of the limit. */
const LOSS = 0.05;

/** The limit of every caller. */
export type RateLimits = Pick<Config, 'rateLimitRpm' | 'rateLimitBurst' | 'rateLimitRedisUrl'>;

/** The rate limit of one process, or of several processes that share a Redis. */
export interface RateLimit {
  /**
   * Takes the points of one request. Waits up to two seconds for them, or until `signal` is aborted.
   * @throws RateLimited if the caller has used up its points
   */
  take(caller: Caller, subject: Subject, signal?: AbortSignal): Promise<void>;
  /** Closes the connection to Redis. */
  close(): Promise<void>;
}

export function createRateLimit(limits: RateLimits, log: Logger): RateLimit {
  const allowance = allowanceOf(limits);
  let opened: Promise<RateLimitStore> | undefined;
  const mostWaiting = Math.floor((allowance.steady * LONGEST_WAIT_MS) / 1000 / allowance.seconds);
  const waiting = new Map<string, number>();

  function store(): Promise<RateLimitStore> {
    opened ??= openStore(limits, allowance, log);
    return opened;
  }

  /** Returns how many milliseconds the caller has to wait for its points; 0 if it got them. */
  async function tryToTake(key: string, points: number): Promise<number> {
    try {
      await (await store()).consume(key, points);
      return 0;
    } catch (refused) {
      const ms = msBeforeNext(refused);
      if (ms === undefined) throw refused;
      return Math.max(1, ms);
    }
  }

  async function waitAndTake(key: string, points: number, firstMs: number, signal?: AbortSignal): Promise<number> {
    const before = waiting.get(key) ?? 0;
    if (before >= mostWaiting) return firstMs;
    waiting.set(key, before + 1);
    const until = performance.now() + LONGEST_WAIT_MS + LATE_TIMERS_MS;
    let ms = firstMs;
    while (ms > 0 && performance.now() + ms <= until && !signal?.aborted) {
      await pause(ms, signal);
      ms = await tryToTake(key, points);
    }
    const now = (waiting.get(key) ?? 1) - 1;
    if (now > 0) waiting.set(key, now);
    else waiting.delete(key);
    return ms;
  }

  return {
    async take(caller, subject, signal) {
      const points = costOf(subject, allowance);
      const first = await tryToTake(caller.id, points);
      if (first === 0) return;
      const ms = await waitAndTake(caller.id, points, first, signal);
      if (ms > 0) throw refusal({ limits, caller, subject, points, retryAfterSeconds: Math.ceil(ms / 1000) });
    },
    close: async () => (await opened)?.close(),
  };
}

/** The package is loaded with the first request, so that a client over stdio does not wait for it when it connects. */
async function openStore(limits: RateLimits, allowance: Allowance, log: Logger): Promise<RateLimitStore> {
  const { memoryStore, redisStore } = await import('./rate-limit-store.ts');
  const { rateLimitRedisUrl: url } = limits;
  return url === undefined ? memoryStore(allowance) : redisStore(url, allowance, log);
}

/**
 * Divides the limit of a minute into windows and a burst: `steady` points in each of n windows and `extra` points once, with
 * `steady + extra = burst` and `n * steady + extra <= limit`.
 */
export function allowanceOf({ rateLimitRpm: limit, rateLimitBurst }: RateLimits): Allowance {
  const burst = Math.min(rateLimitBurst, limit);
  const all = WINDOWS.map((seconds) => {
    const windows = 60 / seconds;
    const steady = Math.floor(Math.min((limit - burst) / (windows - 1), limit / windows));
    const extra = Math.max(0, burst - steady);
    // Without steady points, the points come back with the burst, once a minute.
    return { steady, seconds: steady === 0 ? 60 : seconds, extra, perMinute: windows * steady + extra };
  });
  const precise = all.find(({ perMinute }) => perMinute >= limit * (1 - LOSS));
  if (!precise) throw new Error(`no window fits ${limit} requests a minute`); // with two windows a minute nothing is lost
  const { perMinute: _, ...allowance } = precise;
  return allowance;
}

/** A request never costs more than one window gives. */
function costOf({ annotations }: Subject, { steady, extra }: Allowance): number {
  const { readOnlyHint, openWorldHint = false } = annotations;
  const cost = COSTS[readOnlyHint ? 'read' : openWorldHint ? 'heavy' : 'change'];
  return Math.min(cost, steady || extra);
}

/** The library rejects with this field if there are no points, and with an error otherwise. */
function msBeforeNext(refused: unknown): number | undefined {
  const isRefusal = typeof refused === 'object' && refused !== null && 'msBeforeNext' in refused;
  return isRefusal && typeof refused.msBeforeNext === 'number' ? refused.msBeforeNext : undefined;
}

interface Refused {
  readonly limits: RateLimits;
  readonly caller: Caller;
  readonly subject: Subject;
  readonly points: number;
  readonly retryAfterSeconds: number;
}

function refusal({ limits, caller, subject, points, retryAfterSeconds }: Refused): RateLimited {
  const { rateLimitRpm, rateLimitBurst } = limits;
  const atOnce = rateLimitBurst < rateLimitRpm ? `, at most ${rateLimitBurst} of them at once` : '';
  const counted = points > 1 ? ` One call of ${subject.name} counts as ${points} requests.` : '';
  return new RateLimited(
    `This MCP server accepts ${count(rateLimitRpm, 'request')} a minute from each caller${atOnce}. "${caller.name}" sent more.${counted}`,
    {
      retryAfterSeconds,
      remedy: `Wait ${retryAfterSeconds} s, then send the same request again. The person who runs this MCP server sets the limit with ${named('rateLimitRpm')} and ${named('rateLimitBurst')}.`,
    },
  );
}
