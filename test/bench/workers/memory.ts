/**
 * Checks that the memory of our workers stays flat: one worker process runs 200,000 tasks against a server that answers at once.
 * Prints a row per 10,000 tasks. The first fifth of the run does not count. Exits with 1 if the second half of the rest needs more
 * than 1.1 times the memory of the first half.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { type Child, startChild } from '../support/children.ts';
import { readFlags } from '../support/flags.ts';
import { markdownTable, note, print, printJson, type Table, textTable } from '../support/output.ts';
import { residentMemory } from '../support/processes.ts';
import { runBench } from '../support/run.ts';
import { median, round, spread } from '../support/statistics.ts';
import { fleet } from './drivers.ts';
import { type InstantServer, openInstantServer } from './instant/open.ts';
import { growth, type MemorySample } from './memory-growth.ts';

const flags = readFlags('Checks that the memory of our workers stays flat over many tasks.', {
  tasks: { value: 'n', default: '200000', help: 'tasks' },
  every: { value: 'n', default: '10000', help: 'tasks per row' },
  concurrency: { value: 'n', default: '50', help: 'tasks at once, over all types' },
  types: { value: 'n', default: '4', help: 'task types' },
  markdown: { help: 'print the results as Markdown in place of JSON lines' },
});
const SAMPLE_EVERY_MS = 100;
const READY_MS = 60_000;
/** If no result arrives for this long, the run fails. */
const STALLED_MS = 60_000;

const probe = new URL('../support/heap-probe.ts', import.meta.url).href;
const message = z.object({ heapUsed: z.number() });

await runBench(async ({ signal, cleanups }) => {
  const [tasks, types] = [flags.number('tasks'), flags.number('types')];
  const names = Array.from({ length: types }, (_, index) => `bench_${index}`);
  const server = await openInstantServer();
  cleanups.add('end the instant server', () => server.close());
  server.fill({ tasks: 0, types: names });
  const folder = mkdtempSync(join(tmpdir(), 'fleet-bench-'));
  cleanups.add('remove the folder', () => rmSync(folder, { recursive: true, force: true }));
  const shares = spread(flags.number('concurrency'), types);
  const assigned = names.map((name, index) => ({ name, concurrency: shares[index] ?? 0 }));
  const launch = fleet.launch({ url: server.url, types: assigned }, folder);
  const args = ['--import', probe, ...launch.args];
  const child = startChild({ ...launch, args, logFile: join(folder, 'driver.log') });
  cleanups.add('end the worker', () => child.stop());

  const began = Date.now();
  while (server.progress.polled.length < types) {
    child.check();
    if (Date.now() - began > READY_MS) throw new Error('the worker does not poll all its types');
    await pause(SAMPLE_EVERY_MS, undefined, { signal });
  }
  server.fill({ tasks, types: names });
  const samples = await watch(server, child, tasks, signal);
  report(samples);
});

/** Collects memory samples until every task has its result. */
async function watch(server: InstantServer, child: Child, tasks: number, signal: AbortSignal): Promise<MemorySample[]> {
  const samples: MemorySample[] = [];
  child.process.on('message', (sent) => {
    const heapUsed = message.safeParse(sent).data?.heapUsed; // the worker may also send other messages
    const { settled } = server.progress;
    if (heapUsed !== undefined && settled > 0) samples.push({ settled, heapUsed, rss: residentMemory(child.pid) });
  });
  let last = { settled: 0, at: Date.now() };
  while (server.progress.settled < tasks) {
    child.check();
    const { settled } = server.progress;
    if (settled > last.settled) last = { settled, at: Date.now() };
    if (Date.now() - last.at > STALLED_MS)
      throw new Error(`after ${settled} tasks, no result arrived for ${STALLED_MS / 1000} s`);
    await pause(SAMPLE_EVERY_MS, undefined, { signal });
  }
  if (server.progress.repeated > 0)
    throw new Error(`the worker answered ${server.progress.repeated} tasks more than once`);
  return samples;
}

function report(samples: readonly MemorySample[]): void {
  const tables = [series(samples)];
  for (const table of tables) {
    note(textTable(table));
    if (flags.on('markdown')) print(markdownTable(table));
  }
  const { rss, heapUsed, isFlat } = growth(samples, flags.number('tasks'));
  const verdict = `second half over first: RSS ${round(rss.ratio)}, heap ${round(heapUsed.ratio)}`;
  note(
    `${isFlat ? 'flat' : 'NOT FLAT'}: ${verdict}; slopes ${round(rss.perTask)} and ${round(heapUsed.perTask)} bytes per task`,
  );
  if (!flags.on('markdown')) printJson({ bench: 'memory', node: process.version, rss, heapUsed, isFlat });
  if (!isFlat) process.exitCode = 1;
}

function series(samples: readonly MemorySample[]): Table {
  const every = flags.number('every');
  const rows = Array.from({ length: Math.ceil(flags.number('tasks') / every) }, (_, index) => {
    const within = samples.filter(({ settled }) => settled > index * every && settled <= (index + 1) * every);
    const heap = within.map(({ heapUsed }) => heapUsed / 1e6);
    const rss = within.map((sample) => sample.rss / 1e6);
    if (!flags.on('markdown')) {
      printJson({
        bench: 'memory',
        tasks: (index + 1) * every,
        rssMegabytes: median(rss),
        heapMegabytes: median(heap),
      });
    }
    return [(index + 1) * every, round(median(rss)), round(median(heap)), round(Math.min(...heap))];
  });
  return {
    title: 'Memory in megabytes, by number of completed tasks',
    head: ['tasks', 'RSS', 'heap', 'least heap'],
    rows,
  };
}
