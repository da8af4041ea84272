import { setTimeout as pause } from 'node:timers/promises';
import { type Percentiles, percentiles } from '../../support/statistics.ts';
import type { Driver } from '../drivers.ts';
import type { Load } from './load.ts';
import { type Site, withDriver } from './stage.ts';

/** How long a single task waited in an empty queue, in milliseconds by the server's clock. */
export interface PickUp {
  samples: number;
  pickUpMs: Percentiles;
}

/** The pause is random, so that each task is queued at another moment of the driver's poll interval. */
const PAUSE_MS = { least: 300, most: 2_000 };

export interface PickUpOptions {
  site: Site;
  driver: Driver;
  /** Workflows of one task. */
  load: Load;
  samples: number;
  /** Tasks of one type that may run at once. */
  concurrency: number;
}

/** Starts workflows of one task, one at a time, each after a random pause. */
export async function pickUp({ site, driver, load, samples, concurrency }: PickUpOptions): Promise<PickUp> {
  const types = load.types.map((name) => ({ name, concurrency }));
  const waits = await withDriver(site, { driver, types }, async ({ finished }) => {
    const started: string[] = [];
    while (started.length < samples) {
      await pause(PAUSE_MS.least + Math.random() * (PAUSE_MS.most - PAUSE_MS.least), undefined, {
        signal: site.signal,
      });
      started.push(...(await site.conductor.start(load.workflow, 1)));
      await finished(load.workflow);
    }
    const times = await Promise.all(started.map((id) => site.conductor.taskTimes(id, load.types)));
    return times.flat().map(({ startTime, scheduledTime }) => startTime - scheduledTime);
  });
  return { samples: waits.length, pickUpMs: percentiles(waits) };
}
