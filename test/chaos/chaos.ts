/**
 * The chaos run: a real server and several worker processes run thousands of tasks with real effects. Meanwhile the run kills workers
 * and the server, and makes the network between them fail. At the end it compares the product's promises with what happened, and exits
 * with 1 if a promise is broken. The seed decides which faults the run injects and when. It does not decide which tasks they hit.
 *
 * `npm run chaos -- --minutes 3 --seed 42` prints a report for people and a line of JSON.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { messageOf } from '../../core/errors.ts';
import { onInterruption } from '../../core/interruption.ts';
import { planLoad } from './load.ts';
import { describe, planSchedule } from './plan-schedule.ts';
import { type RunSettings, summarize, tell } from './report.ts';
import { run } from './run-chaos.ts';
import { judge } from './verdict.ts';
import { measureWaits } from './waits.ts';

const HELP = `npm run chaos -- [options]

  --minutes <n>         how long the run injects faults (default 3)
  --seed <n>            decides which faults happen when (default: random, and printed)
  --workers <n>         worker processes (default 3)
  --workflows <n>       executions to start per minute; most have four tasks (default 180)
  --share-data-dir      all workers share one data folder, as on one machine (default: one each)
  --settle-seconds <n>  how long open work may take to end afterwards (default 420)
  --plan                print the faults and their times, inject nothing
  --keep                keep the folder of the run; it is always kept if a promise is broken
  --help
`;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '3' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
    workers: { type: 'string', default: '3' },
    workflows: { type: 'string', default: '180' },
    'share-data-dir': { type: 'boolean', default: false },
    'settle-seconds': { type: 'string', default: '420' },
    plan: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const settings: RunSettings = {
  seed: positive('seed'),
  minutes: positive('minutes'),
  workers: positive('workers'),
  perMinute: positive('workflows'),
  shareDataDir: values['share-data-dir'],
};

function positive(name: 'seed' | 'minutes' | 'workers' | 'workflows' | 'settle-seconds'): number {
  const number = Number(values[name]);
  if (Number.isFinite(number) && number >= 0) return number;
  process.stderr.write(`--${name} must be a number of at least 0, not "${values[name]}".\n`);
  process.exit(2);
}

const print = (text: string) => void process.stdout.write(`${text}\n`);
const startedAt = performance.now();
const note = (line: string) => {
  const at = ((performance.now() - startedAt) / 1000).toFixed(1).padStart(6);
  process.stderr.write(`[${at} s] ${line}\n`);
};

async function main(): Promise<number> {
  const schedule = planSchedule(settings);
  const orders = planLoad(settings);
  print(
    `seed ${settings.seed}: ${schedule.length} injections in ${settings.minutes} minutes, ${orders.length} workflows`,
  );
  for (const injection of schedule) {
    print(`${(injection.atMs / 1000).toFixed(1).padStart(7)} s  ${describe(injection)}`);
  }
  if (values.plan) return 0;

  const folder = mkdtempSync(join(tmpdir(), 'fleet-chaos-'));
  const interruption = onInterruption();
  let isKept = true;
  try {
    const settleMs = positive('settle-seconds') * 1000;
    const evidence = await run({ settings, schedule, orders, settleMs, folder, note, signal: interruption.signal });
    const waits = measureWaits(evidence);
    const promises = judge(evidence, waits);
    const summary = summarize(settings, evidence, waits, promises);
    print(tell(summary, evidence, promises));
    print(JSON.stringify(summary));
    isKept = values.keep || !summary.ok;
    return summary.ok ? 0 : 1;
  } catch (error) {
    if (!interruption.signal.aborted) throw error;
    note(`ended early: ${messageOf(error)}`);
    isKept = values.keep;
    return 130;
  } finally {
    interruption.dispose();
    if (isKept) note(`the logs, the database and the effects of this run are in ${folder}`);
    else rmSync(folder, { recursive: true, force: true });
  }
}

if (values.help) print(HELP);
else process.exitCode = await main();
