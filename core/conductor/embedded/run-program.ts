import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Environment } from '../../config.ts';
import { throwIfCancelled } from './progress.ts';

export interface Finished {
  /** Exit code as in a shell: 127 if the program does not exist, 143 if a signal ended it. */
  code: number;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  signal?: AbortSignal;
  timeoutMs?: number;
  cwd?: string;
  /** Default: the environment of this process. */
  env?: Environment;
  /** Called with each line of stdout as soon as it is printed. */
  onLine?: (line: string) => void;
}

const NOT_FOUND = 127;
const ENDED = 143;

/** How long output is still read after the program has ended. */
const LAST_OUTPUT_MS = 1_000;

/** How long a program may take to end after it was told to end. */
const GRACE_MS = 3_000;

/**
 * Runs a program and returns its exit code and what it printed. Does not throw if the program fails or does not exist.
 * @throws FleetError `cancelled` if `signal` is aborted; the program has ended by then
 */
export async function runProgram(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Finished> {
  const { signal, timeoutMs, cwd, env, onLine } = options;
  if (signal) throwIfCancelled(signal);
  const finished = await new Promise<Finished>((resolve) => {
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(cwd !== undefined && { cwd }),
      ...(env && { env }),
      ...(signal && { signal }),
      ...(timeoutMs !== undefined && { timeout: timeoutMs, killSignal: 'SIGKILL' as const }),
    });
    const printed = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].setEncoding('utf8').on('data', (text: string) => {
        printed[stream] += text;
      });
    }
    if (onLine) createInterface({ input: child.stdout }).on('line', onLine);
    child.on('error', (error: NodeJS.ErrnoException) => {
      if (error.name === 'AbortError') setTimeout(() => child.kill('SIGKILL'), GRACE_MS).unref();
      else resolve({ code: NOT_FOUND, ...printed });
    });
    // Another process that the program started may keep the output open for ever.
    child.on('exit', () => {
      setTimeout(() => [child.stdout, child.stderr].map((stream) => stream.destroy()), LAST_OUTPUT_MS).unref();
    });
    child.on('close', (code) => resolve({ code: code ?? ENDED, ...printed }));
  });
  if (signal) throwIfCancelled(signal);
  return finished;
}

/** The last lines a program printed, for an error message. */
export function lastWords({ stdout, stderr }: Finished, lines = 5): string {
  const printed = (stderr.trim() === '' ? stdout : stderr).trim().split('\n');
  return printed.slice(-lines).join('\n');
}
