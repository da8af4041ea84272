/**
 * Measures our workers, the SDKs' workers and plain HTTP loops on a real Conductor server. It measures how fast they complete
 * waiting tasks and how much processor time and memory they need. It also measures how much idle task types slow down busy ones.
 * BENCHMARKS.md describes the method.
 */
import { messageOf } from '../../../core/errors.ts';
import { chosen, readFlags } from '../support/flags.ts';
import { markdownTable, note, print, printJson, type Table, textTable } from '../support/output.ts';
import { runBench, type Scene } from '../support/run.ts';
import { rotated, spread } from '../support/statistics.ts';
import { type Driver, findDrivers, jsSdkAsItComes } from './drivers.ts';
import { benchConductor } from './server/conductor.ts';
import { type Drain, drain } from './server/drain.ts';
import { idleCost } from './server/idle.ts';
import { defineLoad, type Load } from './server/load.ts';
import { openServer } from './server/open.ts';
import { type PickUp, pickUp } from './server/pick-up.ts';
import type { Site } from './server/stage.ts';
import { drainTables, idleTable, pickUpTable } from './server/tables.ts';

const PARTS = ['drain', 'idle', 'pick-up'];
const MANY_IDLE = 50;
const flags = readFlags(
  'Benchmarks of the workers on the server of CONDUCTOR_SERVER_URL. If it is not set, the bench starts a server.',
  {
    rounds: { value: 'n', default: '5', help: 'number of times that everything is measured' },
    tasks: { value: 'n', default: '1500', help: 'tasks that wait at the start of a round' },
    forks: { value: 'n', default: '10', help: 'tasks per workflow' },
    concurrency: { value: 'n', default: '50', help: 'tasks at once, over all types' },
    types: { value: 'n', default: '4', help: 'task types' },
    samples: { value: 'n', default: '30', help: 'single tasks whose pick-up is measured' },
    only: { value: 'names', help: 'only these drivers, separated by commas' },
    parts: { value: 'names', help: `only these parts: ${PARTS.join(', ')}` },
    also: { value: 'folder', help: 'measure the workers of another checkout as well' },
    markdown: { help: 'print the results as Markdown in place of JSON lines' },
  },
);

await runBench(async (scene) => {
  const all = [...(await findDrivers(flags.text('also'))), jsSdkAsItComes];
  const names = chosen(
    flags.list('only'),
    all.map(({ name }) => name),
  );
  const drivers = all.filter(({ name }) => names.includes(name));
  const parts = chosen(flags.list('parts'), PARTS);
  const site = await openSite(scene);
  if (parts.includes('drain'))
    await drainPart(
      site,
      drivers.filter((driver) => driver !== jsSdkAsItComes),
    );
  if (parts.includes('idle'))
    await idlePart(
      site,
      drivers.filter(({ name }) => /^(fleet|js-sdk)/.test(name)),
    );
  if (parts.includes('pick-up'))
    await pickUpPart(
      site,
      drivers.filter(({ name }) => /^(fleet|js-sdk$)/.test(name)),
    );
});

async function openSite({ cleanups, signal }: Scene): Promise<Site> {
  const { url, pid } = await openServer(cleanups, signal);
  return { conductor: benchConductor(url), serverPid: pid, signal };
}

/**
 * Measures each driver in each round, in another order each time. Before that, one unmeasured drain of each driver warms up the
 * server and the caches.
 */
async function drainPart(site: Site, drivers: readonly Driver[]): Promise<void> {
  const [types, forks, concurrency] = [flags.number('types'), flags.number('forks'), flags.number('concurrency')];
  const loads = new Map<Driver, Load>();
  for (const driver of drivers) loads.set(driver, await defineLoad(site, { owner: driver.name, types, forks }));
  const once = (driver: Driver, load: Load) =>
    twice(site, driver, () => drain({ site, driver, load, workflows: workflowsOf(forks), concurrency }));

  for (const [driver, load] of loads) {
    note(`drain: warming up with ${driver.name} …`);
    await once(driver, load);
  }
  const results = await inRounds([...loads], async ([driver, load], round) => {
    const result = await once(driver, load);
    note(`drain: round ${round}, ${driver.name.padEnd(14)} ${inShort(result)}`);
    emit({ part: 'drain', round, driver: driver.name, concurrency, forks, ...result });
    return [driver.name, result];
  });
  showTables(drainTables(results));
}

/** Measures each driver's busy type beside one idle type, and beside many. */
async function idlePart(site: Site, drivers: readonly Driver[]): Promise<void> {
  const forks = flags.number('forks');
  const casts: { driver: Driver; busy: Load; idle: string[] }[] = [];
  for (const driver of drivers) {
    const busy = await defineLoad(site, { owner: `busy-${driver.name}`, types: 1, forks });
    const { types } = await defineLoad(site, { owner: `idle-${driver.name}`, types: MANY_IDLE, forks: 1 });
    for (const count of [1, MANY_IDLE]) casts.push({ driver, busy, idle: types.slice(0, count) });
  }
  const workflows = Math.max(1, Math.round(workflowsOf(forks) / 5));
  const results = await inRounds(casts, async ({ driver, busy, idle }, round) => {
    const result = await twice(site, driver, () => idleCost({ site, driver, busy, idle, workflows }));
    const { p50, p95 } = result.updateMs;
    const figures = `update p50 ${p50.toFixed(1)} ms, p95 ${p95.toFixed(1)} ms`;
    note(`idle: round ${round}, ${driver.name.padEnd(14)} beside ${idle.length} idle types: ${figures}`);
    emit({ part: 'idle', round, driver: driver.name, ...result });
    return [driver.name, result];
  });
  showTables([idleTable(results)]);
}

async function pickUpPart(site: Site, drivers: readonly Driver[]): Promise<void> {
  const types = flags.number('types');
  const concurrency = spread(flags.number('concurrency'), types)[0] ?? 1;
  const results: [string, PickUp][] = [];
  for (const driver of drivers) {
    const load = await defineLoad(site, { owner: `single-${driver.name}`, types, forks: 1 });
    const result = await pickUp({ site, driver, load, samples: flags.number('samples'), concurrency });
    emit({ part: 'pick-up', driver: driver.name, ...result });
    results.push([driver.name, result]);
  }
  showTables([pickUpTable(results)]);
}

/** Measures every item in every round. Each round starts with another item. Returns the results by name, in the order of the rounds. */
async function inRounds<T, R>(
  items: readonly T[],
  measure: (item: T, round: number) => Promise<[string, R]>,
): Promise<Map<string, R[]>> {
  const results = new Map<string, R[]>();
  for (let round = 1; round <= flags.number('rounds'); round++) {
    for (const item of rotated(items, round - 1)) {
      const [name, result] = await measure(item, round);
      results.set(name, [...(results.get(name) ?? []), result]);
    }
  }
  return results;
}

/** Repeats a failed measurement once, so that a short fault of the server does not end the run and lose the earlier measurements. */
async function twice<T>({ signal }: Site, { name }: Driver, measure: () => Promise<T>): Promise<T> {
  try {
    return await measure();
  } catch (error) {
    signal.throwIfAborted();
    note(`the measurement of ${name} failed and is repeated: ${messageOf(error)}`);
    return measure();
  }
}

function workflowsOf(forks: number): number {
  return Math.max(1, Math.round(flags.number('tasks') / forks));
}

function inShort({ tasksPerSecond, cpuSeconds, peakMegabytes, otherCpus }: Drain): string {
  const others = otherCpus === undefined ? '' : `, ${otherCpus.toFixed(2)} processors busy elsewhere`;
  return `${tasksPerSecond.toFixed(0)} tasks/s, ${cpuSeconds.toFixed(2)} CPU s per 1,000, ${peakMegabytes.toFixed(0)} MB${others}`;
}

function emit(line: Record<string, unknown>): void {
  if (!flags.on('markdown')) printJson({ bench: 'workers', node: process.version, ...line });
}

function showTables(tables: readonly Table[]): void {
  for (const table of tables) {
    note(textTable(table));
    if (flags.on('markdown')) print(markdownTable(table));
  }
}
