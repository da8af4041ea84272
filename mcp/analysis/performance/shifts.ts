import type { Conductor } from '../../../core/conductor/api.ts';
import { duration, instant } from '../../../core/text.ts';
import { scanRows } from '../../shared/execution-search.ts';
import { quoteIfUnusual } from '../../shared/quote.ts';
import { type Percentiles, type Totals, totalsOf } from './figures.ts';
import { percent } from './report-lines.ts';

const SHOWN = 15;
/** A median that changed by less than this share counts as unchanged. */
const SAME = 0.1;

/** The executions of one workflow before and after a moment. */
export interface Shift {
  readonly workflow: string;
  readonly before: Totals;
  readonly after: Totals;
  /** The median duration after the moment, divided by the median before. Undefined if one of them is unknown. */
  readonly factor: number | undefined;
}

export interface Shifts {
  readonly shifts: readonly Shift[];
  /** False if there were too many executions to read them all. */
  readonly isWhole: boolean;
}

/** Compares all workflows, or one, before and after a moment. The most slowed down is first. Times are epoch milliseconds. */
export async function readShifts(
  conductor: Pick<Conductor, 'searchExecutions'>,
  { from, since, workflowName }: { from: number; since: number; workflowName?: string | undefined },
): Promise<Shifts> {
  const of = workflowName === undefined ? '' : `workflowType=${workflowName} AND `;
  const [before, after] = await Promise.all([
    scanRows(conductor, { query: `${of}startTime>${from} AND startTime<${since + 1}` }),
    scanRows(conductor, { query: `${of}startTime>${since}` }),
  ]);
  const names = new Set([...before.rows, ...after.rows].map(({ workflowType }) => workflowType));
  const shifts = [...names].map((workflow): Shift => {
    const [was, is] = [before, after].map(({ rows }) => totalsOf(rows.filter((row) => row.workflowType === workflow)));
    const [old, now] = [was?.duration?.p50, is?.duration?.p50];
    const factor = old !== undefined && now !== undefined && old > 0 ? now / old : undefined;
    return { workflow, before: was ?? totalsOf([]), after: is ?? totalsOf([]), factor };
  });
  return {
    shifts: shifts.sort((a, b) => (b.factor ?? 0) - (a.factor ?? 0) || (a.workflow < b.workflow ? -1 : 1)),
    isWhole: before.isWhole && after.isWhole,
  };
}

/** A table of the workflows, below a sentence that names those that became slower. */
export function shiftLines({ shifts, isWhole }: Shifts, since: number): string[] {
  if (shifts.length === 0) return ['No execution started in this time.'];
  const slower = shifts.filter(({ factor }) => factor !== undefined && factor > 1 + SAME);
  const names = slower.slice(0, SHOWN).map(({ workflow }) => quoteIfUnusual(workflow));
  return [
    names.length > 0
      ? `Slower since ${instant(since)}: ${names.join(', ')}.`
      : `No workflow is slower since ${instant(since)}.`,
    'workflow | executions before → since | succeeded | p50 | p95 | median duration',
    ...shifts.slice(0, SHOWN).map(lineOf),
    ...(shifts.length > SHOWN ? [`… and ${shifts.length - SHOWN} more workflows, less slowed down.`] : []),
    ...(isWhole ? [] : ['There were too many executions to read all: the newest of each side are counted.']),
  ];
}

function lineOf({ workflow, before, after, factor }: Shift): string {
  const change =
    factor === undefined
      ? '-'
      : Math.abs(factor - 1) <= SAME
        ? 'about the same'
        : `${Math.round(Math.abs(factor - 1) * 100)} % ${factor > 1 ? 'longer' : 'shorter'}`;
  const both = (value: (totals: Totals) => string) => `${value(before)} → ${value(after)}`;
  const time = (pick: (durations: Percentiles) => number) =>
    both(({ duration: durations }) => (durations ? duration(pick(durations)) : '-'));
  return [
    quoteIfUnusual(workflow),
    both(({ executions }) => String(executions)),
    both(({ successRate }) => percent(successRate)),
    time(({ p50 }) => p50),
    time(({ p95 }) => p95),
    change,
  ].join(' | ');
}
