import { createConductor } from '../../core/conductor/api.ts';
import { createCaller } from '../../core/conductor/connection/caller.ts';
import { loadConfig } from '../../core/config.ts';
import type { Worker, WorkerSettings } from '../../core/contract.ts';
import { silentLogger } from '../../core/log.ts';
import { type Fleet, startFleet } from '../runtime/fleet.ts';
import type { FakeConductor } from './fake-conductor.ts';

/** A worker runtime in the process of a test. */
export interface TestFleet {
  readonly fleet: Fleet;
  /** Waits for running tasks, then closes the connections. */
  stop(): Promise<void>;
}

/**
 * Starts the worker runtime in this process, over HTTP, like `fleet work`: with real polls, leases, time limits and reports.
 * @example
 *   const server = await startFakeConductor();
 *   const { stop } = startTestFleet(server, [worker]);
 *   const result = await server.result(server.enqueue('greet_person', { name: 'Ada' }));
 *   await stop();
 *   await server.close();
 * @param options settings by the names of the configuration file, such as `workerConcurrency`
 */
export function startTestFleet(
  server: Pick<FakeConductor, 'url'>,
  workers: readonly Worker[],
  options: Readonly<Record<string, unknown>> = {},
): TestFleet {
  const { config } = loadConfig({ env: {}, flags: { workerPollIntervalMs: 5, workerDrainSeconds: 1, ...options } });
  const conductor = createConductor(createCaller({ ...config, conductorServerUrl: server.url }));
  const { shopUrl, filesRoot, outputDir } = config;
  const settings: WorkerSettings = { shopUrl, filesRoot, outputDir };
  const fleet = startFleet({ workers, conductor, config, settings, log: silentLogger });
  let stopped: Promise<void> | undefined;
  return {
    fleet,
    stop() {
      stopped ??= fleet.stop().then(() => conductor.close());
      return stopped;
    },
  };
}
