import { readdir, readFile } from 'node:fs/promises';
import { pause } from '../../drain.ts';
import { runProgram } from './program.ts';

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
 * Ends a process: asks, and after `graceMs` insists. Before each signal it is checked that the process still carries `mark`
 * among its arguments, because a process id is given to somebody else some day.
 */
export async function endProcess(pid: number, mark: string, graceMs: number): Promise<void> {
  await signalAndWait(pid, mark, 'SIGTERM', graceMs);
  await signalAndWait(pid, mark, 'SIGKILL', KILL_GRACE_MS);
}

/** True while that process runs and carries `mark` among its arguments. */
export async function isRunning(pid: number, mark: string): Promise<boolean> {
  return (await commandOf(pid))?.includes(mark) ?? false;
}

async function signalAndWait(pid: number, mark: string, signal: NodeJS.Signals, waitMs: number): Promise<void> {
  if (!(await isRunning(pid, mark))) return;
  try {
    process.kill(pid, signal);
  } catch {
    return; // it ended by itself between the look and the signal
  }
  const until = Date.now() + waitMs;
  while (Date.now() < until && (await isRunning(pid, mark))) await pause(CHECK_EVERY_MS);
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
