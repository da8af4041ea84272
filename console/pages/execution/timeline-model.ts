import type { Attempt, ExecutionDetail } from '../../shared/execution-detail.ts';

/** Distances between the marks of the time axis, in milliseconds. */
const STEPS = [
  ...[10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000],
  ...[1_800_000, 3_600_000, 7_200_000, 21_600_000, 86_400_000, 604_800_000],
];
const MOST_TICKS = 6;
/** The axis is at least so long, so that one fast task does not look like a long one. */
const SHORTEST_MS = 50;
/** Space after the end. */
const MARGIN = 1.02;

export const isOpen = ({ status }: Pick<Attempt, 'status'>) => status === 'SCHEDULED' || status === 'IN_PROGRESS';

/** The phases of an attempt, as times. Each begins where the one before ends. */
export interface Phases {
  readonly scheduled: number;
  /** When workers may take it. */
  readonly due: number;
  readonly started: number;
  readonly until: number;
}

/** The phases of an attempt. The phase that has not ended lasts until now. */
export function phasesOf(task: Attempt, now: number): Phases {
  const until = task.end || (isOpen(task) ? now : task.scheduled);
  const started = Math.max(task.scheduled, task.start || until);
  const due = Math.min(started, task.scheduled + task.delay);
  return { scheduled: task.scheduled, due, started, until: Math.max(started, until) };
}

/** The attempts of one task. */
export interface TimelineRow {
  readonly ref: string;
  readonly attempts: readonly Attempt[];
  readonly last: Attempt;
}

/** One row for each task, in the order in which they were scheduled. */
export function rowsOf(tasks: readonly Attempt[]): TimelineRow[] {
  const byRef = Map.groupBy(tasks, ({ ref }) => ref);
  const rows = [...byRef].flatMap(([ref, attempts]) => {
    const last = attempts.at(-1);
    return last ? [{ ref, attempts, last }] : [];
  });
  return rows.sort((a, b) => (a.attempts[0]?.scheduled ?? 0) - (b.attempts[0]?.scheduled ?? 0));
}

/** The time axis. */
export interface Axis {
  /** The place of a time, in percent. */
  at(time: number): number;
  /** Marks, in milliseconds after the start. */
  readonly ticks: readonly number[];
}

export function axisOf({ start, end }: Pick<ExecutionDetail, 'start' | 'end'>, now: number): Axis {
  const span = Math.max(SHORTEST_MS, (end || now) - start) * MARGIN;
  const step = STEPS.find((one) => span / one <= MOST_TICKS) ?? span;
  return {
    at: (time) => Math.max(0, Math.min(100, (100 * (time - start)) / span)),
    ticks: Array.from({ length: Math.floor(span / step) + 1 }, (_, index) => index * step),
  };
}

/** The task that the page shows when it opens: the task of the diagnosis, else an open task, else the last task. */
export function firstChoice({ tasks, diagnosis }: Pick<ExecutionDetail, 'tasks' | 'diagnosis'>): Attempt | undefined {
  return tasks.findLast(({ ref }) => ref === diagnosis.ref) ?? tasks.findLast(isOpen) ?? tasks.at(-1);
}
