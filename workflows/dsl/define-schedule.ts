import type { z } from 'zod';
import type { Schedule, Workflow } from '../../core/contract.ts';
import { FleetError } from '../../core/errors.ts';
import { count } from '../../core/text.ts';
import { zodSentences } from '../../core/zod-sentences.ts';

export interface ScheduleSpec<I extends z.ZodType> {
  /** Unique on the server; the file is named after it. */
  name: string;
  description: string;
  /** What it starts, in the version that is registered with it. */
  workflow: Workflow<I>;
  input: NoInfer<z.input<I>>;
  /** Six fields, seconds first: `0 30 18 * * MON-FRI` is 18:30 on weekdays. */
  cron: string;
  /** A zone of the IANA database, e.g. `Europe/Paris`. Default `UTC`. */
  zone?: string;
  /** Registered without firing until somebody resumes it. Default false. */
  paused?: boolean;
  /** Whether firings that were missed while the server was down are made up for. Default false. */
  catchUp?: boolean;
}

/**
 * A workflow started at certain times.
 * @throws FleetError `config` if the cron expression has not six fields, the zone is unknown or the input does not fit the workflow: the
 * server stores a schedule without a look at any of them, and it never fires
 */
export function defineSchedule<I extends z.ZodType>(spec: ScheduleSpec<I>): Schedule {
  const { name, description, workflow, cron, zone = 'UTC', paused = false, catchUp = false } = spec;
  const place = `Schedule ${name}`;
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
        ? `Conductor's first field is the second: write "0 ${cron.trim()}" for the start of the minute.`
        : 'Write second, minute, hour, day of month, month and day of week.',
    },
  );
}

/** The server compares zones letter by letter, `Intl` does not. */
function checkZone(place: string, zone: string): void {
  try {
    const known = new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone;
    if (known.toLowerCase() !== zone.toLowerCase() || known === zone) return;
    throw new FleetError('config', `${place}: the zone "${zone}" is written "${known}".`);
  } catch (error) {
    if (error instanceof FleetError) throw error;
    throw new FleetError('config', `${place}: there is no zone "${zone}".`, {
      remedy: 'Name one of the IANA database, e.g. Europe/Paris.',
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
  return JSON.parse(JSON.stringify(input)) as Record<string, unknown>; // what the server will be sent
}
