import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { processEnvironment } from '../../core/config.ts';
import { endsWithin } from '../../core/pause.ts';

const FLEET = join(import.meta.dirname, '../../cli/fleet.js');

/** One worker process, from its start to its end. */
export interface Life {
  readonly worker: number;
  readonly pid: number;
  readonly startedAt: number;
  /** Infinite while the process runs. */
  endedAt: number;
  /** What ended the process. `itself` means that the run did not end it. */
  end: 'running' | 'killed' | 'stopped' | 'itself';
  code: number | null;
  /** When the run sent SIGTERM. */
  askedAt?: number;
}

export interface WorkerOptions {
  /** The folder of the run. It holds the data folders, the logs, and the files that tasks write. */
  folder: string;
  serviceUrl: string;
  /** Address of the server as each worker sees it. */
  serverUrls: readonly string[];
  /** True: all workers share one data folder, as on one machine. False: each worker has its own, as in containers. */
  shareDataDir: boolean;
}

/** A short drain time, so that a stopping worker has to hand back tasks that do not end in time. */
export const DRAIN_SECONDS = 3;

/** The worker processes, by number. When a worker starts again, it gets the same data folder as before. */
export class Workers {
  readonly lives: Life[] = [];
  readonly #options: WorkerOptions;
  readonly #running = new Map<number, { child: ChildProcess; life: Life; ended: Promise<void> }>();

  constructor(options: WorkerOptions) {
    this.#options = options;
  }

  start(worker: number): void {
    const { folder, serviceUrl, serverUrls, shareDataDir } = this.#options;
    const dataDir = join(folder, shareDataDir ? 'workers' : `worker-${worker}`);
    mkdirSync(dataDir, { recursive: true });
    const log = openSync(join(folder, `worker-${worker}.log`), 'a');
    const { PATH = '', HOME = '' } = processEnvironment();
    const child = spawn(process.execPath, [FLEET, 'work'], {
      detached: true,
      stdio: ['ignore', log, log, 'ipc'], // ipc: if this process is killed, the channel closes and the worker ends
      env: {
        PATH,
        HOME,
        CONDUCTOR_SERVER_URL: serverUrls[worker] ?? '',
        TASKS_DIR: join(import.meta.dirname, 'tasks'),
        DATA_DIR: dataDir,
        FLEET_DIR: dataDir,
        OUTPUT_DIR: folder,
        SHOP_URL: serviceUrl,
        WORKER_DRAIN_SECONDS: String(DRAIN_SECONDS),
        WORKER_CONCURRENCY: '20',
        LOG_FORMAT: 'json',
        LOG_LEVEL: 'debug', // shows which results the server accepted
      },
    });
    closeSync(log);
    if (child.pid === undefined) throw new Error(`worker ${worker} did not start: the system created no process`);
    const life: Life = {
      worker,
      pid: child.pid,
      startedAt: Date.now(),
      endedAt: Number.POSITIVE_INFINITY,
      end: 'running',
      code: null,
    };
    this.lives.push(life);
    const ended = new Promise<void>((resolve) =>
      child.once('exit', (code) => {
        life.endedAt = Date.now();
        life.code = code;
        if (life.end === 'running') life.end = 'itself';
        this.#running.delete(worker);
        resolve();
      }),
    );
    this.#running.set(worker, { child, life, ended });
  }

  isRunning(worker: number): boolean {
    return this.#running.has(worker);
  }

  async kill(worker: number): Promise<void> {
    await this.#end(worker, 'killed', 'SIGKILL');
  }

  /** Sends SIGTERM. If the worker still runs long after its drain time, sends SIGKILL. */
  async stop(worker: number): Promise<void> {
    const ended = this.#end(worker, 'stopped', 'SIGTERM');
    if (!(await endsWithin(DRAIN_SECONDS * 1000 + 30_000, ended))) await this.kill(worker);
  }

  async stopAll(): Promise<void> {
    await Promise.all([...this.#running.keys()].map((worker) => this.stop(worker)));
  }

  async #end(worker: number, how: 'killed' | 'stopped', signal: NodeJS.Signals): Promise<void> {
    const running = this.#running.get(worker);
    if (!running) return;
    running.life.end = how;
    running.life.askedAt ??= Date.now();
    running.child.kill(signal);
    await running.ended;
  }
}
