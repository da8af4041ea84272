import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { processEnvironment } from '../../core/config.ts';
import { type FakeConductor, startFakeConductor } from '../support/fake-conductor.ts';
import { type HttpProcess, startHttpProcess } from '../support/mcp-process.ts';
import { rawRequest } from '../support/raw-mcp.ts';
import { createRedis, type Redis, redisPath } from '../support/redis.ts';

const CALLS = 3000;
/** More than wait for their turn, so that most calls are refused at once. With 60, the calls take 80 seconds. */
const AT_THE_SAME_TIME = Number(processEnvironment().FLEET_TEST_CONCURRENT_CALLS ?? 400);

let fake: FakeConductor;
let processes: HttpProcess[];
let redis: Redis | undefined;

beforeEach(async () => {
  processes = [];
  fake = await startFakeConductor();
});
afterEach(async () => {
  await Promise.all(processes.map((one) => one.stop()));
  await redis?.stop();
  redis = undefined;
  await fake.close();
});

async function startRedis(): Promise<Redis> {
  redis = await createRedis();
  await redis.start();
  return redis;
}

/** Starts `n` processes. They are one caller's way to the same Conductor server. */
async function start(n: number, env: Record<string, string>): Promise<void> {
  const one = () => startHttpProcess({ CONDUCTOR_SERVER_URL: fake.url, RATE_LIMIT_CONCURRENT: '1000', ...env });
  processes.push(...(await Promise.all(Array.from({ length: n }, one))));
}

interface Outcome {
  accepted: number;
  limited: number;
  /** The statuses of all other answers. */
  others: number[];
  /** How long all calls took. */
  seconds: number;
}

/** Sends calls to the processes in turns. */
async function send(calls: number): Promise<Outcome> {
  const outcome: Outcome = { accepted: 0, limited: 0, others: [], seconds: 0 };
  const begun = performance.now();
  let next = 0;
  const worker = async () => {
    while (next < calls) {
      const { url } = processes[next++ % processes.length] as HttpProcess; // the list is never empty
      const response = await fetch(url, rawRequest('tools/list', {}, {}));
      const text = await response.text();
      if (response.status === 200 && text.includes('"tools"')) outcome.accepted += 1;
      else if (response.status === 429 && Number(response.headers.get('retry-after')) >= 1) outcome.limited += 1;
      else outcome.others.push(response.status);
    }
  };
  await Promise.all(Array.from({ length: AT_THE_SAME_TIME }, worker));
  outcome.seconds = (performance.now() - begun) / 1000;
  return outcome;
}

const perMinute = 1000;
const burst = 50;
/** What a caller may send in a time. */
const allowed = (seconds: number) => burst + (perMinute / 60) * seconds;

describe.skipIf(!redisPath)('three processes with one Redis (skipped without redis-server)', () => {
  test(`the limit of one caller holds within 10 % over ${CALLS} calls, and the other answers are 429`, async () => {
    const { url } = await startRedis();
    await start(3, { RATE_LIMIT_REDIS_URL: url });
    const outcome = await send(CALLS);
    console.info(
      `accepted ${outcome.accepted} in ${outcome.seconds.toFixed(1)} s, allowed ${allowed(outcome.seconds).toFixed(0)}`,
    );
    expect(outcome.others).toEqual([]);
    expect(outcome.accepted + outcome.limited).toBe(CALLS);
    expect(outcome.accepted).toBeLessThan(1.1 * allowed(outcome.seconds));
    // The points of a second come back together at its end, so the last part of a second gives none.
    expect(outcome.accepted).toBeGreaterThan(0.9 * allowed(outcome.seconds - 1));
  });

  test('a minute of calls is at most the limit of a minute', async () => {
    const { url } = await startRedis();
    await start(3, { RATE_LIMIT_REDIS_URL: url, RATE_LIMIT_RPM: '600', RATE_LIMIT_BURST: '600' });
    const outcome = await send(CALLS);
    expect(outcome).toMatchObject({ accepted: 600, limited: CALLS - 600, others: [] });
  });

  test('while Redis is lost, each process limits alone; the log says so once, and once when Redis is back', async () => {
    const { url, start: again, stop } = await startRedis();
    await start(3, { RATE_LIMIT_REDIS_URL: url, RATE_LIMIT_RPM: '30', RATE_LIMIT_BURST: '30', LOG_LEVEL: 'info' });
    expect(await send(90)).toMatchObject({ accepted: 30, limited: 60 });
    await stop();
    expect(await send(150)).toMatchObject({ accepted: 90, limited: 60, others: [] });
    await again();
    const said = (text: string) => processes.map(({ stderr }) => stderr.split(text).length - 1);
    await expect.poll(() => said('rateLimitRedisUrl) is back')).toEqual([1, 1, 1]);
    expect(said('rateLimitRedisUrl) is lost')).toEqual([1, 1, 1]);
    expect(await send(90)).toMatchObject({ accepted: 30, limited: 60 });
  });
});

test('M12: of 70 calls at the same time, none is refused', async () => {
  await start(1, {});
  await send(1);
  await new Promise((resolve) => setTimeout(resolve, 1000)); // the points of the first call are back
  expect(await send(70)).toMatchObject({ accepted: 70, limited: 0, others: [] });
});

test('without Redis, each process limits alone and says so when it starts', async () => {
  await start(2, { RATE_LIMIT_RPM: '30', RATE_LIMIT_BURST: '30', LOG_LEVEL: 'info' });
  expect(await send(100)).toMatchObject({ accepted: 60, limited: 40, others: [] });
  for (const { stderr } of processes) expect(stderr).toContain('Each process limits the rate of its callers alone.');
});

test('a Redis that does not answer at the start does not keep the server from starting; no password is logged', async () => {
  const url = 'redis://user:hush-hush@127.0.0.1:9';
  await start(1, { RATE_LIMIT_REDIS_URL: url, RATE_LIMIT_RPM: '30', RATE_LIMIT_BURST: '30', LOG_LEVEL: 'debug' });
  expect(await send(40)).toMatchObject({ accepted: 30, limited: 10, others: [] });
  expect(processes[0]?.stderr).toContain('is lost: connect ECONNREFUSED');
  expect(processes[0]?.stderr).not.toContain('hush-hush');
});
