import { z } from 'zod';
import { inParallel } from '../../core/in-parallel.ts';
import { readSchedule, type ScheduleSeen } from '../../mcp/operate/read-schedule.ts';
import { defineTopic } from '../server/define-topic.ts';
import type { ScheduleList, ScheduleRow } from '../shared/schedules.ts';

const MOST = 100;
const SHOWN = { next: 8, last: 8 };
const AT_ONCE = 4;
/** The firings change seldom. A pause is seen at once. */
const KEPT_MS = 10_000;

export default defineTopic({
  name: 'schedules',
  permission: 'workflows:read',
  sameAs: ['list_schedules'],
  params: z.object({}),
  everyMs: () => 3000,
  isInUse: async ({ conductor }) => (await conductor.listSchedules()).length > 0,
}).reader(async (_params, { conductor, keep }): Promise<ScheduleList & Record<string, unknown>> => {
  const all = (await conductor.listSchedules()).sort((a, b) => (a.name < b.name ? -1 : 1));
  const rows = await inParallel(all.slice(0, MOST), AT_ONCE, (schedule) => {
    const mark = JSON.stringify([schedule.name, schedule.updatedTime, schedule.paused, schedule.cronExpression]);
    return keep(`schedule ${mark}`, KEPT_MS, () => readSchedule(conductor, schedule, SHOWN));
  });
  return { total: all.length, rows: rows.map(rowOf) };
});

function rowOf(seen: ScheduleSeen): ScheduleRow {
  const { name: id, workflow, version, cron, zone, paused, next, last, managedBy } = seen;
  return {
    ...{ id, workflow, cron, zone, paused },
    ...(version !== undefined && { version }),
    ...(managedBy !== undefined && { managedBy }),
    next: next.map((at) => Date.parse(at)),
    last: last.map(({ at, ...run }) => ({ ...run, at: Date.parse(at) })),
  };
}
