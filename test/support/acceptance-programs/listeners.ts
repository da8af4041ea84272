import { loadWorkers, workerSettings } from '../../../cli/load-content.ts';
import { createConductor } from '../../../core/conductor/api.ts';
import { createCaller } from '../../../core/conductor/connection/caller.ts';
import { loadConfig } from '../../../core/config.ts';
import { onInterruption } from '../../../core/interruption.ts';
import { createLogger } from '../../../core/log.ts';
import { aborted } from '../../../core/pause.ts';
import { startFleet } from '../../../workers/runtime/fleet.ts';

/** A worker process in which every listener fails at every event, each in a different way. */
const { config } = loadConfig();
const { conductorServerUrl = '' } = config;
const conductor = createConductor(createCaller({ ...config, conductorServerUrl }));
const workers = await loadWorkers(config);
const heard: string[] = [];

const fleet = startFleet({
  workers: workers.filter(({ name }) => ['acceptance_hold', 'acceptance_spoil'].includes(name)),
  conductor,
  config,
  settings: workerSettings(config),
  log: createLogger(config, 'listeners'),
  listeners: [
    ({ type }) => {
      heard.push(type);
      throw new Error(`no to ${type}`);
    },
    () => {
      throw null;
    },
    async () => {
      await Promise.resolve();
      throw new Error('no, later');
    },
    () => {
      throw Object.defineProperty(new Error(), 'message', {
        get() {
          throw new Error('do not read this');
        },
      });
    },
  ],
});
console.error(`the program serves ${workers.length} task types`);
await aborted(onInterruption().signal);
console.error(`slots in use: ${fleet.status().running}`);
await fleet.stop();
conductor.close();
console.error(`the listeners heard ${heard.length} events of ${new Set(heard).size} kinds`);
process.exit(0);
