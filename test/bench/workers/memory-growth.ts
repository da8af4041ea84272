import { median } from '../support/statistics.ts';

/** Memory in bytes at one moment of a run. */
export interface MemorySample {
  /** Tasks with a result. */
  settled: number;
  rss: number;
  heapUsed: number;
}

export interface Growth {
  /** Median of the second half divided by the median of the first half. */
  ratio: number;
  /** Growth in bytes per task: the slope of a least-squares fit. */
  perTask: number;
}

/** The comparison leaves out this first share of the run, because caches fill and the compiler finishes in it. */
const WARM_UP = 0.2;
const MOST_GROWTH = 1.1;

/** Compares the two halves of the run after the warm-up. */
export function growth(
  samples: readonly MemorySample[],
  tasks: number,
): { rss: Growth; heapUsed: Growth; isFlat: boolean } {
  const warm = samples.filter(({ settled }) => settled > tasks * WARM_UP);
  const rss = growthOf(warm, 'rss', tasks);
  const heapUsed = growthOf(warm, 'heapUsed', tasks);
  return { rss, heapUsed, isFlat: rss.ratio <= MOST_GROWTH && heapUsed.ratio <= MOST_GROWTH };
}

function growthOf(samples: readonly MemorySample[], field: 'rss' | 'heapUsed', tasks: number): Growth {
  const middle = tasks * ((1 + WARM_UP) / 2);
  const of = (isSecond: boolean) =>
    median(samples.filter(({ settled }) => settled > middle === isSecond).map((one) => one[field]));
  return { ratio: of(true) / of(false), perTask: slope(samples.map((sample) => [sample.settled, sample[field]])) };
}

function slope(points: readonly (readonly [number, number])[]): number {
  const mean = (values: number[]) => values.reduce((total, value) => total + value, 0) / values.length;
  const [meanX, meanY] = [mean(points.map(([x]) => x)), mean(points.map(([, y]) => y))];
  const products = points.map(([x, y]) => [(x - meanX) * (y - meanY), (x - meanX) ** 2] as const);
  return mean(products.map(([xy]) => xy)) / mean(products.map(([, xx]) => xx));
}
