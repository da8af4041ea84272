/**
 * Measures our workers, the SDKs' workers and plain HTTP loops against a server that answers at once. The server takes almost no
 * time, so the figures describe the client alone: tasks per second and processor time per task. BENCHMARKS.md describes the method.
 */
import { chosen, readFlags } from '../support/flags.ts';
import { markdownTable, note, print, printJson, type Table, textTable } from '../support/output.ts';
import { runBench } from '../support/run.ts';
import { median, rotated, round } from '../support/statistics.ts';
import { findDrivers, pipelined } from './drivers.ts';
import { type Speed, speed } from './instant/measure.ts';
import { openInstantServer } from './instant/open.ts';

const flags = readFlags('Benchmarks of the workers against a server that answers at once.', {
  rounds: { value: 'n', default: '5', help: 'how often each driver is measured' },
  tasks: { value: 'n', default: '20000', help: 'tasks per round' },
  concurrency: { value: 'n', default: '50', help: 'tasks at once, over all types' },
  types: { value: 'n', default: '4', help: 'task types' },
  only: { value: 'names', help: 'only these drivers, separated by commas' },
  also: { value: 'folder', help: 'measure the workers of another checkout as well' },
  profiles: { value: 'folder', help: 'write a processor profile of each Node driver to this folder' },
  markdown: { help: 'print the results as Markdown in place of JSON lines' },
});

/** Number of tasks in the first run of each driver. That run fills the compile cache and is not measured. */
const WARM_UP_TASKS = 1_000;

await runBench(async ({ signal, cleanups }) => {
  const all = [pipelined, ...(await findDrivers(flags.text('also')))];
  const names = chosen(
    flags.list('only'),
    all.map(({ name }) => name),
  );
  const drivers = all.filter(({ name }) => names.includes(name));
  const [tasks, types, concurrency] = [flags.number('tasks'), flags.number('types'), flags.number('concurrency')];
  const profiles = flags.text('profiles');
  const server = await openInstantServer();
  cleanups.add('end the instant server', () => server.close());

  for (const driver of drivers) await speed({ server, driver, tasks: WARM_UP_TASKS, types, concurrency, signal });
  const results = new Map<string, Speed[]>(names.map((name) => [name, []]));
  for (let number = 1; number <= flags.number('rounds'); number++) {
    for (const driver of rotated(drivers, number - 1)) {
      const result = await speed({ server, driver, tasks, types, concurrency, signal, profiles });
      results.get(driver.name)?.push(result);
      const { tasksPerSecond, cpuMicroseconds, serverCpus } = result;
      const figures = `${tasksPerSecond.toFixed(0)} tasks/s, ${cpuMicroseconds.toFixed(0)} µs each, server ${serverCpus.toFixed(2)} CPUs`;
      note(`client: round ${number}, ${driver.name.padEnd(14)} ${figures}`);
      if (!flags.on('markdown')) {
        printJson({
          bench: 'client',
          node: process.version,
          round: number,
          driver: driver.name,
          concurrency,
          ...result,
        });
      }
    }
  }
  for (const table of [
    figuresTable(results),
    ...['raw-undici', 'js-sdk'].flatMap((name) => ratioTable(results, name)),
  ]) {
    note(textTable(table));
    if (flags.on('markdown')) print(markdownTable(table));
  }
});

function figuresTable(results: ReadonlyMap<string, readonly Speed[]>): Table {
  const fields = [
    'tasksPerSecond',
    'cpuMicroseconds',
    'cpus',
    'serverCpus',
    'otherCpus',
    'peakMegabytes',
    'polls',
    'updates',
  ] as const;
  const head = [
    'driver',
    'tasks/s',
    'CPU µs per task',
    'CPUs',
    'server CPUs',
    'others’ CPUs',
    'peak MB',
    'polls',
    'updates',
  ];
  const rows = [...results].map(([name, speeds]) => [
    name,
    ...fields.map((field) => round(median(speeds.map((one) => one[field])), 4)),
  ]);
  return {
    title: 'Against a server that answers at once; all figures are medians, requests are per 1,000 tasks',
    head,
    rows,
  };
}

/**
 * Compares the drivers with a reference. The result is the median of the ratios within each round, because noise affects a whole
 * round alike.
 */
function ratioTable(results: ReadonlyMap<string, readonly Speed[]>, reference: string): Table[] {
  const base = results.get(reference);
  if (!base || results.size < 2) return [];
  const ratio = (speeds: readonly Speed[], field: keyof Speed) =>
    round(median(speeds.map((one, index) => one[field] / (base[index]?.[field] ?? Number.NaN))));
  const rows = [...results]
    .filter(([name]) => name !== reference)
    .map(([name, speeds]) => [
      name,
      ratio(speeds, 'tasksPerSecond'),
      ratio(speeds, 'cpuMicroseconds'),
      ratio(speeds, 'peakMegabytes'),
    ]);
  return [{ title: `Ratio to ${reference}`, head: ['driver', 'tasks/s', 'CPU per task', 'peak memory'], rows }];
}
