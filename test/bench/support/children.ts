import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { processTree, startedAt } from './processes.ts';

export interface ChildSpec {
  command: string;
  args: readonly string[];
  env: NodeJS.ProcessEnv;
  /** Receives the program's output. */
  logFile: string;
  /**
   * Node programs get a channel. They may send messages over it, and they end when it closes. Other programs end when their stdin
   * closes.
   */
  channel: boolean;
  /** Whether the caller talks to the program over its stdin and stdout. */
  isSpokenTo?: boolean;
}

/** A program that the bench measures. The bench always ends it by its process id. */
export interface Child {
  readonly pid: number;
  readonly process: ChildProcess;
  readonly hasEnded: boolean;
  /** `freeze` suspends the process and its children; `thaw` resumes them. */
  freeze(): void;
  thaw(): void;
  /** Sends SIGTERM, and SIGKILL if the process does not end in time. */
  stop(): Promise<void>;
  /** @throws if the process has ended; the message holds the last lines of its log */
  check(): void;
}

const STOP_MS = 8_000;
const LAST_LINES = 15;

export function startChild({ command, args, env, logFile, channel, isSpokenTo = false }: ChildSpec): Child {
  const log = openSync(logFile, 'a');
  const [stdin, stdout] = [isSpokenTo || !channel ? 'pipe' : 'ignore', isSpokenTo ? 'pipe' : log] as const;
  const child = spawn(command, args, { env, stdio: [stdin, stdout, log, ...(channel ? ['ipc' as const] : [])] });
  closeSync(log);
  const ended = new Promise<void>((resolve) => {
    child.once('error', () => resolve());
    child.once('exit', () => resolve());
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${command} cannot be started`);
  const signalAll = (name: NodeJS.Signals) => {
    for (const one of processTree(pid)) signal(one, name);
  };
  const self: Child = {
    pid,
    process: child,
    get hasEnded() {
      return child.exitCode !== null || child.signalCode !== null;
    },
    freeze: () => signalAll('SIGSTOP'),
    thaw: () => signalAll('SIGCONT'),
    check() {
      if (self.hasEnded) throw new Error(`${command} has ended early:\n${lastLines(logFile)}`);
    },
    async stop() {
      if (self.hasEnded) return;
      const tree = processTree(pid).map((one) => ({ one, began: startedAt(one) }));
      self.thaw();
      child.kill('SIGTERM');
      await Promise.race([ended, pause(STOP_MS, undefined, { ref: false })]);
      // The process id may belong to another program by now, so this compares the start time too.
      for (const { one, began } of tree) if (began !== undefined && startedAt(one) === began) signal(one, 'SIGKILL');
      await ended;
    },
  };
  return self;
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // it has ended
  }
}

function lastLines(file: string): string {
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-LAST_LINES).join('\n');
}
