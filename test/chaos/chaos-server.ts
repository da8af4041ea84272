import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { findJar } from '../../core/conductor/embedded/install/find-jar.ts';
import { findJava } from '../../core/conductor/embedded/install/find-java.ts';
import { javaArguments, serverEnvironment, serverProperties } from '../../core/conductor/embedded/server-properties.ts';
import { isReady } from '../../core/conductor/embedded/wait-until-ready.ts';
import { wakeOpenJoins } from '../../core/conductor/embedded/wake-open-joins.ts';
import { type Config, processEnvironment } from '../../core/config.ts';
import { pause } from '../../core/pause.ts';
import { freePort } from '../support/free-port.ts';

const LOOK_EVERY_MS = 100;

/** A period in which the server did not answer, in epoch milliseconds. `to` is infinite until the outage ends. */
export interface Outage {
  from: number;
  to: number;
}

/** The real Conductor server. It keeps its folder and its port when the run kills it and starts it again. */
export class ChaosServer {
  readonly port: number;
  readonly outages: Outage[] = [];
  readonly #config: Config;
  readonly #folder: string;
  readonly #java: string;
  readonly #args: string[];
  readonly #environment: Record<string, string>;
  #child: ChildProcess | undefined;

  private constructor(config: Config, { folder, port, java, jar }: Place) {
    this.port = port;
    this.#config = config;
    this.#folder = folder;
    this.#java = java;
    const { serverSynchronous: synchronous, serverSecrets: secrets } = config;
    const properties = serverProperties({ database: join(folder, 'conductor.db'), secrets, synchronous });
    this.#args = javaArguments({ jar, memory: config.serverMemory, marks: ['-Dchaos'], port, properties });
    this.#environment = serverEnvironment(config, processEnvironment());
  }

  static async create(config: Config, folder: string, note: (line: string) => void, signal: AbortSignal) {
    const java = await findJava(config, signal);
    const jar = await findJar(config, { note, signal });
    if (jar === undefined)
      throw new Error('No server jar could be found or downloaded. Set CONDUCTOR_JAR to the path of one.');
    mkdirSync(folder, { recursive: true });
    return new ChaosServer(config, { folder, port: await freePort(), java, jar });
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/api`;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Resolves when the server answers. */
  async start(signal: AbortSignal): Promise<void> {
    const log = openSync(join(this.#folder, 'server.log'), 'a');
    const child = spawn(this.#java, this.#args, {
      cwd: this.#folder,
      env: this.#environment,
      detached: true, // so that Ctrl-C reaches only the run, which then ends its children
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    this.#child = child;
    const until = Date.now() + this.#config.serverStartSeconds * 1000;
    while (!(await isReady(this.url))) {
      signal.throwIfAborted();
      if (child.exitCode !== null || child.signalCode !== null || Date.now() > until) {
        throw new Error(`The server did not start. Read its log: ${this.#folder}/server.log`);
      }
      await pause(LOOK_EVERY_MS, signal);
    }
    const outage = this.outages.at(-1);
    if (!outage) return;
    outage.to = Math.min(outage.to, Date.now());
    await wakeOpenJoins({ ...this.#config, conductorServerUrl: this.url }, () => undefined); // as `ensureServer` does
  }

  /** `kill -9`. */
  async kill(): Promise<void> {
    this.outages.push({ from: Date.now(), to: Number.POSITIVE_INFINITY });
    await this.#end('SIGKILL');
  }

  async stop(): Promise<void> {
    const insist = setTimeout(() => this.#child?.kill('SIGKILL'), 10_000);
    await this.#end('SIGTERM');
    clearTimeout(insist);
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await ended;
  }
}

interface Place {
  folder: string;
  port: number;
  java: string;
  jar: string;
}
