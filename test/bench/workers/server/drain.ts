import { setTimeout as pause } from 'node:timers/promises';
import type { Child } from '../../support/children.ts';
import { Meter } from '../../support/meter.ts';
import { peakMemory, processTree } from '../../support/processes.ts';
import { type Percentiles, percentiles, spread } from '../../support/statistics.ts';
import type { Driver } from '../drivers.ts';
import type { RequestCounts, TaskTimes } from './conductor.ts';
import type { Load } from './load.ts';
import { type Site, withDriver } from './stage.ts';

/** Measurements of one driver while it completes one set of waiting tasks. Processor seconds and requests are per 1,000 tasks. */
export interface Drain {
  tasks: number;
  /** Measured by the server's clock, from the first task handed out until the server had the share `MEASURED` of all results. */
  tasksPerSecond: number;
  /** Milliseconds from the scheduling of a task until a poll takes it. Most of this is the wait behind other tasks. */
  queueMs: Percentiles;
  /** Milliseconds from the poll until the server has the result: the time that a slot is busy with an empty task. */
  runMs: Percentiles;
  /** Processor time of the driver and its child processes: during the drain, and since the driver's start. */
  cpuSeconds: number;
  cpuSecondsFromStart: number;
  peakMegabytes: number;
  processes: number;
  polls: number;
  updates: number;
  serverCpuSeconds?: number;
  /** Processors that programs other than driver and server kept busy. If this figure is high, do not trust the run. */
  otherCpus?: number;
}

export interface DrainOptions {
  site: Site;
  driver: Driver;
  load: Load;
  workflows: number;
  concurrency: number;
}

/**
 * The rate and the processor time are measured over this share of the tasks. With a busy database, the server sometimes delivers a
 * task half a minute late. All workers are idle until then, so the last tasks would spoil both figures.
 */
const MEASURED = 0.99;

/** Longer than any long poll. After this time, all polls of the suspended driver are over, so none of them can take a task. */
const POLLS_OVER_MS = 5_300;
const QUIET_MS = 1_000;

/**
 * Measures one driver. The driver starts, polls empty queues for a while, and is suspended. The bench then queues the tasks and resumes
 * the driver. This way all processes of the driver are connected, all tasks wait from the beginning, and the start costs no
 * measured processor time.
 */
export async function drain({ site, driver, load, workflows, concurrency }: DrainOptions): Promise<Drain> {
  const { conductor, serverPid, signal } = site;
  const shares = spread(concurrency, load.types.length);
  const types = load.types.map((name, index) => ({ name, concurrency: shares[index] ?? 0 }));
  const meters: Meters = { machine: Meter.ofMachine(), ...(serverPid && { server: Meter.ofTree(serverPid) }) };
  const onStart = ({ pid }: Child) => {
    meters.driver = Meter.ofTree(pid);
  };
  try {
    return await withDriver(site, { driver, types, onStart }, async ({ child, finished }) => {
      child.freeze();
      await pause(POLLS_OVER_MS, undefined, { signal });
      const ids = await conductor.start(load.workflow, workflows);
      await pause(QUIET_MS, undefined, { signal });
      const before = await conductor.answered();
      child.thaw();
      await finished(load.workflow);
      child.freeze();
      const requests = difference(await conductor.answered(), before);
      const tree = processTree(child.pid);
      const memory = { peakMegabytes: peakMemory(tree) / 1e6, processes: tree.length };
      const times = (await Promise.all(ids.map((id) => conductor.taskTimes(id, load.types)))).flat();
      return { ...figures(times), ...cpu(meters, times), ...memory, ...perThousand(requests, times.length) };
    });
  } finally {
    for (const meter of Object.values(meters)) meter.stop();
  }
}

function figures(times: readonly TaskTimes[]): Pick<Drain, 'tasks' | 'tasksPerSecond' | 'queueMs' | 'runMs'> {
  const bad = times.filter(({ status }) => status !== 'COMPLETED');
  if (bad.length > 0) throw new Error(`${bad.length} of ${times.length} tasks ended as ${bad[0]?.status}`);
  const { from, to, tasks } = measured(times);
  return {
    tasks: times.length,
    tasksPerSecond: tasks / ((to - from) / 1000),
    queueMs: percentiles(times.map(({ scheduledTime, startTime }) => startTime - scheduledTime)),
    runMs: percentiles(times.map(({ startTime, endTime }) => endTime - startTime)),
  };
}

type Meters = { machine: Meter; driver?: Meter; server?: Meter };

function cpu(
  { driver, machine, server }: Meters,
  times: readonly TaskTimes[],
): Pick<Drain, 'cpuSeconds' | 'cpuSecondsFromStart'> & Partial<Drain> {
  const { from, to, tasks } = measured(times);
  const thousands = tasks / 1000;
  const drivers = driver?.between(from, to) ?? Number.NaN;
  const fromStart = driver?.upTo(to) ?? Number.NaN;
  const common = { cpuSeconds: drivers / thousands, cpuSecondsFromStart: fromStart / thousands };
  if (!server) return common;
  const servers = server.between(from, to);
  const others = machine.between(from, to) - drivers - servers;
  return { ...common, serverCpuSeconds: servers / thousands, otherCpus: Math.max(0, others / ((to - from) / 1000)) };
}

/** Returns the measured period and the number of results in it. */
function measured(times: readonly TaskTimes[]): { from: number; to: number; tasks: number } {
  const ends = times.map(({ endTime }) => endTime).sort((a, b) => a - b);
  const tasks = Math.ceil(ends.length * MEASURED);
  return { from: Math.min(...times.map(({ startTime }) => startTime)), to: ends[tasks - 1] ?? Number.NaN, tasks };
}

function difference(after: RequestCounts, before: RequestCounts): RequestCounts {
  return { polls: after.polls - before.polls, updates: after.updates - before.updates };
}

function perThousand({ polls, updates }: RequestCounts, tasks: number): RequestCounts {
  return { polls: (polls / tasks) * 1000, updates: (updates / tasks) * 1000 };
}
