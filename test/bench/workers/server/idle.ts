import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import type { Child } from '../../support/children.ts';
import { type Percentiles, percentiles } from '../../support/statistics.ts';
import type { Driver } from '../drivers.ts';
import type { Load } from './load.ts';
import { type Site, withDriver } from './stage.ts';

/** How long updates of the busy type take beside `idleTypes` idle types, in milliseconds, as the client saw it. */
export interface IdleCost {
  idleTypes: number;
  updates: number;
  updateMs: Percentiles;
}

export interface IdleOptions {
  site: Site;
  driver: Driver;
  /** Load of one type. */
  busy: Load;
  idle: readonly string[];
  workflows: number;
}

/** Low enough that the server is not the bottleneck. */
const BUSY_CONCURRENCY = 10;
/** How long the bench waits for the last message of the probe. The probe sends several messages a second. */
const LAST_MESSAGE_MS = 500;

const probe = new URL('../../support/update-probe.ts', import.meta.url).href;
/** A message of the probe. The driver itself may send other messages over the same channel. */
const message = z.object({ updateMs: z.array(z.number()) });

/** Lets a Node driver drain one type beside idle types. A probe in the driver measures its updates. */
export async function idleCost({ site, driver, busy, idle, workflows }: IdleOptions): Promise<IdleCost> {
  const types = [
    ...busy.types.map((name) => ({ name, concurrency: BUSY_CONCURRENCY })),
    ...idle.map((name) => ({ name, concurrency: 1 })),
  ];
  const seen: number[] = [];
  const onStart = (child: Child) => {
    child.process.on('message', (sent) => seen.push(...(message.safeParse(sent).data?.updateMs ?? [])));
  };
  return withDriver(site, { driver, types, preload: probe, onStart }, async ({ finished }) => {
    await site.conductor.start(busy.workflow, workflows);
    await finished(busy.workflow);
    await pause(LAST_MESSAGE_MS);
    if (seen.length === 0) throw new Error(`the probe in ${driver.name} saw no task update`);
    return { idleTypes: idle.length, updates: seen.length, updateMs: percentiles(seen) };
  });
}
