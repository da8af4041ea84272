import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Config, processEnvironment } from '../../core/config.ts';
import { aborted, pause } from '../../core/drain.ts';
import { count } from '../../core/text.ts';
import type { CommandContext } from '../define-command.ts';
import { isCheckout, mainModule, programFolder } from '../installation.ts';
import { asEnvironment } from '../worker-processes/start-worker-process.ts';
import { watchSources } from './watch-sources.ts';

/**
 * `fleet work --watch`: worker processes one after the other, each with the code as it is when it starts.
 *
 * Invariants:
 * 1. The process that serves is told to stop only when the one after it serves; one that does not get that far changes nothing.
 * 2. A process that was told to stop drains as on any stop, so that no task is lost. Nothing else ends one, but a second Ctrl-C, or a drain
 *    that goes on far beyond its deadline.
 * 3. No process outlives this one: what ends this one in any way closes a channel, and whoever serves drains and ends.
 */
export async function watchAndWork(context: CommandContext): Promise<void> {
  const { signal, note, config } = context;
  const supervisor = new Supervisor(context);
  const atOnce = () => supervisor.kill();
  process.on('exit', atOnce);
  const folders = watchedFolders(config);
  const watcher = await watchSources(folders, (files) => {
    note(`changed: ${files.length > 3 ? count(files.length, 'file') : files.join(', ')}`);
    void supervisor.renew();
  });
  try {
    note(`watching ${folders.join(', ')}; Ctrl-C stops`);
    void supervisor.renew();
    await aborted(signal);
  } finally {
    watcher.close();
    await supervisor.stop();
    process.off('exit', atOnce);
  }
}

/** What a worker process says to the one that watches over it. */
const SERVES = 'serves';

/** Tells a process that watches over this one that it serves tasks. One that died before anybody listened for it stops this one now. */
export function tellWatcher(): void {
  if (process.connected) process.send?.(SERVES);
  else if (process.send) process.kill(process.pid, 'SIGTERM');
}

/** The tasks, and in a checkout what they are made of. */
function watchedFolders({ tasksDir }: Config): string[] {
  const shipped = ['workers', 'core'].map((folder) => join(programFolder, folder));
  const tasks = tasksDir === undefined ? [] : [resolve(tasksDir)];
  return [...tasks, ...(isCheckout ? shipped : [])].filter((folder) => existsSync(folder));
}

/** Longest time a process may take until it serves. */
const START_MS = 30_000;

/** So much longer than its deadline a drain may take before it is ended all the same. */
const DRAIN_SLACK_MS = 15_000;

class Supervisor {
  readonly #context: CommandContext;
  /** All that run: at most one that serves, one that starts, and those that drain. */
  readonly #processes = new Set<Supervised>();
  #serving: Supervised | undefined;
  #renewing: Promise<void> | undefined;
  #again = false;

  constructor(context: CommandContext) {
    this.#context = context;
  }

  /** Starts a process with the code of now and stops the one before. What changes meanwhile starts one more after it. */
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

  /** Ends all of them at once. */
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
      const goesOn = before && this.#processes.has(before) ? 'the one before it goes on' : 'nothing is served';
      note(`the worker process did not start: ${goesOn}; waiting for a change`);
    }
  }

  #start(): Supervised {
    const worker = new Supervised(this.#context);
    this.#processes.add(worker);
    void worker.ended.then((how) => {
      this.#processes.delete(worker);
      if (this.#serving !== worker) return;
      this.#serving = undefined;
      if (!worker.stopping) this.#context.note(`the worker process ${how}; waiting for a change`);
    });
    return worker;
  }

  #drain(worker: Supervised): void {
    worker.stop(this.#context.config.workerDrainSeconds * 1000 + DRAIN_SLACK_MS);
  }
}

/**
 * A worker process. It is in a group of its own, so that a Ctrl-C reaches it once and in order; a channel tells it when this process is
 * gone.
 */
class Supervised {
  readonly child: ChildProcess;
  /** Resolves with how it ended. */
  readonly ended: Promise<string>;
  stopping = false;
  readonly #serves = Promise.withResolvers<boolean>();

  constructor({ config, options }: CommandContext) {
    const only = typeof options.only === 'string' ? ['--only', options.only] : [];
    this.child = spawn(process.execPath, [mainModule, 'work', ...only], {
      detached: true,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      // Two of them run at a time, so that neither can have a port that was chosen.
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

  /** Whether it has come to serve tasks within so long. */
  async serves(withinMs: number): Promise<boolean> {
    const over = new AbortController();
    const late = pause(withinMs, over.signal).then(() => false);
    const served = await Promise.race([this.#serves.promise, this.ended.then(() => false), late]);
    over.abort();
    return served;
  }

  /** Asks it to drain, once; insists after `patienceMs`. */
  stop(patienceMs: number): void {
    if (this.stopping) return;
    this.stopping = true;
    this.child.kill('SIGTERM');
    const insist = setTimeout(() => this.child.kill('SIGKILL'), patienceMs);
    void this.ended.then(() => clearTimeout(insist));
  }
}
