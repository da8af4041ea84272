import { readdir, readFile } from 'node:fs/promises';
import { runProgram } from './conductor/embedded/run-program.ts';
import { FleetError } from './errors.ts';
import { pause } from './pause.ts';

/** A process as the operating system shows it. */
export interface ProcessInfo {
  pid: number;
  /** Its arguments, joined by spaces. */
  command: string;
}

const CHECK_EVERY_MS = 100;
const KILL_GRACE_MS = 5000;

/** Arguments of a running process. Undefined for a process that has ended, even if its parent has not collected it yet. */
export async function commandOf(pid: number): Promise<string | undefined> {
  if (process.platform !== 'linux') return ps(pid, 'command');
  const raw = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return raw === '' ? undefined : raw.replaceAll('\0', ' ').trimEnd();
}

/** The start time of a process, as the operating system writes it. Together with the process id it identifies one process for ever. */
export async function startOf(pid: number): Promise<string | undefined> {
  if (process.platform !== 'linux') return ps(pid, 'lstart');
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' ? undefined : fields[19]; // the start time, field 22 in proc(5); fields 1 and 2 were cut off above
}

/** The running processes that have exactly `argument` among their arguments. */
export async function processesWith(argument: string): Promise<ProcessInfo[]> {
  const all = process.platform === 'linux' ? await listProc() : await listPs();
  return all.filter(({ command }) => ` ${command} `.includes(` ${argument} `));
}

/**
 * Ends every process that has `mark` among its arguments: with SIGTERM, and after `graceMs` with SIGKILL. This finds both a script and the
 * process that the script started. A process id alone is not enough, because the system reuses it for another process some day.
 * @throws FleetError `environment` if one of these processes still runs
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

/** True while that process runs and has `mark` among its arguments. */
export async function isRunning(pid: number, mark: string): Promise<boolean> {
  return (await commandOf(pid))?.includes(mark) ?? false;
}

async function signalAndWait(mark: string, signal: NodeJS.Signals, waitMs: number): Promise<void> {
  for (const { pid } of await processesWith(mark)) {
    try {
      process.kill(pid, signal);
    } catch {
      // The process has ended in the meantime, or belongs to another user. `endProcesses` checks this at the end.
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
