import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startChild } from '../../support/children.ts';
import { Meter } from '../../support/meter.ts';
import { peakMemory, processTree } from '../../support/processes.ts';
import { spread } from '../../support/statistics.ts';
import type { Driver } from '../drivers.ts';
import type { InstantServer } from './open.ts';

/** Measurements of one driver against the server that answers at once. Requests are per 1,000 tasks. */
export interface Speed {
  tasks: number;
  tasksPerSecond: number;
  /** Microseconds of processor time per task, for the driver and its child processes. */
  cpuMicroseconds: number;
  /** Processors that the driver and the server kept busy. If `serverCpus` is near 1, the server was the limit. */
  cpus: number;
  serverCpus: number;
  /** Processors that other programs kept busy during the run. If this figure is high, do not trust the run. */
  otherCpus: number;
  peakMegabytes: number;
  polls: number;
  updates: number;
}

export interface SpeedOptions {
  server: InstantServer;
  driver: Driver;
  tasks: number;
  types: number;
  concurrency: number;
  signal: AbortSignal;
  /** The folder for the processor profile of a Node driver. */
  profiles?: string | undefined;
}

const LOOK_EVERY_MS = 20;
const READY_MS = 60_000;
const IDLE_MS = 1_000;
const STALLED_MS = 60_000;

/** Starts a driver, lets it poll empty queues for a while, then queues the tasks. */
export async function speed(options: SpeedOptions): Promise<Speed> {
  const { server, driver, tasks, types, concurrency, signal, profiles } = options;
  const names = Array.from({ length: types }, (_, index) => `bench_${index}`);
  const shares = spread(concurrency, types);
  const folder = mkdtempSync(join(tmpdir(), 'fleet-bench-'));
  server.fill({ tasks: 0, types: names });
  const assigned = names.map((name, index) => ({ name, concurrency: shares[index] ?? 0 }));
  const launch = driver.launch({ url: server.url, types: assigned }, folder);
  const profiling = profiles === undefined || !launch.channel ? [] : ['--cpu-prof', '--cpu-prof-dir', profiles];
  const args = [...profiling, ...launch.args];
  const child = startChild({ ...launch, args, logFile: join(folder, 'driver.log') });
  const meters = { driver: Meter.ofTree(child.pid), server: Meter.ofTree(server.pid), machine: Meter.ofMachine() };
  const until = async (what: string, limitMs: number, done: () => boolean) => {
    for (const end = Date.now() + limitMs; !done(); await pause(LOOK_EVERY_MS, undefined, { signal })) {
      child.check();
      if (Date.now() > end) throw new Error(`${driver.name}: waited ${limitMs / 1000} s in vain for ${what}`);
    }
  };
  try {
    await until('polls for all types', READY_MS, () => server.progress.polled.length === types);
    await pause(IDLE_MS, undefined, { signal });
    server.fill({ tasks, types: names });
    const isDone = () => server.progress.tasks === tasks && server.progress.settled === tasks;
    await until('all results', STALLED_MS + tasks, isDone);
    await pause(2 * LOOK_EVERY_MS);
    const { firstTakenAt: from, lastSettledAt: to, repeated, polls, updates } = server.progress;
    if (repeated > 0) throw new Error(`${driver.name} answered ${repeated} tasks more than once`);
    const seconds = (to - from) / 1000;
    const [cpuSeconds, serverCpuSeconds] = [meters.driver.between(from, to), meters.server.between(from, to)];
    return {
      tasks,
      tasksPerSecond: tasks / seconds,
      cpuMicroseconds: (cpuSeconds / tasks) * 1e6,
      cpus: cpuSeconds / seconds,
      serverCpus: serverCpuSeconds / seconds,
      otherCpus: Math.max(0, meters.machine.between(from, to) - cpuSeconds - serverCpuSeconds) / seconds,
      peakMegabytes: peakMemory(processTree(child.pid)) / 1e6,
      polls: (polls / tasks) * 1000,
      updates: (updates / tasks) * 1000,
    };
  } finally {
    for (const meter of Object.values(meters)) meter.stop();
    await child.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
