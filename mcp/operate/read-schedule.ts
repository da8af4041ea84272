import type { Conductor, ScheduleRun } from '../../core/conductor/api.ts';
import type { ScheduleDef } from '../../core/conductor/types.ts';
import { orUndefined } from '../../core/errors.ts';
import { clip, instant } from '../../core/text.ts';

const REASON_LIMIT = 200;

/** A schedule, when it fires next, and how it went. Times are instants such as `2026-12-01T09:00:00Z`. */
export type ScheduleSeen = {
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

/** Reads a schedule with its `next` next firings and its `last` last ones. */
export async function readSchedule(
  conductor: Conductor,
  schedule: ScheduleDef,
  shown: { next: number; last: number },
): Promise<ScheduleSeen> {
  const { name, cronExpression, zoneId, paused, startWorkflowRequest: start } = schedule;
  const runs = isPlain(name) ? await conductor.scheduleRuns([name], shown.last) : [];
  const { scheduleStamp } = await import('../../workflows/manage/stamp.ts');
  const fleet = scheduleStamp(schedule)?.fleet;
  return {
    name,
    workflow: start?.name ?? '',
    ...(typeof start?.version === 'number' && { version: start.version }),
    cron: cronExpression ?? '',
    zone: zoneId ?? 'UTC',
    paused,
    next: paused ? [] : await nextOf(conductor, schedule, shown.next),
    last: await Promise.all(runs.map((run) => resultOf(conductor, run))),
    ...(fleet !== undefined && { managedBy: fleet }),
  };
}

/** True for a name that the server's search query can hold. */
function isPlain(name: string): boolean {
  return /^[\w.:@ -]{1,255}$/.test(name);
}

/** The next firings. If the server cannot read the expression, there are none: it stores the schedule but never fires it. */
async function nextOf(conductor: Conductor, schedule: ScheduleDef, most: number): Promise<string[]> {
  const { nextFirings } = await import('../../workflows/manage/next-firings.ts');
  try {
    return (await nextFirings(conductor, schedule.name, schedule, most)).map(instant);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'config') return [];
    throw error;
  }
}

async function resultOf(conductor: Conductor, run: ScheduleRun): Promise<ScheduleSeen['last'][number]> {
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
