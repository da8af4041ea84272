import { aborted } from '../../core/drain.ts';
import { FleetError } from '../../core/errors.ts';
import { startFleet } from '../../workers/runtime/fleet.ts';
import { serveHealth } from '../../workers/runtime/health.ts';
import { defineCommand } from '../command.ts';
import { connectConductor } from '../connect.ts';
import { loadWorkers, workerSettings } from '../content.ts';

export default defineCommand({
  groups: ['conductor', 'server', 'workers', 'content'],
  configure(command) {
    command
      .option('--only <types>', 'serve only these task types, separated by commas')
      .addHelpText('after', '\nRun it in as many terminals or containers as you like: the processes share the load.');
  },
  async run({ config, options, log, note, signal }) {
    const workers = chosen(await loadWorkers(), options.only);
    const conductor = await connectConductor(config);
    const fleet = startFleet({ workers, conductor, config, settings: workerSettings(config), log });
    const { workerHealthPort: port, workerHealthHost: host } = config;
    const health = port === undefined ? undefined : await serveHealth({ host, port }, fleet.status);
    note(
      `worker ${fleet.workerId} serves ${workers.length} task types of ${conductor.serverUrl}, ${config.workerConcurrency} at once`,
    );
    if (health) note(`health: ${health.url}/readyz`);
    await aborted(signal);
    note('stopping: running tasks may end first; stop again to end at once');
    await fleet.stop();
    await health?.close();
    conductor.close();
  },
});

function chosen<T extends { name: string }>(workers: T[], only: unknown): T[] {
  if (typeof only !== 'string') return workers;
  const names = only.split(',').map((name) => name.trim());
  const unknown = names.filter((name) => !workers.some((worker) => worker.name === name));
  if (unknown.length > 0) {
    throw new FleetError('input', `There is no worker for ${unknown.join(', ')}.`, {
      remedy: `There are ${workers.map(({ name }) => name).join(', ')}.`,
    });
  }
  return workers.filter(({ name }) => names.includes(name));
}
