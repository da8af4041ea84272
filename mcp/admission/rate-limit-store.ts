import { BurstyRateLimiter, RateLimiterMemory, RateLimiterRedis } from 'rate-limiter-flexible';
import { messageOf } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import { named } from '../../core/settings/named.ts';

/** How many points a caller may use. One point is one request of the cheapest class. */
export interface Allowance {
  /** Points of each window of `seconds`. */
  readonly steady: number;
  readonly seconds: number;
  /** Further points, once a minute, for a burst. */
  readonly extra: number;
}

/** Counts the points that callers use. `consume` rejects with a `RateLimiterRes` if a caller has used up its points. */
export interface RateLimitStore {
  consume(key: string, points: number): Promise<unknown>;
  close(): void;
}

const PREFIX = 'conductor-fleet:rate';
/** A Redis that does not answer in this time counts as lost. */
const REDIS_TIMEOUT_MS = 500;

/** Counts in the memory of this process. A caller is forgotten a minute after its last burst. */
export function memoryStore(allowance: Allowance): RateLimitStore {
  const { steady, extra } = inMemory(allowance);
  const limiter = new BurstyRateLimiter(steady, extra);
  return { consume: (key, points) => limiter.consume(key, points), close: () => {} };
}

/**
 * Counts in Redis, for all processes together. While Redis is lost, each process counts alone; the log says so once, and once when Redis
 * is back.
 */
export async function redisStore(url: string, allowance: Allowance, log: Logger): Promise<RateLimitStore> {
  const { Redis } = await import('ioredis');
  const client = new Redis(url, {
    lazyConnect: true,
    enableOfflineQueue: false,
    connectTimeout: REDIS_TIMEOUT_MS,
    commandTimeout: REDIS_TIMEOUT_MS,
    socketTimeout: 2 * REDIS_TIMEOUT_MS, // a Redis that hangs is connected again
    maxRetriesPerRequest: 0,
  });
  logOnce(client, log);
  await client.connect().catch(() => {}); // `logOnce` reports it, and the client tries again by itself
  const alone = inMemory(allowance);
  const common = { storeClient: client, rejectIfRedisNotReady: true };
  const limiter = new BurstyRateLimiter(
    new RateLimiterRedis({ ...common, ...steadyOf(allowance), insuranceLimiter: alone.steady }),
    new RateLimiterRedis({ ...common, ...extraOf(allowance), insuranceLimiter: alone.extra }),
  );
  return { consume: (key, points) => limiter.consume(key, points), close: () => client.disconnect() };
}

function inMemory(allowance: Allowance) {
  return { steady: new RateLimiterMemory(steadyOf(allowance)), extra: new RateLimiterMemory(extraOf(allowance)) };
}

function steadyOf({ steady, seconds }: Allowance) {
  return { points: steady, duration: seconds, keyPrefix: `${PREFIX}:steady` };
}

function extraOf({ extra }: Allowance) {
  return { points: extra, duration: 60, keyPrefix: `${PREFIX}:burst` };
}

interface RedisEvents {
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'close' | 'ready' | 'end', listener: () => void): unknown;
}

function logOnce(client: RedisEvents, log: Logger): void {
  let lost = false;
  let reason = 'the connection closed';
  client.on('error', (error) => {
    reason = messageOf(error); // the error itself can hold the password
  });
  client.on('close', () => {
    if (!lost)
      log.warn(
        `The Redis server of ${named('rateLimitRedisUrl')} is lost: ${reason}. Until it is back, each process limits its callers alone.`,
      );
    lost = true;
  });
  client.on('ready', () => {
    if (lost)
      log.info(
        `The Redis server of ${named('rateLimitRedisUrl')} is back. The processes limit their callers together again.`,
      );
    lost = false;
  });
}
