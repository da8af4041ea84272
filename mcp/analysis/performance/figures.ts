import { isControlFlow, isForWorkers, roleOf } from '../../../core/conductor/task-types.ts';
import type { Execution, ExecutionSummary, Task } from '../../../core/conductor/types.ts';
import { hasFailed } from '../facts.ts';

/** Durations of several runs, in milliseconds. */
export interface Percentiles {
  readonly count: number;
  readonly average: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

/** The executions of one period or one version. */
export interface Totals {
  readonly executions: number;
  readonly byStatus: Readonly<Record<string, number>>;
  /** The share of COMPLETED among COMPLETED, FAILED and TIMED_OUT; undefined if no execution has one of these statuses. */
  readonly successRate: number | undefined;
  /** The durations of the completed executions. */
  readonly duration: Percentiles | undefined;
}

/** One task in all executions that were read. */
export interface TaskFigures {
  readonly ref: string;
  readonly type: string;
  readonly attempts: number;
  readonly failed: number;
  /** Attempts that no worker has taken yet. */
  readonly waiting: number;
  /** Attempts after the first attempt in the same execution. */
  readonly retries: number;
  /** Time in the queue, until a worker takes the attempt. An attempt that no worker took counts up to its end, or up to now. */
  readonly wait: Percentiles | undefined;
  /** Time from when a worker took the attempt to the attempt's end. */
  readonly run: Percentiles | undefined;
  /** Milliseconds of waiting and running, summed over all executions. */
  readonly timeTaken: number;
}

/** A period with its totals. */
export interface Period {
  /** Epoch milliseconds. */
  readonly from: number;
  readonly totals: Totals;
}

/** Percentiles by the nearest-rank method; undefined without values. */
export function percentilesOf(values: readonly number[]): Percentiles | undefined {
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
    duration: percentilesOf(summaries.flatMap((one) => (one.status === 'COMPLETED' ? [one.executionTime] : []))),
  };
}

/** Totals per day or, if the time is at most two days, per half of it. Periods in which no execution started are left out. */
export function trendOf(summaries: readonly ExecutionSummary[], since: number, now: number): Period[] {
  const dayMs = 86_400_000;
  const width = now - since > 2 * dayMs ? dayMs : (now - since) / 2;
  const start = (one: ExecutionSummary) => Date.parse(one.startTime ?? '');
  const groups = Map.groupBy(summaries, (one) => Math.floor((start(one) - since) / width));
  return [...groups]
    .sort(([a], [b]) => a - b)
    .map(([index, group]) => ({ from: since + index * width, totals: totalsOf(group) }));
}

/** The figures of every task. The task with the longest total time is first. All rounds of a loop count as one task. */
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
    wait: percentilesOf(waits),
    run: percentilesOf(runs),
    timeTaken: isWork ? sum(waits) + sum(runs) : 0,
  };
}

const isTaken = ({ startTime }: Task) => startTime > 0;

/** The wait for a worker, without the delay before a retry. At least 0, because the server may write the two times in either order. */
function waitOf({ scheduledTime, startTime, endTime, startDelayInSeconds: delay }: Task, now: number): number {
  const delayMs = typeof delay === 'number' ? delay * 1000 : 0;
  return Math.max(0, (startTime || endTime || now) - scheduledTime - delayMs);
}

function runOf({ startTime, endTime }: Task): number {
  return Math.max(0, endTime - startTime);
}

/** How a task differs between two executions. */
export interface TaskDifference {
  readonly ref: string;
  readonly type: string;
  /** The task in each execution; undefined if the execution does not have this task. */
  readonly sides: readonly (Side | undefined)[];
}

export interface Side {
  readonly status: string;
  /** From the scheduling of the first attempt to the end of the last attempt. */
  readonly ms: number;
  readonly attempts: number;
  /** The part of `ms` that passed before a worker took the last attempt. */
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
