import { resolve } from 'node:path';
import { isatty } from 'node:tty';
import { z } from 'zod';
import type { Conductor } from '../../core/conductor/api.ts';
import { FleetError, messageOf } from '../../core/errors.ts';
import { pause } from '../../core/pause.ts';
import { httpUrl } from '../../core/settings/setting.ts';
import { count } from '../../core/text.ts';
import { announcedWorkers, forget } from '../../core/worker-processes/announced-workers.ts';
import type { Change, WorkerStatus } from '../../core/worker-processes/control-pages.ts';
import { changeWorkers, localWorkers, look, type SeenWorker } from '../../core/worker-processes/local-workers.ts';
import { type Queue, type QueueName, QueueWatch } from '../../workers/runtime/observe/queue-watch.ts';
import { actionsOf } from '../arguments/actions.ts';
import { parseOptions } from '../arguments/parse-options.ts';
import { connectConductor } from '../connect.ts';
import { type CommandContext, defineCommand } from '../define-command.ts';
import { workerTable } from '../printing/worker-table.ts';
import { findHeld, type GoneWorker, linesAbout } from '../worker-processes/gone-workers.ts';

const actions = actionsOf('[action]', {
  list: 'Show the processes and their task types. This is the default action.',
  pause: 'pause [type]: stop polling for tasks of this type, or of all types. Running tasks continue.',
  resume: 'resume [type]: poll again for tasks of this type, or of all types.',
  concurrency: 'concurrency <n> [type]: let each process run up to n tasks at once, or up to n tasks of this type.',
});

const optionsSchema = z.object({
  worker: z.string().optional(),
  url: httpUrl.optional(),
  json: z.boolean().default(false),
  watch: z.boolean().default(false),
});
type Options = z.output<typeof optionsSchema>;

const WATCH_EVERY_MS = 1_000;

export default defineCommand({
  groups: ['conductor', 'server'],
  configure(command) {
    command
      .addArgument(actions.argument)
      .argument('[values...]', 'The task type. For concurrency, first the number of tasks.')
      .option('--worker <id>', 'Select only the process with this id. The list shows the ids.')
      .option('--url <url>', 'Select the process with this control address, on any machine.')
      .option('--watch', 'list: refresh every second until Ctrl-C.')
      .option('--json', 'Print JSON. With --watch: one line per second.')
      .addHelpText(
        'after',
        `${actions.help}

Without --url, the command finds the processes that use the same data folder (--data-dir). A change lasts until the process ends.

Examples:
  fleet workers --watch
  fleet workers pause charge_card
  fleet workers concurrency 10 --worker "host-1234"`,
      );
  },
  async run(context) {
    const options = parseOptions(optionsSchema, context.options, 'workers');
    const [action = 'list', ...values] = context.args.filter((value) => value !== undefined);
    if (action === 'list') return list(context, options);
    const { what, type } = changeOf(action, values);
    await changeAll(context, options, what, type);
  },
});

function changeOf(action: string, values: readonly string[]): { what: Change; type: string | undefined } {
  const [first, second] = values;
  const usage = (message: string) => new FleetError('input', message, { remedy: 'See `fleet workers --help`.' });
  if (action === 'pause' || action === 'resume') {
    if (values.length > 1) throw usage(`\`fleet workers ${action}\` takes one task type, or none for all types.`);
    return { what: { action }, type: first };
  }
  const concurrency = z.coerce.number().int().min(1).max(10_000).safeParse(first).data;
  if (first === undefined || concurrency === undefined || values.length > 2) {
    throw usage('`fleet workers concurrency` takes a number from 1 to 10000, and optionally a task type.');
  }
  return { what: { action: 'concurrency', concurrency }, type: second };
}

/** The processes that the options select. @throws FleetError `not-found` if none of them runs */
async function findWorkers({ config }: CommandContext, { url, worker }: Options): Promise<readonly SeenWorker[]> {
  return url !== undefined ? [{ controlUrl: url }] : localWorkers(config.dataDir).find(worker);
}

async function changeAll(context: CommandContext, options: Options, what: Change, type?: string): Promise<void> {
  const { signal, print, note, exitWith } = context;
  const { done, failed } = await changeWorkers(await findWorkers(context, options), what, type, signal);
  if (options.json) print(JSON.stringify(done));
  else for (const status of done) print(`${status.workerId}  ${describe(status, what, type)}`);
  for (const error of failed) note(messageOf(error));
  if (failed.length > 0) exitWith(1);
}

function describe({ types, concurrency }: WorkerStatus, what: Change, type: string | undefined): string {
  const mine = types.filter(({ name }) => type === undefined || name === type);
  if (what.action !== 'concurrency') {
    const names = mine.map(({ name, domain }) => (domain === '' ? name : `${name} in ${domain}`));
    return `${what.action}d ${names.join(', ')}`;
  }
  if (type === undefined) return `runs up to ${count(concurrency, 'task')} at once`;
  return `runs up to ${count(
    mine.reduce((sum, of) => sum + of.concurrency, 0),
    'task',
  )} of ${type} at once`;
}

async function list(context: CommandContext, options: Options): Promise<void> {
  const { config, signal } = context;
  const viewer = new Viewer(context, options);
  const server = await connectConductor(config).catch((error: unknown) => viewer.missQueues(error));
  if (server) {
    viewer.conductor = server.withSignal(signal);
    viewer.queues = new QueueWatch({ conductor: viewer.conductor, queues: () => viewer.names });
  }
  try {
    if (!options.watch) return await viewer.show();
    while (!signal.aborted) {
      await viewer.show().catch((error: unknown) => viewer.complain(error));
      await pause(WATCH_EVERY_MS, signal);
    }
  } finally {
    server?.close();
  }
}

class Viewer {
  /** The queues that the listed processes poll. */
  names: QueueName[] = [];
  /** Absent without a connection to a Conductor server. */
  queues: QueueWatch | undefined;
  conductor: Conductor | undefined;
  readonly #context: CommandContext;
  readonly #options: Options;

  constructor(context: CommandContext, options: Options) {
    this.#context = context;
    this.#options = options;
  }

  async show(): Promise<void> {
    const { print, signal, exitWith } = this.#context;
    const { json, watch } = this.#options;
    const gone = await this.#gone();
    const found = await findWorkers(this.#context, this.#options).catch((error: unknown) => {
      this.#printGone(gone);
      throw error;
    });
    const workers = await Promise.all(found.map((one) => look(one, signal)));
    this.names = namesOf(workers);
    let trouble: unknown;
    const queues = await this.queues?.read().catch((error: unknown) => {
      trouble = error;
    });
    signal.throwIfAborted();
    if (json) print(JSON.stringify({ workers, queues: queues ?? null, gone }));
    else this.#print(workers, queues ?? undefined, gone);
    if (trouble !== undefined) this.missQueues(trouble);
    if (workers.every(({ status }) => status === undefined) && !watch) exitWith(1);
  }

  /** Says why the queue depths are missing, and what to do. A list without them is incomplete, so the exit code is 1. */
  missQueues(error: unknown): undefined {
    const { note, exitWith } = this.#context;
    note(`The queue depths are missing: ${messageOf(error)}`);
    if (error instanceof FleetError && error.remedy) note(error.remedy);
    if (!this.#options.watch) exitWith(1);
  }

  /** Prints an error in place of the list. With --watch, the command continues, because a process may run at the next refresh. */
  complain(error: unknown): void {
    const { signal, print, note } = this.#context;
    if (signal.aborted) return;
    if (!(error instanceof FleetError)) throw error;
    if (this.#options.json) {
      note(error.message);
      return;
    }
    this.#clear();
    print(error.message);
  }

  /**
   * The processes of the data folder that were killed or have crashed, with the tasks that were with them. A process without tasks is shown
   * once. With --watch it stays until the command is called again.
   */
  async #gone(): Promise<GoneWorker[]> {
    const { config, signal } = this.#context;
    const { url, watch } = this.#options;
    const folder = resolve(config.dataDir);
    const { gone } = url === undefined ? await announcedWorkers(folder) : { gone: [] };
    if (gone.length === 0) return [];
    const held = this.conductor && (await findHeld(this.conductor, gone).catch(onlyFleetError));
    signal.throwIfAborted();
    for (const worker of gone) if (!watch && held?.get(worker.workerId)?.length === 0) await forget(folder, worker);
    return gone.map(({ workerId, startedAt }) => ({ workerId, startedAt, tasks: held?.get(workerId) }));
  }

  /** Prints the processes that are gone, although no process runs. */
  #printGone(gone: readonly GoneWorker[]): void {
    const { print } = this.#context;
    if (gone.length === 0) return;
    if (this.#options.json) print(JSON.stringify({ workers: [], queues: null, gone }));
    else for (const line of gone.flatMap(linesAbout)) print(line);
  }

  #print(workers: readonly SeenWorker[], queues: readonly Queue[] | undefined, gone: readonly GoneWorker[]): void {
    if (this.#options.watch) this.#clear();
    this.#printGone(gone);
    for (const worker of workers) for (const line of workerTable(worker, queues, Date.now())) this.#context.print(line);
  }

  /** Clears the screen if stdout is a terminal. In a file, the lists follow each other. */
  #clear(): void {
    this.#context.print(isatty(1) ? '\u001b[2J\u001b[H' : '');
  }
}

/** The list of processes is useful even if the server does not answer. The missing queue depths already say why. */
function onlyFleetError(error: unknown): undefined {
  if (!(error instanceof FleetError)) throw error;
}

/** Lists every queue once, even if several processes poll it. */
function namesOf(workers: readonly SeenWorker[]): QueueName[] {
  const types = workers.flatMap(({ status }) => status?.types ?? []);
  const names = new Map(types.map(({ name, domain }) => [`${domain}:${name}`, { taskType: name, domain }]));
  return [...names.values()];
}
