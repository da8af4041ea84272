import { z } from 'zod';
import { inParallel } from '../../core/in-parallel.ts';
import { count } from '../../core/text.ts';
import { defineTool } from '../engine/define-tool.ts';
import { readSchedule, type ScheduleSeen } from '../operate/read-schedule.ts';
import { jsonObject } from '../shared/fields.ts';
import { callOf, quote, quoteIfUnusual } from '../shared/quote.ts';

const SHOWN = { next: 3, last: 3 };
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
  const rows = await inParallel(all.slice(0, limit), AT_ONCE, (schedule) => readSchedule(conductor, schedule, SHOWN));
  const filter = { ...(name && { name }), ...(workflowName && { workflowName }) };
  const more =
    all.length > limit && limit < 100 ? [`More: ${callOf('list_schedules', { ...filter, limit: 100 })}`] : [];
  const text =
    rows.length === 0
      ? `There are no schedules${name || workflowName ? ' with this name or workflow' : ''}.`
      : [`${rows.length} of ${count(all.length, 'schedule')}, by name:`, ...rows.map(lineOf), ...more].join('\n');
  return { text, structured: { schedules: rows, total: all.length } };
});

function lineOf({ name, workflow, version, cron, zone, paused, next, last, managedBy }: ScheduleSeen): string {
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
