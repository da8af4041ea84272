import type { z } from 'zod';
import type { Schedule, Workflow } from '../../core/contract.ts';
import { FleetError } from '../../core/errors.ts';
import { jsonCopy } from '../../core/json.ts';
import { requireReachableName } from '../../core/names.ts';
import { zodSentences } from '../../core/schema/zod-sentences.ts';
import { count } from '../../core/text.ts';

/** A schedule: when it fires, and which workflow it starts with which input. */
export interface ScheduleSpec<I extends z.ZodType> {
  /** The name of the schedule, unique on the server. The file has the same name. */
  name: string;
  description: string;
  /** The workflow that the schedule starts, in the version that is registered with the schedule. */
  workflow: Workflow<I>;
  input: NoInfer<z.input<I>>;
  /** Six fields, seconds first: `0 30 18 * * MON-FRI` is 18:30 on weekdays. */
  cron: string;
  /** A time zone of the IANA database, e.g. `Europe/Paris`. Default `UTC`. */
  zone?: string;
  /** True: the schedule does not fire until you resume it. Default false. */
  paused?: boolean;
  /** True: the server makes up for firings that it missed while it was down. Default false. */
  catchUp?: boolean;
}

/**
 * Declares a schedule that starts a workflow at certain times.
 * @throws FleetError `config` if the cron expression does not have six fields, the zone is unknown or the input does not fit the workflow.
 * The server checks none of these: it would store the schedule, which would never fire.
 */
export function defineSchedule<I extends z.ZodType>(spec: ScheduleSpec<I>): Schedule {
  const { name, description, workflow, cron, zone = 'UTC', paused = false, catchUp = false } = spec;
  const place = `Schedule ${name}`;
  requireReachableName('schedule', name);
  checkCron(place, cron);
  checkZone(place, zone);
  const input = checkedInput(place, workflow, spec.input);
  return {
    kind: 'schedule',
    name,
    description,
    workflow,
    def: {
      name,
      description,
      cronExpression: cron.trim(),
      zoneId: zone,
      paused,
      runCatchupScheduleInstances: catchUp,
      startWorkflowRequest: { name: workflow.name, version: workflow.version, input },
    },
  };
}

function checkCron(place: string, cron: string): void {
  if (/^@(yearly|annually|monthly|weekly|daily|midnight|hourly)$/.test(cron)) return;
  const fields = cron.trim().split(/\s+/);
  if (fields.length === 6 && cron.trim() !== '') return;
  const five = fields.length === 5;
  throw new FleetError(
    'config',
    `${place}: the cron expression "${cron}" has ${count(fields.length, 'field')}, not six.`,
    {
      remedy: five
        ? `In Conductor, the first field is for the seconds. Write "0 ${cron.trim()}" to fire at the start of the minute.`
        : 'Write six fields: second, minute, hour, day of month, month and day of week.',
    },
  );
}

/** The server distinguishes upper and lower case in the name of a time zone; `Intl` does not. */
function checkZone(place: string, zone: string): void {
  try {
    const known = new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone;
    if (known.toLowerCase() !== zone.toLowerCase() || known === zone) return;
    throw new FleetError('config', `${place}: the time zone "${zone}" must be written "${known}".`);
  } catch (error) {
    if (error instanceof FleetError) throw error;
    throw new FleetError('config', `${place}: there is no time zone "${zone}".`, {
      remedy: 'Write a time zone of the IANA database, e.g. Europe/Paris.',
    });
  }
}

function checkedInput(place: string, workflow: Workflow, input: unknown): Record<string, unknown> {
  const parsed = workflow.input.safeParse(input);
  if (!parsed.success) {
    throw new FleetError(
      'config',
      `${place}: the input does not fit ${workflow.name}: ${zodSentences(parsed.error, input).join(' ')}`,
    );
  }
  return jsonCopy(input) as Record<string, unknown>; // the JSON that the server receives
}
