import { resolve } from 'node:path';
import { Cleanups } from '../../core/cleanups.ts';
import type { Conductor } from '../../core/conductor/api.ts';
import type { Worker } from '../../core/contract.ts';
import { FleetError, messageOf } from '../../core/errors.ts';
import { aborted } from '../../core/pause.ts';
import { count } from '../../core/text.ts';
import { announce } from '../../core/worker-processes/announced-workers.ts';
import { serveControl, serveViews, type Views } from '../../workers/runtime/control/page-server.ts';
import { type Fleet, startFleet } from '../../workers/runtime/fleet.ts';
import { openSpool } from '../../workers/runtime/report/open-spool.ts';
import { withConductor } from '../connect.ts';
import { type CommandContext, defineCommand } from '../define-command.ts';
import { limitYoungGeneration } from '../limit-young-generation.ts';
import { loadWorkers, workerSettings } from '../load-content.ts';
import { whatWasRead } from '../project.ts';
import { tellWatcher, watchAndWork } from '../watching/watch-and-work.ts';
import { catchStrayErrors } from '../worker-processes/catch-stray-errors.ts';
import { observe } from '../worker-processes/observe.ts';

const HELP = `
You can start it in several terminals or containers. The processes share the tasks.

Examples:
  fleet work
  fleet work --only charge_card,ship_order
  fleet work --watch                             while you write workers`;

export default defineCommand({
  groups: ['conductor', 'server', 'workers', 'content'],
  configure(command) {
    command
      .option('--only <types>', 'Serve only these task types, separated by commas.')
      .option('--watch', 'Restart the worker process when its code changes. No task is lost.')
      .addHelpText('after', HELP);
  },
  async run(context) {
    if (context.options.watch === true) return watchAndWork(context);
    limitYoungGeneration();
    const loaded = await loadWorkers(context.config);
    context.note(whatWasRead(context.config, { workers: loaded }));
    refuseNone(loaded, context.config.tasksDir);
    const workers = chosen(loaded, context.options.only);
    await withConductor(context.config, (conductor) => work(context, workers, conductor));
  },
});

/** Serves tasks until a stop. Opens the ports first, because a process whose port is taken must end before it holds a task. */
async function work(context: CommandContext, workers: readonly Worker[], conductor: Conductor): Promise<void> {
  const { config, log, note, signal } = context;
  const cleanups = new Cleanups();
  const strays = catchStrayErrors(log);
  cleanups.add('the watch for uncaught errors', () => strays.dispose());
  try {
    // The pages answer requests only after this function has made `fleet`.
    const observation = await observe({ config, conductor, log, fleet: () => fleet });
    cleanups.add('the sending of spans', () => observation.close());
    const controlUrl = await servePages(context, () => fleet, observation.views, cleanups);
    const spool = await openSpool(config, log);
    const settings = workerSettings(config);
    const { listeners, intercept, conductor: traced } = observation;
    const fleet = startFleet({ workers, conductor: traced, config, settings, log, spool, listeners, intercept });
    cleanups.add('the workers', () => fleet.stop());
    await announceIt(context, fleet, controlUrl, cleanups);
    const served = `${count(workers.length, 'task type')} of ${conductor.serverUrl}`;
    note(`Worker ${fleet.workerId} serves ${served}, up to ${count(config.workerConcurrency, 'task')} at once.`);
    tellWatcher();
    await Promise.race([aborted(signal), aborted(strays.signal)]);
    if (strays.signal.aborted) context.exitWith(1);
    note('Stopping. Running tasks may finish first; press Ctrl-C again to end at once.');
  } finally {
    for (const [what, error] of await cleanups.run()) log.error({ reason: messageOf(error) }, `could not stop ${what}`);
  }
  note('Stopped.');
}

/** Returns the address of the control page. */
async function servePages(
  { config, note }: CommandContext,
  fleet: () => Fleet,
  views: Views,
  cleanups: Cleanups,
): Promise<string> {
  const { workerHealthPort: port, workerHealthHost: host } = config;
  if (port !== undefined) {
    const health = await serveViews({ host, port, flag: '--health-port', fleet, views });
    cleanups.add('the health server', () => health.close());
    note(`Health: ${health.url}/readyz`);
  }
  const loopback = { host: '127.0.0.1', port: config.workerControlPort, flag: '--control-port' };
  const control = await serveControl({ ...loopback, fleet, views });
  cleanups.add('the control server', () => control.close());
  return control.url;
}

/** Announces the process, so that `fleet workers` finds it without --url. If the announcement fails, the process still serves tasks. */
async function announceIt({ config, log }: CommandContext, fleet: Fleet, controlUrl: string, cleanups: Cleanups) {
  const dataDir = resolve(config.dataDir);
  const types = fleet.status().types.map(({ name }) => name);
  try {
    cleanups.add('the announcement', await announce(dataDir, { workerId: fleet.workerId, controlUrl, types }));
  } catch (error) {
    log.warn(
      { dataDir, controlUrl, reason: messageOf(error) },
      'this process cannot announce itself in the data folder: `fleet workers` finds it only with --url',
    );
  }
}

/** A worker process without workers would wait for tasks and never take one. */
function refuseNone(workers: readonly unknown[], tasksDir: string | undefined): void {
  if (workers.length > 0) return;
  throw new FleetError('config', `There is no worker in ${tasksDir}.`, { remedy: 'Write one: fleet new worker NAME' });
}

function chosen<T extends { name: string }>(workers: T[], only: unknown): T[] {
  if (typeof only !== 'string') return workers;
  const names = only.split(',').map((name) => name.trim());
  const unknown = names.filter((name) => !workers.some((worker) => worker.name === name));
  if (unknown.length > 0) {
    throw new FleetError('input', `There is no worker for ${unknown.map((name) => `"${name}"`).join(', ')}.`, {
      remedy: `Name some of these: ${workers.map(({ name }) => name).join(', ')}.`,
    });
  }
  return workers.filter(({ name }) => names.includes(name));
}
