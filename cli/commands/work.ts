import type { Conductor } from '../../core/conductor/api.ts';
import type { Worker } from '../../core/contract.ts';
import { aborted, Cleanups } from '../../core/drain.ts';
import { FleetError, messageOf } from '../../core/errors.ts';
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
    const workers = chosen(await loadWorkers(context.config), context.options.only);
    await withConductor(context.config, (conductor) => work(context, workers, conductor));
  },
});

/** Serves tasks until a stop is asked for. Health comes first: a port that is taken must end the process before it holds a task. */
async function work(
  { config, log, note, signal }: CommandContext,
  workers: readonly Worker[],
  conductor: Conductor,
): Promise<void> {
  const { workerHealthPort: port, workerHealthHost: host } = config;
  const cleanups = new Cleanups();
  try {
    if (port !== undefined) {
      // No request is read before this function goes on and `fleet` is there.
      const health = await serveHealth({ host, port }, () => fleet.status());
      cleanups.add('the health server', () => health.close());
      note(`health: ${health.url}/readyz`);
    }
    const fleet = startFleet({ workers, conductor, config, settings: workerSettings(config), log });
    cleanups.add('the workers', () => fleet.stop());
    const served = `${workers.length} task types of ${conductor.serverUrl}`;
    note(`worker ${fleet.workerId} serves ${served}, ${config.workerConcurrency} at once`);
    await aborted(signal);
    note('stopping: running tasks may end first; stop again to end at once');
  } finally {
    for (const [what, error] of await cleanups.run()) log.error({ reason: messageOf(error) }, `could not stop ${what}`);
  }
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
