import { isForWorkers } from '../../../core/conductor/task-types.ts';
import type { Execution, ExecutionSummary } from '../../../core/conductor/types.ts';
import { count, duration } from '../../../core/text.ts';
import { quoteIfUnusual } from '../../shared/quote.ts';
import {
  type Percentiles,
  type Period,
  type TaskDifference,
  type TaskFigures,
  type Totals,
  totalsOf,
} from './figures.ts';

const SHOWN_TASKS = 8;
const SHOWN_VERSIONS = 6;
const SHOWN_DIFFERENCES = 20;
const DAY_MS = 86_400_000;

/** `95.0 %`, or `-` if nothing has ended. */
export function percent(share: number | undefined): string {
  return share === undefined ? '-' : `${(share * 100).toFixed(1)} %`;
}

/** The success rate and the durations. */
export function totalsLines({ executions, byStatus, successRate, duration: durations }: Totals): string[] {
  const states = Object.entries(byStatus).map(([status, n]) => `${n} ${status}`);
  return [
    `${count(executions, 'execution')}: ${states.join(', ') || 'none'}. Success rate, without terminated executions: ${percent(successRate)}.`,
    durations
      ? `Duration of completed executions: average ${duration(durations.average)}, p50 ${duration(durations.p50)}, p95 ${duration(durations.p95)}, p99 ${duration(durations.p99)}.`
      : 'No execution has completed, so there is no duration.',
  ];
}

/** The success rate of each version, so that the version that broke is seen. Empty if there is only one version. */
export function byVersionLines(summaries: readonly ExecutionSummary[]): string[] {
  const byVersion = [...Map.groupBy(summaries, ({ version }) => version)].sort(([a], [b]) => b - a);
  if (byVersion.length < 2) return [];
  const parts = byVersion.slice(0, SHOWN_VERSIONS).map(([version, group]) => {
    const { executions, successRate, duration: durations } = totalsOf(group);
    return `v${version}: ${count(executions, 'execution')}, ${percent(successRate)} succeeded, p50 ${durations ? duration(durations.p50) : '-'}`;
  });
  return [`By version, the newest first: ${parts.join('; ')}.`];
}

/** The tasks as a table, below a sentence on the bottleneck. */
export function taskLines(tasks: readonly TaskFigures[]): string[] {
  if (tasks.length === 0) return [];
  const all = tasks.reduce((sum, { timeTaken }) => sum + timeTaken, 0);
  const hidden = tasks.length - SHOWN_TASKS;
  return [
    ...bottleneckLines(tasks, all),
    'task | type | attempts | failed | retries | wait p50/p95 | run p50/p95 | share of time',
    ...tasks.slice(0, SHOWN_TASKS).map((task) => taskLine(task, all)),
    ...(hidden > 0 ? [`… and ${hidden} more tasks, each with less time.`] : []),
  ];
}

/** The task that takes the most time, and whether it waits or runs; and the task that fails most. */
export function bottleneckLines(tasks: readonly TaskFigures[], all: number): string[] {
  const [slowest] = tasks;
  const lines: string[] = [];
  if (slowest && slowest.timeTaken > 0) lines.push(`Bottleneck: ${slowSentence(slowest, all)}`);
  const worst = [...tasks].sort((a, b) => b.failed - a.failed)[0];
  if (worst && worst.failed > 0) {
    lines.push(`Fails most: ${quoteIfUnusual(worst.ref)}, in ${worst.failed} of ${count(worst.attempts, 'attempt')}.`);
  }
  return lines;
}

function slowSentence(task: TaskFigures, all: number): string {
  const { ref, wait, run, timeTaken, waiting } = task;
  const waits = (wait?.average ?? 0) > (run?.average ?? 0);
  const why = waits
    ? isForWorkers({ taskType: task.type })
      ? 'It mostly waits for a worker: start more workers, or let each worker take more tasks at once'
      : 'It mostly waits for the server to start it'
    : 'It mostly runs: the work itself is slow';
  const now = waiting > 0 ? ` ${count(waiting, 'attempt')} ${waiting === 1 ? 'waits' : 'wait'} now.` : '';
  return `${quoteIfUnusual(ref)} takes ${percent(timeTaken / all)} of all task time. ${why}.${now}`;
}

function taskLine({ ref, type, attempts, failed, retries, wait, run, timeTaken }: TaskFigures, all: number): string {
  const share = all > 0 ? percent(timeTaken / all) : '-';
  return [quoteIfUnusual(ref), quoteIfUnusual(type), attempts, failed, retries, pair(wait), pair(run), share].join(
    ' | ',
  );
}

function pair(durations: Percentiles | undefined): string {
  return durations ? `${duration(durations.p50)}/${duration(durations.p95)}` : '-';
}

/** Writes one line for each period. */
export function trendLines(trend: readonly Period[], { byDays }: { byDays: boolean }): string[] {
  if (trend.length < 2) return [];
  const lines = trend.map(({ from, totals }) => {
    const { executions, successRate, duration: durations } = totals;
    const start = new Date(from).toISOString();
    return [
      byDays ? start.slice(0, 10) : `from ${start.slice(0, 16)}Z`,
      executions,
      percent(successRate),
      pair(durations),
    ].join(' | ');
  });
  return ['Trend: time | executions | succeeded | duration p50/p95', ...lines, ...changeLine(trend)];
}

/** How the last period differs from the first period. */
function changeLine(trend: readonly Period[]): string[] {
  const first = trend[0]?.totals.duration?.p50;
  const last = trend.at(-1)?.totals.duration?.p50;
  if (first === undefined || last === undefined || first === 0) return [];
  const change = Math.round((last / first - 1) * 100);
  if (Math.abs(change) < 10) return ['The median duration is about the same in the last period as in the first.'];
  return [
    `The median duration is ${Math.abs(change)} % ${change > 0 ? 'longer' : 'shorter'} in the last period than in the first.`,
  ];
}

export function isByDays(since: number, now: number): boolean {
  return now - since > 2 * DAY_MS;
}

/** Compares two versions, side by side. */
export function versionLines(
  sides: readonly (readonly [version: number, totals: Totals, tasks: readonly TaskFigures[]])[],
): string[] {
  const columns = sides.map(([version, totals]) => [
    `v${version}`,
    totals.executions,
    percent(totals.successRate),
    pair(totals.duration),
  ]);
  const refs = [...new Set(sides.flatMap(([, , tasks]) => tasks.map(({ ref }) => ref)))].slice(0, SHOWN_TASKS);
  const rows = refs.map((ref) => {
    const cells = sides.map(([, , tasks]) => {
      const task = tasks.find((one) => one.ref === ref);
      return task ? `${pair(task.run)}, ${task.failed} of ${task.attempts} failed` : 'not in this version';
    });
    return `${quoteIfUnusual(ref)} | ${cells.join(' | ')}`;
  });
  return [
    'version | executions | succeeded | duration p50/p95',
    ...columns.map((cells) => cells.join(' | ')),
    `task (run p50/p95) | ${sides.map(([version]) => `v${version}`).join(' | ')}`,
    ...rows,
  ];
}

/** Compares two executions, side by side. */
export function differenceLines(executions: readonly Execution[], differences: readonly TaskDifference[]): string[] {
  const heads = executions.map(
    ({ workflowId, workflowName, workflowVersion, status }, index) =>
      `${index === 0 ? 'A' : 'B'}: ${quoteIfUnusual(workflowName)} v${workflowVersion} ${workflowId} ${status}`,
  );
  const rows = differences.slice(0, SHOWN_DIFFERENCES).map(({ ref, type, sides: [a, b] }) => {
    const change = a && b ? signed(b.ms - a.ms) : '-';
    return [quoteIfUnusual(ref), quoteIfUnusual(type), sideText(a), sideText(b), change].join(' | ');
  });
  const hidden = differences.length - rows.length;
  return [
    ...heads,
    'task | type | A | B | B - A',
    ...rows,
    ...(hidden > 0 ? [`… and ${hidden} more tasks, each with a smaller difference.`] : []),
  ];
}

function sideText(side: TaskDifference['sides'][number]): string {
  if (!side) return 'not in this execution';
  const attempts = side.attempts > 1 ? `, ${side.attempts} attempts` : '';
  const wait = side.waitMs >= 100 ? ` (${duration(side.waitMs)} of it waiting)` : '';
  return `${side.status} ${duration(side.ms)}${wait}${attempts}`;
}

function signed(ms: number): string {
  return `${ms < 0 ? '-' : '+'}${duration(Math.abs(ms))}`;
}
