import { aborted } from '../../core/drain.ts';
import { FleetError } from '../../core/errors.ts';
import { startFleet } from '../../workers/runtime/fleet.ts';
import { serveHealth } from '../../workers/runtime/health.ts';
import { type CommandContext, defineCommand } from '../command.ts';
import { withConductor } from '../connect.ts';
import { loadWorkers, workerSettings } from '../content.ts';

export default defineCommand({
  groups: ['conductor', 'server', 'workers', 'content'],
  configure(command) {
    command
      .option('--only <types>', 'serve only these task types, separated by commas')
      .addHelpText('after', '\nRun it in as many terminals or containers as you like: the processes share the load.');
  },
  async run(context) {
    const workers = chosen(await loadWorkers(), context.options.only);
    await withConductor(context.config, async (conductor) => {
      const { config, log, note } = context;
      const fleet = startFleet({ workers, conductor, config, settings: workerSettings(config), log });
      try {
        const served = `${workers.length} task types of ${conductor.serverUrl}`;
        note(`worker ${fleet.workerId} serves ${served}, ${config.workerConcurrency} at once`);
        await untilStopped(context, fleet.status);
      } finally {
        await fleet.stop(); // also where health could not be served: what was polled meanwhile is answered
      }
    });
  },
});

async function untilStopped(
  { config, note, signal }: CommandContext,
  status: Parameters<typeof serveHealth>[1],
): Promise<void> {
  const { workerHealthPort: port, workerHealthHost: host } = config;
  const health = port === undefined ? undefined : await serveHealth({ host, port }, status);
  if (health) note(`health: ${health.url}/readyz`);
  await aborted(signal);
  note('stopping: running tasks may end first; stop again to end at once');
  await health?.close();
}

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
