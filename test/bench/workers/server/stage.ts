import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Child, startChild } from '../../support/children.ts';
import type { Assignment } from '../drivers/assignment.ts';
import type { Driver } from '../drivers.ts';
import { type BenchConductor, until } from './conductor.ts';

/** The server and the signal of a bench. */
export interface Site {
  conductor: BenchConductor;
  /** Process id of the server, if the bench started it. */
  serverPid: number | undefined;
  signal: AbortSignal;
}

/** A running driver that already polls all its types and has been idle for a while. */
export interface Stage {
  child: Child;
  /** Resolves when every execution of this workflow has ended. @throws if the driver ends first */
  finished(workflow: string): Promise<void>;
}

export interface Cast {
  driver: Driver;
  types: Assignment['types'];
  /** A module that a Node driver loads first. */
  preload?: string;
  /** The bench calls this with the driver's process before the driver is ready. */
  onStart?(child: Child): void;
}

const READY_MS = 60_000;
const IDLE_MS = 2_000;
const END_MS = 300_000;

/**
 * Runs a function with a driver and always stops the driver afterwards, even if the function fails. It does not remove executions.
 * To remove an execution, the server takes two database connections per task at once. With many tasks it runs out of connections
 * and stalls for half a minute.
 */
export async function withDriver<T>(site: Site, cast: Cast, run: (stage: Stage) => Promise<T>): Promise<T> {
  const { conductor, signal } = site;
  const { driver, types, preload, onStart } = cast;
  const folder = mkdtempSync(join(tmpdir(), 'fleet-bench-'));
  const startedAt = Date.now();
  const launch = driver.launch({ url: conductor.url, types }, folder);
  const args = preload === undefined ? launch.args : ['--import', preload, ...launch.args];
  const child = startChild({ ...launch, args, logFile: join(folder, 'driver.log') });
  onStart?.(child);
  try {
    await ready(site, child, types, startedAt);
    return await run({
      child,
      finished: (workflow) =>
        until(`the end of all executions of ${workflow}`, { limitMs: END_MS, signal }, async () => {
          child.check();
          return (await conductor.running(workflow)) === 0;
        }),
    });
  } finally {
    await child.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Resolves when the server has seen a poll for every type since `since` and the driver has then been idle for a while. */
async function ready(
  { conductor, signal }: Site,
  child: Child,
  types: Assignment['types'],
  since: number,
): Promise<void> {
  const names = types.map(({ name }) => name);
  await until('polls for all types', { limitMs: READY_MS, signal }, async () => {
    child.check();
    return (await conductor.polledSince(names, since)).length === names.length;
  });
  await pause(IDLE_MS, undefined, { signal });
}
