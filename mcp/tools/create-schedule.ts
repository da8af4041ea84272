import { z } from 'zod';
import type { Conductor } from '../../core/conductor/api.ts';
import { checkInput } from '../../core/conductor/start-checked.ts';
import type { ScheduleDef } from '../../core/conductor/types.ts';
import { FleetError, orUndefined } from '../../core/errors.ts';
import { unreachableName } from '../../core/names.ts';
import { instant } from '../../core/text.ts';
import { defineTool } from '../engine/define-tool.ts';
import { definitionVersion, jsonObject, workflowName } from '../shared/fields.ts';
import { findWorkflow } from '../shared/find-workflow.ts';
import { callOf, quote, quoteIfUnusual } from '../shared/quote.ts';

const NEXT = 5;

export default defineTool({
  name: 'create_schedule',
  title: 'Create or change a schedule',
  description:
    'Has a workflow run by itself (cron), such as every Monday. Creates a schedule or overwrites it, after it has checked the workflow, input, cron and zone.',
  toolset: 'schedules',
  permission: 'workflows:write',
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
  input: z.strictObject({
    name: z
      .string()
      .refine(isScheduleName, 'must have 1 to 255 characters, not be "." or "..", and contain no "/" or "\\"')
      .describe('Name of the schedule, without / and \\'),
    workflowName: workflowName.describe('Whole name of the workflow to start'),
    version: definitionVersion.optional().describe('Default: the highest at each start'),
    input: jsonObject.default({}).describe('Input of each start'),
    cron: z.string().min(1).max(200).describe('6 fields, seconds first: 0 0 9 * * MON-FRI'),
    zone: z.string().min(1).max(64).default('UTC').describe('Time zone, e.g. Europe/Paris'),
    description: z.string().max(500).optional().describe('What it is for'),
    correlationId: z.string().max(255).optional().describe('Correlation id of each execution that it starts'),
    paused: z.boolean().default(false).describe('Create it paused'),
  }),
  output: z.object({
    name: z.string(),
    isNew: z.boolean(),
    next: z.array(z.string()),
    zone: z.string(),
    paused: z.boolean(),
  }),
}).handler(async (args, context) => {
  const { conductor, allows } = context;
  if (!allows('workflows:execute')) {
    throw new FleetError('denied', 'A schedule starts workflows, so you also need the permission workflows:execute.', {
      remedy: `See what you may do: ${callOf('get_my_permissions', {})}`,
    });
  }
  const { name, workflowName: workflow, version, cron, zone, paused } = args;
  const def = await findWorkflow({ name: workflow, version }, context.definitions);
  const input = checkInput(def, args.input);
  const next = await firingsOf(conductor, name, cron, zone);
  const existing = await orUndefined(conductor.getSchedule(name));
  if (existing) await refuseManaged(existing);
  const schedule: ScheduleDef = {
    name,
    ...(args.description && { description: args.description }),
    cronExpression: cron,
    zoneId: zone,
    paused,
    runCatchupScheduleInstances: false,
    startWorkflowRequest: {
      name: def.name,
      ...(version !== undefined && { version }),
      input,
      ...(args.correlationId && { correlationId: args.correlationId }),
    },
  };
  await conductor.putSchedule(schedule);
  const times = next.map(instant);
  const when =
    times.length > 0
      ? `it fires ${times.join(', ')} (UTC)`
      : 'the next firing cannot be computed for this expression in this zone';
  const state = paused
    ? `The schedule is paused. Resume it: ${callOf('change_schedule', { name, action: 'resume' })}. After that, ${when}`
    : `The schedule is active: ${when}`;
  return {
    text: [
      `${existing ? 'Overwrote' : 'Created'} schedule ${quoteIfUnusual(name)}. It starts ${quoteIfUnusual(workflow)}${version === undefined ? ' in its latest version' : ` v${version}`} at ${quote(cron)} in ${quoteIfUnusual(zone)}.`,
      `${state}.`,
      `See its firings: ${callOf('list_schedules', { name })}`,
    ].join('\n'),
    structured: { name, isNew: !existing, next: times, zone, paused },
  };
});

function isScheduleName(name: string): boolean {
  return name !== '' && name.length <= 255 && unreachableName(name) === undefined;
}

/** @throws FleetError `input` for a zone or an expression that the server would store but never fire */
async function firingsOf(conductor: Conductor, name: string, cron: string, zone: string): Promise<number[]> {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
  } catch (cause) {
    throw new FleetError('input', `${quote(zone, 64)} is not a time zone.`, {
      remedy: 'Use an IANA name, such as Europe/Paris or America/New_York.',
      cause,
    });
  }
  const { nextFirings } = await import('../../workflows/manage/next-firings.ts');
  try {
    return await nextFirings(conductor, name, { cronExpression: cron, zoneId: zone }, NEXT);
  } catch (cause) {
    if (!(cause instanceof FleetError && cause.code === 'config')) throw cause;
    throw new FleetError(
      'input',
      `The server cannot read the cron expression ${quote(cron, 200)}. Nothing was written.`,
      {
        remedy: 'It has six fields: second, minute, hour, day of month, month, day of week, as in 0 0 9 * * MON-FRI.',
        cause,
      },
    );
  }
}

/** Refuses to change a schedule that is defined in code, because the next registration would undo the change. */
async function refuseManaged(existing: ScheduleDef): Promise<void> {
  const { scheduleStamp } = await import('../../workflows/manage/stamp.ts');
  const fleet = scheduleStamp(existing)?.fleet;
  if (fleet === undefined) return;
  throw new FleetError(
    'conflict',
    `The fleet ${quoteIfUnusual(fleet)} defines schedule ${quoteIfUnusual(existing.name)} in code, so this tool does not change it.`,
    {
      remedy: `Use another name, or ask the person who owns that code to change it and run \`fleet apply\`. To pause this schedule: ${callOf('change_schedule', { name: existing.name, action: 'pause' })}`,
    },
  );
}
