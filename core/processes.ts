import { readdir, readFile } from 'node:fs/promises';
import { runProgram } from './conductor/embedded/run-program.ts';
import { pause } from './drain.ts';
import { FleetError } from './errors.ts';

/** A process as the system knows it. */
export interface ProcessInfo {
  pid: number;
  /** Its arguments, joined by spaces. */
  command: string;
}

const CHECK_EVERY_MS = 100;
const KILL_GRACE_MS = 5000;

/** Arguments of a running process; nothing for one that has ended, though its parent may not have noticed yet. */
export async function commandOf(pid: number): Promise<string | undefined> {
  if (process.platform !== 'linux') return ps(pid, 'command');
  const raw = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return raw === '' ? undefined : raw.replaceAll('\0', ' ').trimEnd();
}

/** When a process began, in the system's own words: together with its id it names one process for ever. */
export async function startOf(pid: number): Promise<string | undefined> {
  if (process.platform !== 'linux') return ps(pid, 'lstart');
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' ? undefined : fields[19]; // proc(5): the 22nd field, of which two stand before the bracket
}

/** The running processes one of whose arguments is exactly `argument`. */
export async function processesWith(argument: string): Promise<ProcessInfo[]> {
  const all = process.platform === 'linux' ? await listProc() : await listPs();
  return all.filter(({ command }) => ` ${command} `.includes(` ${argument} `));
}

/**
 * Ends every process that carries `mark` among its arguments, so that one that was started through a script goes with the script: asks,
 * and after `graceMs` insists. A process id alone is never enough, because it is given to somebody else some day.
 * @throws FleetError `environment` if one of them is still there
 */
export async function endProcesses(mark: string, graceMs: number): Promise<void> {
  await signalAndWait(mark, 'SIGTERM', graceMs);
  await signalAndWait(mark, 'SIGKILL', KILL_GRACE_MS);
  const [left] = await processesWith(mark);
  if (!left) return;
  throw new FleetError('environment', `Process ${left.pid}, a server of this folder, could not be ended.`, {
    remedy: `End it yourself, with the rights of its user: kill ${left.pid}`,
  });
}

/** True while that process runs and carries `mark` among its arguments. */
export async function isRunning(pid: number, mark: string): Promise<boolean> {
  return (await commandOf(pid))?.includes(mark) ?? false;
}

async function signalAndWait(mark: string, signal: NodeJS.Signals, waitMs: number): Promise<void> {
  for (const { pid } of await processesWith(mark)) {
    try {
      process.kill(pid, signal);
    } catch {
      // it ended by itself between the look and the signal, or belongs to somebody else: the last look tells
    }
  }
  const until = Date.now() + waitMs;
  while (Date.now() < until && (await processesWith(mark)).length > 0) await pause(CHECK_EVERY_MS);
}

async function ps(pid: number, column: string): Promise<string | undefined> {
  const { code, stdout } = await runProgram('ps', ['-ww', '-o', `${column}=`, '-p', String(pid)]);
  return code === 0 && stdout.trim() !== '' ? stdout.trim() : undefined;
}

async function listPs(): Promise<ProcessInfo[]> {
  const { stdout } = await runProgram('ps', ['-A', '-ww', '-o', 'pid=,command=']);
  return stdout.split('\n').flatMap((line) => {
    const [, pid, command] = /^\s*(\d+)\s+(.*)$/.exec(line) ?? [];
    return pid !== undefined && command !== undefined ? [{ pid: Number(pid), command }] : [];
  });
}

async function listProc(): Promise<ProcessInfo[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const all = await Promise.all(pids.map(async (pid) => ({ pid, command: await commandOf(pid) })));
  return all.filter((info): info is ProcessInfo => info.command !== undefined);
}
