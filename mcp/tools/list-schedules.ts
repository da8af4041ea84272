import { z } from 'zod';
import type { Conductor, ScheduleRun } from '../../core/conductor/api.ts';
import type { ScheduleDef } from '../../core/conductor/types.ts';
import { orUndefined } from '../../core/errors.ts';
import { inParallel } from '../../core/in-parallel.ts';
import { clip, count, instant } from '../../core/text.ts';
import { defineTool } from '../engine/define-tool.ts';
import { jsonObject } from '../shared/fields.ts';
import { callOf, quote, quoteIfUnusual } from '../shared/quote.ts';

const NEXT = 3;
const LAST = 3;
const REASON_LIMIT = 200;
const AT_ONCE = 4;

export default defineTool({
  name: 'list_schedules',
  title: 'List schedules',
  description:
    'Lists the schedules (cron jobs, timers) by which workflows start by themselves: cron and zone, next times, and how earlier ones went.',
  toolset: 'schedules',
  permission: 'workflows:read',
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input: z.strictObject({
    name: z.string().min(1).max(255).optional().describe('Only the schedule of this name'),
    workflowName: z.string().min(1).max(255).optional().describe('Only of this workflow'),
    limit: z.int().min(1).max(100).default(20).describe('Most schedules to list'),
  }),
  output: z.object({
    /** `name`, `workflow`, `version`, `cron`, `zone`, `paused`, `next`, `last` (`at`, `state`, `executionId`, `status`, `reason`), `managedBy`. */
    schedules: z.array(jsonObject),
    total: z.int(),
  }),
}).handler(async ({ name, workflowName, limit }, { conductor }) => {
  const all = (await conductor.listSchedules())
    .filter((one) => name === undefined || one.name === name)
    .filter((one) => workflowName === undefined || one.startWorkflowRequest?.name === workflowName)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const rows = await inParallel(all.slice(0, limit), AT_ONCE, (schedule) => rowOf(conductor, schedule));
  const filter = { ...(name && { name }), ...(workflowName && { workflowName }) };
  const more =
    all.length > limit && limit < 100 ? [`More: ${callOf('list_schedules', { ...filter, limit: 100 })}`] : [];
  const text =
    rows.length === 0
      ? `There are no schedules${name || workflowName ? ' with this name or workflow' : ''}.`
      : [`${rows.length} of ${count(all.length, 'schedule')}, by name:`, ...rows.map(lineOf), ...more].join('\n');
  return { text, structured: { schedules: rows, total: all.length } };
});

type Row = {
  name: string;
  workflow: string;
  version?: number;
  cron: string;
  zone: string;
  paused: boolean;
  next: string[];
  last: { at: string; state: string; executionId?: string; status?: string; reason?: string }[];
  managedBy?: string;
};

async function rowOf(conductor: Conductor, schedule: ScheduleDef): Promise<Row> {
  const { name, cronExpression, zoneId, paused, startWorkflowRequest: start } = schedule;
  const runs = isPlain(name) ? await conductor.scheduleRuns([name], LAST) : [];
  const { scheduleStamp } = await import('../../workflows/manage/stamp.ts');
  const fleet = scheduleStamp(schedule)?.fleet;
  return {
    name,
    workflow: start?.name ?? '',
    ...(typeof start?.version === 'number' && { version: start.version }),
    cron: cronExpression ?? '',
    zone: zoneId ?? 'UTC',
    paused,
    next: paused ? [] : await nextOf(conductor, schedule),
    last: await Promise.all(runs.map((run) => resultOf(conductor, run))),
    ...(fleet !== undefined && { managedBy: fleet }),
  };
}

/** True for a name that the server's search query can hold. */
function isPlain(name: string): boolean {
  return /^[\w.:@ -]{1,255}$/.test(name);
}

/** The next firings. If the server cannot read the expression, there are none: it stores the schedule but never fires it. */
async function nextOf(conductor: Conductor, schedule: ScheduleDef): Promise<string[]> {
  const { nextFirings } = await import('../../workflows/manage/next-firings.ts');
  try {
    return (await nextFirings(conductor, schedule.name, schedule, NEXT)).map(instant);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'config') return [];
    throw error;
  }
}

async function resultOf(conductor: Conductor, run: ScheduleRun): Promise<Row['last'][number]> {
  const { scheduledTime, state, workflowId, reason } = run;
  const execution = workflowId
    ? await orUndefined(conductor.getExecution(workflowId, { includeTasks: false }))
    : undefined;
  return {
    at: instant(scheduledTime),
    state,
    ...(workflowId && { executionId: workflowId }),
    ...(execution && { status: execution.status }),
    ...(reason && { reason: clip(reason, REASON_LIMIT) }),
  };
}

function lineOf({ name, workflow, version, cron, zone, paused, next, last, managedBy }: Row): string {
  const runs = last.map(
    ({ at, state, executionId, status, reason }) =>
      `${at} ${status ?? state}${executionId ? ` ${executionId}` : ''}${reason ? ` ${quote(reason)}` : ''}`,
  );
  return [
    quoteIfUnusual(name),
    `${quoteIfUnusual(workflow)}${version === undefined ? ', latest version' : ` v${version}`}`,
    `${quote(cron, 100)} ${quoteIfUnusual(zone)}`,
    paused ? 'paused' : next.length > 0 ? `next ${next.join(', ')}` : 'next firing unknown',
    runs.length > 0 ? `last ${runs.join('; ')}` : 'has not fired yet',
    ...(managedBy === undefined ? [] : [`kept in code by fleet ${quoteIfUnusual(managedBy)}`]),
  ].join(' | ');
}
