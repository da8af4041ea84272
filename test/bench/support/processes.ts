import { readdirSync, readFileSync } from 'node:fs';

/** Reads processor time and memory of processes from /proc on Linux. Every measured program is read in this same way. */

/** Unit of times in /proc/<pid>/stat and /proc/stat. Every Linux uses this unit there. The kernel's own tick may differ. */
const TICKS_PER_SECOND = 100;

/** Returns the ids of a process and all its descendants. The process itself is first. */
export function processTree(pid: number): number[] {
  const threads = threadsOf(pid);
  const children = threads.flatMap((thread) => numbers(read(`/proc/${pid}/task/${thread}/children`) ?? ''));
  return [pid, ...children.flatMap(processTree)];
}

/** Seconds of processor time that these processes and their ended children used, in user and kernel mode. */
export function cpuSeconds(pids: readonly number[]): number {
  return sum(pids.map(cpuTicks)) / TICKS_PER_SECOND;
}

/** Processor time used by these processes and their threads so far, in milliseconds. The resolution is much finer than the ticks above. */
export function cpuMs(pids: readonly number[]): number {
  const nanoseconds = (pid: number) =>
    threadsOf(pid).map((thread) => numbers(read(`/proc/${pid}/task/${thread}/schedstat`) ?? '')[0] ?? 0);
  return sum(pids.flatMap(nanoseconds)) / 1e6;
}

/**
 * Peak resident memory of each process, added up, in bytes. The processes may have their peaks at different moments, and a page
 * that two processes share counts twice.
 */
export function peakMemory(pids: readonly number[]): number {
  return sum(pids.map((pid) => statusBytes(pid, 'VmHWM')));
}

/** Resident memory of a process now, in bytes. */
export function residentMemory(pid: number): number {
  return statusBytes(pid, 'VmRSS');
}

/** Seconds of processor time that the whole machine has used since its start. */
export function machineCpuSeconds(): number {
  const [, user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = (read('/proc/stat') ?? '')
    .split('\n', 1)
    .flatMap((line) => line.split(/\s+/).map(Number));
  return (user + nice + system + irq + softirq) / TICKS_PER_SECOND;
}

/** Start time of a process, in ticks. Together with the id it identifies a process uniquely. Undefined if the process has ended. */
export function startedAt(pid: number): number | undefined {
  return statFields(pid)[19];
}

function cpuTicks(pid: number): number {
  return sum(statFields(pid).slice(11, 15)); // proc(5): utime, stime, cutime, cstime
}

/** Returns the fields of /proc/<pid>/stat from field 3 on. The name in field 2 may contain spaces and brackets. */
function statFields(pid: number): number[] {
  const stat = read(`/proc/${pid}/stat`) ?? '';
  return stat === ''
    ? []
    : stat
        .slice(stat.lastIndexOf(')') + 2)
        .split(' ')
        .map(Number);
}

function statusBytes(pid: number, field: string): number {
  const [, kilobytes = '0'] = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(read(`/proc/${pid}/status`) ?? '') ?? [];
  return Number(kilobytes) * 1024;
}

function threadsOf(pid: number): number[] {
  return numbers(listOf(`/proc/${pid}/task`).join(' '));
}

function numbers(text: string): number[] {
  return text.split(/\s+/).filter(Boolean).map(Number);
}

/** Returns undefined for a process that has ended since it was listed. */
function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

function listOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
