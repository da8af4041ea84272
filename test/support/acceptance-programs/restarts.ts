import { loadWorkers, workerSettings } from '../../../cli/load-content.ts';
import { createConductor } from '../../../core/conductor/api.ts';
import { createCaller } from '../../../core/conductor/connection/caller.ts';
import { loadConfig, processEnvironment } from '../../../core/config.ts';
import { createLogger } from '../../../core/log.ts';
import { pause } from '../../../core/pause.ts';
import { startFleet } from '../../../workers/runtime/fleet.ts';

/** Starts and stops a fleet many times in one process, while tasks are always waiting. */
const { config } = loadConfig();
const { conductorServerUrl = '' } = config;
const workers = (await loadWorkers(config)).filter(({ name }) => name === 'acceptance_hold');
const rounds = Number(processEnvironment().ROUNDS);
const conductor = createConductor(createCaller({ ...config, conductorServerUrl }));
const options = { workers, conductor, config, settings: workerSettings(config), log: createLogger(config, 'restarts') };
console.error(`the program serves ${workers.length} task types`);
for (let round = 0; round < rounds; round++) {
  const fleet = startFleet(options);
  await pause((round * 7) % 60); // different delays, so that the stops happen in every phase of a poll
  await fleet.stop();
}
conductor.close();
