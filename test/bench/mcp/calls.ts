import { cpuMs, processTree } from '../support/processes.ts';
import { median, type Percentiles, percentiles, rotated } from '../support/statistics.ts';
import type { Operation } from './operations.ts';
import type { Way } from './ways.ts';

/** Milliseconds per call of one operation over one way to Conductor. */
export interface CallTimes {
  operation: string;
  way: string;
  ms: Percentiles;
}

/** Calls per second of one operation over one way to Conductor, with `inFlight` calls at once. */
export interface CallRate {
  operation: string;
  way: string;
  inFlight: number;
  callsPerSecond: number;
  /** Processor time of the MCP server's processes. Conductor's own time is not included. */
  cpuMsPerCall?: number;
}

/** Makes one call after the other. The ways take turns after every call, so that noise affects all of them alike. */
export async function sequential(
  ways: readonly Way[],
  operations: readonly Operation[],
  { calls, warmUp, signal }: { calls: number; warmUp: number; signal: AbortSignal },
): Promise<CallTimes[]> {
  const pairs = operations.flatMap((operation) =>
    ways.filter((way) => way.can(operation)).map((way) => ({ operation, way, times: [] as number[] })),
  );
  for (let round = -warmUp; round < calls; round++) {
    for (const { way, operation, times } of rotated(pairs, Math.abs(round))) {
      signal.throwIfAborted();
      const began = performance.now();
      const { text } = await way.answer(operation);
      if (round >= 0) times.push(performance.now() - began);
      await operation.end?.(text);
    }
  }
  return pairs.map(({ operation, way, times }) => ({
    operation: operation.name,
    way: way.name,
    ms: percentiles(times),
  }));
}

export interface Burst {
  calls: number;
  inFlight: number;
  rounds: number;
  signal: AbortSignal;
}

/** Makes many calls at once. The ways take turns after every burst. Each rate is the median over the rounds. */
export async function parallel(
  ways: readonly Way[],
  operations: readonly Operation[],
  burst: Burst,
): Promise<CallRate[]> {
  const { calls, inFlight, rounds, signal } = burst;
  const pairs = operations.flatMap((operation) =>
    ways
      .filter((way) => way.can(operation))
      .map((way) => ({ operation, way, rates: [] as number[], cpu: [] as number[] })),
  );
  for (let round = -1; round < rounds; round++) {
    for (const { operation, way, rates, cpu } of rotated(pairs, round + 1)) {
      signal.throwIfAborted();
      const pids = way.connection ? processTree(way.connection.pid) : [];
      const [began, usedBefore] = [performance.now(), cpuMs(pids)];
      const answers: string[] = [];
      await atOnce(calls, inFlight, async () => answers.push((await way.answer(operation)).text));
      if (round >= 0) {
        rates.push(calls / ((performance.now() - began) / 1000));
        cpu.push((cpuMs(pids) - usedBefore) / calls);
      }
      await atOnce(calls, inFlight, async (index) => operation.end?.(answers[index] ?? ''));
    }
  }
  return pairs.map(({ operation, way, rates, cpu }) => ({
    operation: operation.name,
    way: way.name,
    inFlight,
    callsPerSecond: median(rates),
    ...(way.connection && { cpuMsPerCall: median(cpu) }),
  }));
}

/** Calls `run` `count` times, with at most `most` calls at once. */
export async function atOnce(count: number, most: number, run: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < count) await run(next++);
  };
  await Promise.all(Array.from({ length: Math.min(most, count) }, lane));
}
