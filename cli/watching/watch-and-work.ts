import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type Config, processEnvironment } from '../../core/config.ts';
import { aborted, pause } from '../../core/pause.ts';
import { count } from '../../core/text.ts';
import type { CommandContext } from '../define-command.ts';
import { isCheckout, mainModule, programFolder } from '../installation.ts';
import { mayBeMissing } from '../project.ts';
import { asEnvironment } from '../worker-processes/start-worker-process.ts';
import { watchSources } from './watch-sources.ts';

/**
 * `fleet work --watch` runs one worker process after the other. Each process runs the code as it was at its start.
 *
 * Invariants:
 * 1. The supervisor stops the serving process only when its successor serves. A successor that fails to start changes nothing.
 * 2. A stopped process drains as usual, so no task is lost. It is killed only by a second Ctrl-C, or if its drain takes far longer than
 *    its deadline.
 * 3. No worker process outlives the supervisor. When the supervisor ends for any reason, its IPC channel closes, and the serving process
 *    drains and ends.
 */
export async function watchAndWork(context: CommandContext): Promise<void> {
  const { signal, note, config } = context;
  const supervisor = new Supervisor(context);
  const killAll = () => supervisor.kill();
  process.on('exit', killAll);
  const folders = watchedFolders(config);
  const watcher = await watchSources(folders, (files) => {
    note(`Changed: ${files.length > 3 ? count(files.length, 'file') : files.join(', ')}`);
    void supervisor.renew();
  });
  try {
    note(`Watching ${folders.join(', ')}. Ctrl-C stops.`);
    void supervisor.renew();
    await aborted(signal);
  } finally {
    watcher.close();
    await supervisor.stop();
    process.off('exit', killAll);
  }
}

/** The message with which a worker process tells its supervisor that it serves tasks. */
const SERVES = 'serves';

/** Tells the supervisor, if there is one, that this process serves tasks. If the supervisor is already dead, this process stops. */
export function tellWatcher(): void {
  if (process.connected) process.send?.(SERVES);
  else if (process.send) process.kill(process.pid, 'SIGTERM');
}

/** The folder of tasks, and in a checkout also the code that the tasks use. */
function watchedFolders({ tasksDir }: Config): string[] {
  const shipped = ['workers', 'core'].map((folder) => join(programFolder, folder));
  // In a project, tasks import what they share from `workers/`.
  const own = tasksDir !== undefined && mayBeMissing(tasksDir) ? dirname(tasksDir) : tasksDir;
  const tasks = own === undefined ? [] : [resolve(own)];
  return [...tasks, ...(isCheckout ? shipped : [])].filter((folder) => existsSync(folder));
}

/** Longest time from the start of a process until it serves tasks. */
const START_MS = 30_000;

/** How much longer than its deadline a drain may take before the process is killed. */
const DRAIN_SLACK_MS = 15_000;

class Supervisor {
  readonly #context: CommandContext;
  /** All running processes: at most one serves, at most one starts, the others drain. */
  readonly #processes = new Set<Supervised>();
  #serving: Supervised | undefined;
  #renewing: Promise<void> | undefined;
  #again = false;

  constructor(context: CommandContext) {
    this.#context = context;
  }

  /** Starts a process with the current code and stops its predecessor. If the code changes during the start, one more process follows. */
  renew(): Promise<void> {
    this.#again = true;
    this.#renewing ??= this.#renew().finally(() => {
      this.#renewing = undefined;
    });
    return this.#renewing;
  }

  async stop(): Promise<void> {
    for (const worker of this.#processes) this.#drain(worker);
    await this.#renewing;
    await Promise.all(Array.from(this.#processes, ({ ended }) => ended));
  }

  /** Kills all processes. */
  kill(): void {
    for (const worker of this.#processes) worker.child.kill('SIGKILL');
  }

  async #renew(): Promise<void> {
    const { signal, note } = this.#context;
    while (this.#again && !signal.aborted) {
      this.#again = false;
      const before = this.#serving;
      const next = this.#start();
      const serves = await next.serves(START_MS);
      if (signal.aborted) return;
      if (serves && this.#processes.has(next)) {
        this.#serving = next;
        if (before) this.#drain(before);
        continue;
      }
      this.#drain(next);
      const consequence =
        before && this.#processes.has(before) ? 'The earlier one keeps serving.' : 'No tasks are served.';
      note(`The new worker process did not start. ${consequence} Waiting for a change.`);
    }
  }

  #start(): Supervised {
    const worker = new Supervised(this.#context);
    this.#processes.add(worker);
    void worker.ended.then((how) => {
      this.#processes.delete(worker);
      if (this.#serving !== worker) return;
      this.#serving = undefined;
      if (!worker.stopping) this.#context.note(`The worker process ${how}. Waiting for a change.`);
    });
    return worker;
  }

  #drain(worker: Supervised): void {
    worker.stop(this.#context.config.workerDrainSeconds * 1000 + DRAIN_SLACK_MS);
  }
}

/**
 * A worker process in its own process group, so that a Ctrl-C reaches it only through `stop()`. Its IPC channel closes if this process
 * dies.
 */
class Supervised {
  readonly child: ChildProcess;
  /** Resolves when the process has ended. The text says how it ended. */
  readonly ended: Promise<string>;
  stopping = false;
  readonly #serves = Promise.withResolvers<boolean>();

  constructor({ config, options }: CommandContext) {
    const only = typeof options.only === 'string' ? ['--only', options.only] : [];
    this.child = spawn(process.execPath, [mainModule, 'work', ...only], {
      detached: true,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      // Two worker processes can run at the same time, so neither of them can use a fixed port.
      env: { ...processEnvironment(), ...asEnvironment(config), WORKER_CONTROL_PORT: '0', WORKER_HEALTH_PORT: '' },
    });
    this.ended = new Promise((resolveEnded) => {
      this.child.once('error', (error) => resolveEnded(`could not be started: ${error.message}`));
      this.child.once('exit', (code, signal) =>
        resolveEnded(signal ? `was ended by ${signal}` : `ended with code ${code}`),
      );
    });
    this.child.on('message', (message) => {
      if (message === SERVES) this.#serves.resolve(true);
    });
  }

  /** Resolves to true once the process serves tasks. Resolves to false if it ends first or takes longer than `withinMs`. */
  async serves(withinMs: number): Promise<boolean> {
    const over = new AbortController();
    const late = pause(withinMs, over.signal).then(() => false);
    const served = await Promise.race([this.#serves.promise, this.ended.then(() => false), late]);
    over.abort();
    return served;
  }

  /** Tells the process to drain, and kills it after `patienceMs`. A second call does nothing. */
  stop(patienceMs: number): void {
    if (this.stopping) return;
    this.stopping = true;
    this.child.kill('SIGTERM');
    const kill = setTimeout(() => this.child.kill('SIGKILL'), patienceMs);
    void this.ended.then(() => clearTimeout(kill));
  }
}
