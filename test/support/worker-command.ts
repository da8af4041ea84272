import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { vi } from 'vitest';
import { processEnvironment } from '../../core/config.ts';
import { freePort } from './free-port.ts';
import { root } from './product.ts';

export const acceptanceTasks = join(import.meta.dirname, 'acceptance-tasks');

export interface WorkerOptions {
  conductorUrl: string;
  /** The folder in which the process keeps its spool and control address. Several processes can share it. */
  dataDir: string;
  only?: readonly string[];
  tasksDir?: string;
  env?: Record<string, string>;
  /** The path of a program to run instead of `fleet work`. */
  program?: string;
}

export interface LogLine {
  readonly level: number;
  readonly msg: string;
  readonly [field: string]: unknown;
}

export interface Answered {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

const START_MS = 30_000;
const TICKS_PER_SECOND = 100;

const running = new Set<ChildProcess>();
// A test that is interrupted does not end its processes.
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Runs `fleet work` as a real process with the given settings. It inherits only PATH and HOME. */
export class WorkerCommand {
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  /** The exit code, or null if a signal ended the process. */
  readonly ended: Promise<number | null>;
  readonly dataDir: string;
  output = '';
  readonly #healthPort: number;

  /** Starts the process. `ready()` waits until it serves tasks. */
  static async start(options: WorkerOptions): Promise<WorkerCommand> {
    for (;;) {
      const command = new WorkerCommand(options, await freePort());
      if (options.program) return command; // a program has no health port
      await vi.waitUntil(() => /Health: |EADDRINUSE/.test(command.output) || !command.alive, { timeout: START_MS });
      if (!command.output.includes('EADDRINUSE')) return command;
      await command.ended; // another test has taken the port in the meantime
    }
  }

  private constructor({ conductorUrl, dataDir, only, tasksDir, env, program }: WorkerOptions, healthPort: number) {
    this.dataDir = dataDir;
    this.#healthPort = healthPort;
    const { PATH = '', HOME = '' } = processEnvironment();
    const args = program
      ? [program]
      : [join(root, 'cli/fleet.js'), 'work', ...(only ? ['--only', only.join(',')] : [])];
    this.child = spawn(process.execPath, args, {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH,
        HOME,
        CONDUCTOR_SERVER_URL: conductorUrl,
        FLEET_DIR: dataDir,
        TASKS_DIR: tasksDir ?? acceptanceTasks,
        OUTPUT_DIR: join(dataDir, 'output'),
        LOG_FORMAT: 'json',
        WORKER_HEALTH_PORT: String(healthPort),
        ...env,
      },
    });
    for (const stream of [this.child.stdout, this.child.stderr])
      stream.on('data', (chunk) => {
        this.output += chunk;
      });
    this.ended = new Promise((resolve) => this.child.once('close', resolve));
    running.add(this.child);
    this.child.once('close', () => running.delete(this.child));
  }

  get alive(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  ready(): Promise<void> {
    return this.says(/serves \d+ task types?/);
  }

  async says(pattern: RegExp): Promise<void> {
    await vi.waitUntil(() => pattern.test(this.output) || !this.alive, { timeout: START_MS, interval: 10 });
    if (!pattern.test(this.output))
      throw new Error(`The process ended before it wrote a text that matches ${pattern}.`);
  }

  logs(): LogLine[] {
    return this.output.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as LogLine] : []));
  }

  /** Returns the processor time used so far in seconds, or 0 if the system does not provide it. */
  cpuSeconds(): number {
    try {
      const fields = readFileSync(`/proc/${this.child.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
      return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
    } catch {
      return 0;
    }
  }

  /** Sends SIGTERM and returns the exit code. */
  async stop(): Promise<number | null> {
    this.child.kill('SIGTERM');
    return this.ended;
  }

  /** Sends SIGKILL and waits until the process has ended. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended;
  }

  health(path: '/livez' | '/readyz' | '/status' | '/metrics'): Promise<Answered> {
    return send('GET', `http://127.0.0.1:${this.#healthPort}${path}`);
  }

  async get(path: string): Promise<Answered> {
    return send('GET', `${await this.#controlUrl()}${path}`);
  }

  async post(path: string, body: unknown = {}): Promise<Answered> {
    return send('POST', `${await this.#controlUrl()}${path}`, body);
  }

  /** Waits for the control address, because a process announces it only after it has begun to serve. */
  #controlUrl(): Promise<string> {
    const folder = join(this.dataDir, 'workers');
    const announced = () => {
      for (const name of readdirSync(folder).filter((one) => one.endsWith('.json'))) {
        const { pid, controlUrl } = JSON.parse(readFileSync(join(folder, name), 'utf8'));
        if (pid === this.child.pid) return controlUrl as string;
      }
      throw new Error(`The folder ${folder} contains no file of process ${this.child.pid}.`);
    };
    return vi.waitFor(announced, { timeout: START_MS, interval: 50 });
  }
}

async function send(method: string, url: string, body?: unknown): Promise<Answered> {
  const response = await fetch(url, {
    method,
    signal: AbortSignal.timeout(5000),
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') ?? false;
  return { status: response.status, body: isJson ? JSON.parse(text) : { text } };
}
