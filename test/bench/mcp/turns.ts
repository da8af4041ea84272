import { cpuMs, processTree } from '../support/processes.ts';
import { atOnce, type Burst } from './calls.ts';
import type { Operation } from './operations.ts';
import type { Way } from './ways.ts';

/*
 * Measures ways that differ by less than a busy machine varies. All ways make the same call shortly after each other, in an order that
 * chance decides. That is one round. Two ways are then compared within each round, and the result is the median over the rounds.
 */

/** What one operation over one way measured: one value for each round. */
export interface Turns {
  readonly operation: string;
  readonly way: string;
  /** Milliseconds of a call, or calls per second of a burst. */
  readonly values: number[];
  /** Processor time of the MCP server for one call of a burst, in milliseconds. */
  readonly cpuMs: number[];
}

type Ways = readonly Way[];
type Operations = readonly Operation[];

/** Makes one call after the other. */
export async function callsInTurns(
  ways: Ways,
  operations: Operations,
  { calls, warmUp, signal }: { calls: number; warmUp: number; signal: AbortSignal },
): Promise<Turns[]> {
  return inTurns(ways, operations, { rounds: calls, warmUp, signal }, async (way, operation) => {
    const began = performance.now();
    const { text } = await way.answer(operation);
    const value = performance.now() - began;
    await operation.end?.(text);
    return { value };
  });
}

/** Makes many calls at once. */
export async function burstsInTurns(
  ways: Ways,
  operations: Operations,
  { calls, inFlight, rounds, signal }: Burst,
): Promise<Turns[]> {
  return inTurns(ways, operations, { rounds, warmUp: 1, signal }, async (way, operation) => {
    const pids = way.connection ? processTree(way.connection.pid) : [];
    const answers: string[] = [];
    const [began, usedBefore] = [performance.now(), cpuMs(pids)];
    await atOnce(calls, inFlight, async () => answers.push((await way.answer(operation)).text));
    const value = calls / ((performance.now() - began) / 1000);
    const cpu = (cpuMs(pids) - usedBefore) / calls;
    await atOnce(calls, inFlight, async (index) => operation.end?.(answers[index] ?? ''));
    return { value, cpu };
  });
}

async function inTurns(
  ways: Ways,
  operations: Operations,
  { rounds, warmUp, signal }: { rounds: number; warmUp: number; signal: AbortSignal },
  measure: (way: Way, operation: Operation) => Promise<{ value: number; cpu?: number }>,
): Promise<Turns[]> {
  const all = operations.map((operation) => ({
    operation,
    turns: ways
      .filter((way) => way.can(operation))
      .map((way) => ({ way, values: [] as number[], cpuMs: [] as number[] })),
  }));
  for (let round = -warmUp; round < rounds; round++) {
    for (const { operation, turns } of all) {
      for (const { way, values, cpuMs } of shuffled(turns)) {
        signal.throwIfAborted();
        const { value, cpu } = await measure(way, operation);
        if (round < 0) continue;
        values.push(value);
        if (cpu !== undefined) cpuMs.push(cpu);
      }
    }
  }
  return all.flatMap(({ operation, turns }) =>
    turns.map(({ way, values, cpuMs }) => ({ operation: operation.name, way: way.name, values, cpuMs })),
  );
}

function shuffled<T>(items: readonly T[]): T[] {
  const keyed = items.map((item) => ({ item, key: Math.random() }));
  return keyed.sort((a, b) => a.key - b.key).map(({ item }) => item);
}

/** A median, and between which values the true median lies with a probability of 95 %. */
export interface Estimate {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** Compares two ways round by round. */
export function compare(
  { values }: Turns,
  { values: others }: Turns,
  by: (value: number, other: number) => number,
): Estimate {
  const sorted = values.map((value, round) => by(value, others[round] ?? Number.NaN)).sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const at = (place: number) => sorted[Math.min(sorted.length - 1, Math.max(0, Math.round(place)))] ?? Number.NaN;
  const spread = Math.sqrt(sorted.length); // two standard deviations of a binomial distribution with p = 1/2
  return {
    median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2,
    low: at(middle - spread),
    high: at(middle + spread),
  };
}
