import { isControlFlow, isForWorkers, roleOf } from '../../../core/conductor/task-types.ts';
import type { Execution, ExecutionSummary, Task } from '../../../core/conductor/types.ts';
import { hasFailed } from '../facts.ts';

/** Milliseconds of several runs. */
export interface Spread {
  readonly count: number;
  readonly average: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

/** Executions of one stretch of time or of one version. */
export interface Totals {
  readonly executions: number;
  readonly byStatus: Readonly<Record<string, number>>;
  /** Of those that ended other than by being terminated; undefined where none has. */
  readonly successRate: number | undefined;
  /** Of the completed ones. */
  readonly duration: Spread | undefined;
}

/** A task over all executions that were read. */
export interface TaskFigures {
  readonly ref: string;
  readonly type: string;
  /** Attempts. */
  readonly attempts: number;
  readonly failed: number;
  /** Attempts that nobody has taken up so far. */
  readonly waiting: number;
  /** Attempts beyond the first of their execution. */
  readonly retries: number;
  /** From being handed to the queue to being taken up, or to now, or to its end where nobody ever did. */
  readonly wait: Spread | undefined;
  /** From being taken up to its end. */
  readonly run: Spread | undefined;
  /** Milliseconds of waiting and running together, over all executions. */
  readonly timeTaken: number;
}

/** A stretch of time with its totals. */
export interface Bucket {
  /** Epoch milliseconds. */
  readonly from: number;
  readonly totals: Totals;
}

/** By the nearest-rank method; undefined for none. */
export function spreadOf(values: readonly number[]): Spread | undefined {
  if (values.length === 0) return undefined;
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  const average = sorted.reduce((sum, value) => sum + value, 0) / sorted.length;
  return { count: sorted.length, average, p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}

export function totalsOf(summaries: readonly ExecutionSummary[]): Totals {
  const byStatus: Record<string, number> = {};
  for (const { status } of summaries) byStatus[status] = (byStatus[status] ?? 0) + 1;
  const { COMPLETED: completed = 0, FAILED: failed = 0, TIMED_OUT: timedOut = 0 } = byStatus;
  const ended = completed + failed + timedOut;
  return {
    executions: summaries.length,
    byStatus,
    successRate: ended > 0 ? completed / ended : undefined,
    duration: spreadOf(summaries.flatMap((one) => (one.status === 'COMPLETED' ? [one.executionTime] : []))),
  };
}

/** Two halves of the time, or whole days where it is longer than two days; only those in which something was started. */
export function trendOf(summaries: readonly ExecutionSummary[], since: number, now: number): Bucket[] {
  const dayMs = 86_400_000;
  const width = now - since > 2 * dayMs ? dayMs : (now - since) / 2;
  const start = (one: ExecutionSummary) => Date.parse(one.startTime ?? '');
  const groups = Map.groupBy(summaries, (one) => Math.floor((start(one) - since) / width));
  return [...groups]
    .sort(([a], [b]) => a - b)
    .map(([index, group]) => ({ from: since + index * width, totals: totalsOf(group) }));
}

/** Every task that was run, the one that takes most time of all first. Rounds of a loop count as one task. */
export function tasksOf(executions: readonly Execution[], now: number): TaskFigures[] {
  const tasks = executions.flatMap((execution) => execution.tasks.filter(({ taskType }) => !isControlFlow(taskType)));
  const byRef = Map.groupBy(tasks, ({ referenceTaskName: ref }) => ref.replace(/(__\d+)+$/, ''));
  return [...byRef].map(([ref, attempts]) => figuresOf(ref, attempts, now)).sort((a, b) => b.timeTaken - a.timeTaken);
}

function figuresOf(ref: string, attempts: readonly Task[], now: number): TaskFigures {
  const waits = attempts.map((task) => waitOf(task, now));
  const runs = attempts.flatMap((task) => (isTaken(task) && task.endTime > 0 ? [runOf(task)] : []));
  const isWork = roleOf(attempts[0]?.taskType ?? '') !== 'wait';
  const sum = (values: readonly number[]) => values.reduce((all, value) => all + value, 0);
  return {
    ref,
    type: attempts[0]?.taskType ?? '',
    attempts: attempts.length,
    failed: attempts.filter(hasFailed).length,
    waiting: attempts.filter(({ status }) => status === 'SCHEDULED').length,
    retries: attempts.filter(({ retryCount }) => retryCount > 0).length,
    wait: spreadOf(waits),
    run: spreadOf(runs),
    timeTaken: isWork ? sum(waits) + sum(runs) : 0,
  };
}

const isTaken = ({ startTime }: Task) => startTime > 0;

/** The delay before a retry is not waiting for a worker. The server writes the two times apart, so that they can cross. */
function waitOf({ scheduledTime, startTime, endTime, startDelayInSeconds: delay }: Task, now: number): number {
  const delayMs = typeof delay === 'number' ? delay * 1000 : 0;
  return Math.max(0, (startTime || endTime || now) - scheduledTime - delayMs);
}

function runOf({ startTime, endTime }: Task): number {
  return Math.max(0, endTime - startTime);
}

/** How a task of two executions differs. */
export interface TaskDifference {
  readonly ref: string;
  readonly type: string;
  /** Status and milliseconds in each; undefined where it did not come up. */
  readonly sides: readonly (Side | undefined)[];
}

export interface Side {
  readonly status: string;
  /** From the first attempt's scheduling to the last one's end. */
  readonly ms: number;
  readonly attempts: number;
  /** Milliseconds of `ms` before a worker took the last attempt. */
  readonly waitMs: number;
}

/** The tasks of two executions side by side, the largest difference in time first. */
export function differencesOf(left: Execution, right: Execution, now: number): TaskDifference[] {
  const sides = [left, right].map((execution) => Map.groupBy(execution.tasks, ({ referenceTaskName: ref }) => ref));
  const refs = [...new Set(sides.flatMap((side) => [...side.keys()]))];
  const rows = refs.map((ref): TaskDifference => {
    const attempts = sides.map((side) => side.get(ref));
    const type = attempts[0]?.[0]?.taskType ?? attempts[1]?.[0]?.taskType ?? '';
    return { ref, type, sides: attempts.map((tasks) => (tasks ? sideOf(tasks, now) : undefined)) };
  });
  const gap = ({ sides: [a, b] }: TaskDifference) => Math.abs((a?.ms ?? 0) - (b?.ms ?? 0));
  return rows.sort((a, b) => gap(b) - gap(a));
}

function sideOf(tasks: readonly Task[], now: number): Side {
  const attempts = [...tasks].sort((a, b) => a.seq - b.seq);
  const last = attempts.at(-1);
  const begins = Math.min(...attempts.map(({ scheduledTime, startTime }) => scheduledTime || startTime));
  const ends = last?.endTime || now;
  return {
    status: last?.status ?? '',
    ms: Math.max(0, ends - begins),
    attempts: attempts.length,
    waitMs: last && isForWorkers(last) ? waitOf(last, now) : 0,
  };
}
