import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { type Conductor, createConductor } from '../../core/conductor/api.ts';
import { createCaller } from '../../core/conductor/connection/caller.ts';
import type { Worker } from '../../core/contract.ts';
import { FleetError } from '../../core/errors.ts';
import { type Logger, silentLogger } from '../../core/log.ts';
import { configOfHost, type HostedConfig } from '../../core/settings/host-options.ts';
import { count } from '../../core/text.ts';
import { Events, type FleetEvent } from '../runtime/events.ts';
import { type Fleet, startFleet } from '../runtime/fleet.ts';
import { openSpool } from '../runtime/report/open-spool.ts';
import { checkTasks } from './check-tasks.ts';
import { reportOf, type StopReport } from './stop-report.ts';
import { OWN_OPTIONS, type Workers, type WorkersOptions, type WorkersStatus } from './workers.ts';

/**
 * Creates workers that run in this process. They do not poll before `start()`. They install no signal handler and never end the process:
 * the host calls `stop()`. A process may have any number of them.
 * @example
 *   const workers = createWorkers({ tasks: [chargeCard], conductorServerUrl: 'http://127.0.0.1:8080/api' });
 *   await workers.start();
 *   process.once('SIGTERM', () => workers.stop());
 * @throws FleetError `config` if an option is wrong, if `tasks` is empty or holds two tasks with the same name, or if a task cannot run here
 */
export function createWorkers(options: WorkersOptions): Workers {
  const { config, notices } = configOfHost('createWorkers', options, OWN_OPTIONS);
  const { tasks, log = silentLogger } = options;
  checkTasks(tasks);
  for (const notice of notices) log.info(notice);
  return new EmbeddedWorkers(tasks, config, log);
}

/**
 * States: `created`, then `running` after `start()`, `draining` after `stop()`, at last `stopped`. There is no way back.
 */
class EmbeddedWorkers implements Workers {
  /** Several pools of one process need different names. */
  readonly workerId = `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`;
  readonly #tasks: readonly Worker[];
  readonly #config: HostedConfig;
  readonly #log: Logger;
  readonly #events: Events;
  readonly #conductor: Conductor;
  #fleet: Fleet | undefined;
  #starting: Promise<void> | undefined;
  #stopping: Promise<StopReport> | undefined;
  #hasStopped = false;

  constructor(tasks: readonly Worker[], config: HostedConfig, log: Logger) {
    this.#tasks = tasks;
    this.#config = config;
    this.#log = log;
    this.#events = new Events(log);
    this.#conductor = createConductor(createCaller(config));
  }

  async start(): Promise<void> {
    if (this.#stopping) {
      throw new FleetError('conflict', 'These workers have been stopped, and stopped workers cannot start again.', {
        remedy: 'Create new workers with createWorkers and start those.',
      });
    }
    if (this.#starting) {
      throw new FleetError('conflict', 'These workers have already been started.', {
        remedy: 'Call start() once. For a second pool, call createWorkers again.',
      });
    }
    this.#starting = this.#open();
    await this.#starting;
  }

  async stop(): Promise<StopReport> {
    if (this.#stopping) {
      const before = this.#hasStopped ? 'These workers had already stopped.' : 'These workers were already stopping.';
      const report = await this.#stopping;
      return { ...report, message: `${before} The first stop(): ${report.message}` };
    }
    this.#stopping = this.#drain();
    return this.#stopping;
  }

  status(): WorkersStatus {
    const { workerConcurrency: concurrency } = this.#config;
    const { workerId } = this;
    const idle = { workerId, running: 0, concurrency, undelivered: 0, failing: { polls: false, results: false } };
    if (this.#fleet) return this.#fleet.status();
    return { ...idle, state: this.#stopping ? 'stopped' : 'created', types: [] };
  }

  on(listener: (event: FleetEvent) => void): () => void {
    return this.#events.on(listener);
  }

  pause(taskType?: string): void {
    this.#started().pause(taskType);
  }

  resume(taskType?: string): void {
    this.#started().resume(taskType);
  }

  setConcurrency(concurrency: number, taskType?: string): void {
    if (!Number.isInteger(concurrency) || concurrency < 1) {
      throw new FleetError('input', `The concurrency must be a whole number of at least 1, not ${concurrency}.`, {
        remedy: 'To take no tasks at all, call pause().',
      });
    }
    this.#started().setConcurrency(concurrency, taskType);
  }

  async #open(): Promise<void> {
    const log = this.#log;
    const config = this.#config;
    const { shopUrl, filesRoot, outputDir } = config;
    const spool = await openSpool(config, log);
    this.#fleet = startFleet({
      workers: this.#tasks,
      conductor: this.#conductor,
      config,
      settings: { shopUrl, filesRoot, outputDir },
      log,
      workerId: this.workerId,
      spool,
      listeners: [(event) => this.#events.emit(event)],
    });
    log.info(`${this.workerId} serves ${count(this.#tasks.length, 'task type')} of ${this.#conductor.serverUrl}`);
  }

  async #drain(): Promise<StopReport> {
    await this.#starting?.catch(() => undefined); // start() itself rejects with the error
    const report = await reportOf(this.#fleet, this.#config);
    this.#conductor.close();
    this.#hasStopped = true;
    this.#log.info(report.message);
    return report;
  }

  #started(): Fleet {
    if (this.#fleet) return this.#fleet;
    throw new FleetError('conflict', 'These workers have not been started.', { remedy: 'Await start() first.' });
  }
}
