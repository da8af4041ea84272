import type { Table } from '../../support/output.ts';
import { median, round } from '../../support/statistics.ts';
import type { Drain } from './drain.ts';
import type { IdleCost } from './idle.ts';
import type { PickUp } from './pick-up.ts';

/** The tables compare all drivers with these, if these were measured. */
const REFERENCES = ['raw-undici', 'raw-fetch', 'js-sdk'];

/**
 * Returns tables with the median of each driver's rounds and its ratios to the references. A ratio is the median of the ratios
 * within each round, because noise affects a whole round alike.
 */
export function drainTables(results: ReadonlyMap<string, readonly Drain[]>): Table[] {
  return [figures(results), latencies(results), ...REFERENCES.flatMap((name) => ratios(results, name))];
}

function figures(results: ReadonlyMap<string, readonly Drain[]>): Table {
  const head = [
    'driver',
    'tasks/s',
    'range',
    'CPU s',
    'CPU s from start',
    'peak MB',
    'processes',
    'polls',
    'updates',
    'server CPU s',
    'others’ CPUs',
  ];
  const rows = [...results].map(([name, drains]) => {
    const of = (pick: (drain: Drain) => number | undefined) => median(drains.map((drain) => pick(drain) ?? Number.NaN));
    const rates = drains.map(({ tasksPerSecond }) => tasksPerSecond);
    return [
      name,
      round(of((drain) => drain.tasksPerSecond)),
      `${round(Math.min(...rates))}–${round(Math.max(...rates))}`,
      round(of((drain) => drain.cpuSeconds)),
      round(of((drain) => drain.cpuSecondsFromStart)),
      round(of((drain) => drain.peakMegabytes)),
      of((drain) => drain.processes),
      round(of((drain) => drain.polls)),
      round(
        of((drain) => drain.updates),
        4,
      ),
      round(of((drain) => drain.serverCpuSeconds)),
      round(
        of((drain) => drain.otherCpus),
        2,
      ),
    ];
  });
  return { title: 'Waiting tasks; all figures are medians, CPU seconds and requests are per 1,000 tasks', head, rows };
}

function latencies(results: ReadonlyMap<string, readonly Drain[]>): Table {
  const shares = ['p50', 'p95', 'p99'] as const;
  const head = ['driver', ...shares.map((share) => `queue ${share}`), ...shares.map((share) => `run ${share}`)];
  const rows = [...results].map(([name, drains]) => [
    name,
    ...shares.map((share) => Math.round(median(drains.map(({ queueMs }) => queueMs[share])))),
    ...shares.map((share) => Math.round(median(drains.map(({ runMs }) => runMs[share])))),
  ]);
  return {
    title: 'Milliseconds until a poll takes a task (queue), and from there until the result (run); medians',
    head,
    rows,
  };
}

function ratios(results: ReadonlyMap<string, readonly Drain[]>, reference: string): Table[] {
  const base = results.get(reference);
  if (!base || results.size < 2) return [];
  const rows = [...results]
    .filter(([name]) => name !== reference)
    .map(([name, drains]) => {
      const ratio = (pick: (drain: Drain) => number) =>
        round(median(drains.map((drain, index) => pick(drain) / ratioBase(base[index], pick))));
      return [
        name,
        ratio((drain) => drain.tasksPerSecond),
        ratio((drain) => drain.cpuSeconds),
        ratio((drain) => drain.cpuSecondsFromStart),
        ratio((drain) => drain.peakMegabytes),
        ratio((drain) => drain.runMs.p95),
      ];
    });
  const head = ['driver', 'tasks/s', 'CPU', 'CPU from start', 'peak memory', 'run p95'];
  return [{ title: `Ratio to ${reference}`, head, rows }];
}

function ratioBase(drain: Drain | undefined, pick: (drain: Drain) => number): number {
  return drain ? pick(drain) : Number.NaN;
}

/** The last column is the p95 of updates with many idle types divided by the p95 with one. Both are medians over the rounds. */
export function idleTable(results: ReadonlyMap<string, readonly IdleCost[]>): Table {
  const counts = [...new Set([...results.values()].flat().map(({ idleTypes }) => idleTypes))].sort((a, b) => a - b);
  const rows = [...results].map(([name, costs]) => {
    const of = (count: number, share: 'p50' | 'p95') =>
      median(costs.filter(({ idleTypes }) => idleTypes === count).map(({ updateMs }) => updateMs[share]));
    const [least = 0, most = 0] = [counts.at(0), counts.at(-1)];
    const cells = counts.flatMap((count) => [round(of(count, 'p50')), round(of(count, 'p95'))]);
    return [name, ...cells, round(of(most, 'p95') / of(least, 'p95'))];
  });
  const head = ['driver', ...counts.flatMap((count) => [`p50, ${count} idle`, `p95, ${count} idle`]), 'ratio of p95'];
  return { title: 'Milliseconds per task update beside idle types, as the client saw it; medians', head, rows };
}

export function pickUpTable(results: readonly [string, PickUp][]): Table {
  const rows = results.map(
    ([
      name,
      {
        samples,
        pickUpMs: { p50, p95, max },
      },
    ]) => [name, samples, p50, p95, max],
  );
  const head = ['driver', 'samples', 'p50', 'p95', 'max'];
  return { title: 'Milliseconds until a single task is picked up from an idle queue', head, rows };
}
