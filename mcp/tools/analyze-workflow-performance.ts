import { z } from 'zod';
import { runtimeOf } from '../../core/conductor/execution-facts.ts';
import type { Execution } from '../../core/conductor/types.ts';
import { FleetError } from '../../core/errors.ts';
import { count } from '../../core/text.ts';
import type { Percentiles, TaskFigures, Totals } from '../analysis/performance/figures.ts';
import { defineTool, type ToolAnswer, type ToolContext } from '../engine/define-tool.ts';
import { definitionVersion, executionId, workflowFilter } from '../shared/fields.ts';
import { orNoExecution } from '../shared/find-execution.ts';
import { nearNames } from '../shared/near-names.ts';
import { callOf, quoteIfUnusual } from '../shared/quote.ts';
import { epochMsOf, timeOrAge } from '../shared/times.ts';

const DAY_MS = 86_400_000;
const PROGRESS_EVERY_MS = 1000;
const STRUCTURED_TASKS = 10;
const STRUCTURED_WORKFLOWS = 15;

const input = z.strictObject({
  workflowName: workflowFilter.optional().describe('Whole name; without it, all workflows are compared'),
  lookbackDays: z.int().min(1).max(90).default(7).describe('Days to look back, 1 to 90'),
  since: timeOrAge.optional().describe('Compares the time since then with the days before: 2026-11-23, 7d'),
  version: definitionVersion.optional().describe('Only this version'),
  compareVersion: definitionVersion.optional().describe('A second version to compare with'),
  executionIds: z
    .array(executionId)
    .length(2)
    .optional()
    .describe('Instead: ids of two executions to compare, task by task'),
});
type Args = z.output<typeof input>;

const output = z.looseObject({
  executions: z.int().optional(),
  read: z.int().optional(),
  successRate: z.number().optional(),
  durationMs: z.looseObject({}).optional(),
  tasks: z.array(z.unknown()).optional(),
  trend: z.array(z.unknown()).optional(),
  versions: z.array(z.unknown()).optional(),
  workflows: z.array(z.unknown()).optional(),
});
type Answer = ToolAnswer<z.input<typeof output>>;

export default defineTool({
  name: 'analyze_workflow_performance',
  title: 'Analyze performance',
  description:
    'How fast (slow) and reliable a workflow is: success rate, average and p95 duration, bottlenecks (slowest and most failing tasks), trend; or compares two versions or two executions. Without workflowName: which of all workflows became slower since a moment.',
  toolset: 'executions',
  byDefault: true,
  permission: 'executions:read',
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input,
  output,
}).handler((args, context) => {
  const [left, right] = args.executionIds ?? [];
  if (left !== undefined && right !== undefined) return compareExecutions(left, right, context);
  if (args.since !== undefined || args.workflowName === undefined) return compareTimes(args, context);
  return analyze({ ...args, workflowName: args.workflowName }, context);
});

/** Which workflows are slower since a moment than in the days before it. Without `since`: in the last day. */
async function compareTimes({ workflowName, since = '1d', lookbackDays }: Args, context: ToolContext): Promise<Answer> {
  const { readShifts, shiftLines } = await import('../analysis/performance/shifts.ts');
  const moment = epochMsOf(since, Date.now());
  const found = await readShifts(context.conductor, {
    since: moment,
    from: moment - lookbackDays * DAY_MS,
    workflowName,
  });
  if (workflowName !== undefined && found.shifts.length === 0) await mustExist({ workflowName }, context);
  const [slowest] = found.shifts;
  const more = slowest && callOf('analyze_workflow_performance', { workflowName: slowest.workflow });
  return {
    text: [...shiftLines(found, moment), ...(more ? [`Where the time goes in the first one: ${more}`] : [])].join('\n'),
    structured: {
      workflows: found.shifts.slice(0, STRUCTURED_WORKFLOWS).map(({ workflow, before, after, factor }) => ({
        workflow,
        before: structureOf(before),
        after: structureOf(after),
        ...(factor !== undefined && { factor: Number(factor.toFixed(2)) }),
      })),
    },
  };
}

type Named = Args & { workflowName: string };

async function analyze(args: Named, context: ToolContext): Promise<Answer> {
  const { readSample } = await import('../analysis/performance/read-sample.ts');
  const { tasksOf, totalsOf, trendOf } = await import('../analysis/performance/figures.ts');
  const report = await import('../analysis/performance/report-lines.ts');
  const { workflowName, lookbackDays, version, compareVersion } = args;
  const now = Date.now();
  const since = now - lookbackDays * DAY_MS;
  const scope = { workflowName, since };
  const onProgress = readProgress(context);
  const sample = await readSample(context.conductor, { ...scope, version }, onProgress);
  if (sample.total === 0) await mustExist(args, context);
  const totals = totalsOf(sample.summaries);
  const tasks = tasksOf(sample.executions, now);
  const trend = trendOf(sample.summaries, since, now);
  const compared =
    compareVersion === undefined
      ? undefined
      : await readSample(context.conductor, { ...scope, version: compareVersion }, onProgress);
  const other =
    compared && ([compareVersion ?? 0, totalsOf(compared.summaries), tasksOf(compared.executions, now)] as const);
  const own = version ?? sample.summaries[0]?.version ?? 1;
  const byDays = report.isByDays(since, now);
  const head = `${quoteIfUnusual(workflowName)}${version ? ` v${version}` : ''}, last ${count(lookbackDays, 'day')}`;
  return {
    text: [
      `${head}; ${extentOf(sample.summaries.length, sample)}`,
      ...report.totalsLines(totals),
      ...report.byVersionLines(sample.summaries),
      ...report.taskLines(tasks),
      ...report.trendLines(trend, { byDays }),
      ...(other ? report.versionLines([[own, totals, tasks], other]) : []),
    ].join('\n'),
    structured: {
      ...structureOf(totals),
      read: sample.executions.length,
      tasks: tasks.slice(0, STRUCTURED_TASKS).map(taskOf),
      trend: trend.map(({ from, totals: part }) => ({ from: new Date(from).toISOString(), ...structureOf(part) })),
      ...(other && {
        versions: [[own, totals] as const, other].map(([v, part]) => ({ version: v, ...structureOf(part) })),
      }),
    },
  };
}

function extentOf(counted: number, { total, executions }: { total: number; executions: readonly Execution[] }): string {
  const all =
    counted < total ? `${counted} of ${total} executions are counted` : `all ${counted} executions are counted`;
  return `${all}, ${executions.length} of them read with their tasks.`;
}

/** Reports how much of a sample was read, at most once a second. */
function readProgress({ progress }: ToolContext): (read: number, of: number) => void {
  let next = performance.now() + PROGRESS_EVERY_MS;
  return (read, of) => {
    if (performance.now() < next) return;
    next = performance.now() + PROGRESS_EVERY_MS;
    progress({ progress: read, total: of, message: `read ${read} of ${count(of, 'execution')}` });
  };
}

async function mustExist(
  { workflowName: name }: Pick<Named, 'workflowName'>,
  { definitions }: ToolContext,
): Promise<void> {
  const names = [...(await definitions.index({ fresh: true })).keys()];
  if (names.includes(name)) return;
  const near = nearNames(name, names, 3).map(quoteIfUnusual).join(', ');
  throw new FleetError(
    'not-found',
    `No workflow ${quoteIfUnusual(name)} is registered, and no execution of it was found${near ? `; similar names: ${near}` : ''}.`,
    {
      remedy: `See all workflows: ${callOf('list_workflows', {})}`,
    },
  );
}

async function compareExecutions(left: string, right: string, { conductor }: ToolContext): Promise<Answer> {
  const { differencesOf } = await import('../analysis/performance/figures.ts');
  const { differenceLines } = await import('../analysis/performance/report-lines.ts');
  const [a, b] = await Promise.all([left, right].map((id) => orNoExecution(conductor.getExecution(id), id)));
  if (!a || !b) throw new Error('the server answered nothing'); // two ids give two executions
  const now = Date.now();
  const differences = differencesOf(a, b, now);
  const totals = [a, b].map((execution) => `${Math.round(runtimeOf(execution, now))} ms`);
  return {
    text: [`A took ${totals[0]} in all, B ${totals[1]}.`, ...differenceLines([a, b], differences)].join('\n'),
    structured: {
      executionIds: [left, right],
      durationMs: { a: runtimeOf(a, now), b: runtimeOf(b, now) },
      tasks: differences
        .slice(0, STRUCTURED_TASKS)
        .map(({ ref, type, sides: [one, two] }) => ({ ref, type, a: one, b: two })),
    },
  };
}

function structureOf({ executions, byStatus, successRate, duration }: Totals) {
  return {
    executions,
    byStatus,
    ...(successRate !== undefined && { successRate: Number(successRate.toFixed(4)) }),
    ...(duration && { durationMs: rounded(duration) }),
  };
}

function taskOf({ ref, type, attempts, failed, retries, wait, run }: TaskFigures) {
  return {
    ref,
    type,
    attempts,
    failed,
    retries,
    ...(wait && { waitMs: { p50: Math.round(wait.p50), p95: Math.round(wait.p95) } }),
    ...(run && { runMs: { p50: Math.round(run.p50), p95: Math.round(run.p95) } }),
  };
}

function rounded({ average, p50, p95, p99 }: Percentiles): Record<string, number> {
  const values = { average, p50, p95, p99 };
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Math.round(value)]));
}
