import { isDeepStrictEqual } from 'node:util';
import { Cron } from 'croner';
import type { Conductor } from '../../core/conductor/api.ts';
import { FleetError } from '../../core/errors.ts';

/**
 * When a schedule fires next, in epoch milliseconds.
 *
 * The server's own preview works in UTC only. For another zone the times are computed here. They are returned only if the same
 * computation for UTC agrees with the server, because croner and the server (Spring's `CronExpression`) read a few forms
 * differently: `L-3`, `31W`, a step in the day of week, a step longer than its field.
 * @returns an empty list if the schedule never fires, or if its times cannot be computed
 * @throws FleetError `config` if the server cannot read the expression, which it would store without an error
 */
export async function nextFirings(
  conductor: Conductor,
  name: string,
  { cronExpression, zoneId }: Record<string, unknown>,
  limit: number,
): Promise<number[]> {
  const cron = String(cronExpression);
  const zone = typeof zoneId === 'string' ? zoneId : 'UTC';
  const asked = Date.now();
  const fromServer = await askServer(conductor, name, cron, limit);
  if (zone === 'UTC' || fromServer.length === 0) return fromServer;
  const answered = Date.now();
  // The server may have left out a firing that passed while it was asked.
  const computed = firingsOf(cron, 'UTC', asked, limit + 1).filter((t) => t > answered || fromServer.includes(t));
  const agrees = isDeepStrictEqual(computed.slice(0, fromServer.length), fromServer);
  return agrees ? firingsOf(cron, zone, asked, limit) : [];
}

async function askServer(conductor: Conductor, name: string, cron: string, limit: number): Promise<number[]> {
  try {
    return await conductor.nextFirings(cron, limit);
  } catch (cause) {
    if (!(cause instanceof FleetError) || !/cron/i.test(cause.message)) throw cause;
    throw new FleetError('config', `Schedule ${name}: the server cannot read the cron expression "${cron}".`, {
      remedy: 'Write six fields: second, minute, hour, day of month, month, day of week. Nothing was written.',
      cause,
    });
  }
}

const MACROS: Readonly<Record<string, string>> = {
  '@yearly': '0 0 0 1 1 *',
  '@annually': '0 0 0 1 1 *',
  '@monthly': '0 0 0 1 * *',
  '@weekly': '0 0 0 * * 0',
  '@daily': '0 0 0 * * *',
  '@midnight': '0 0 0 * * *',
  '@hourly': '0 0 * * * *',
};

/**
 * The first times after `after` at which the server fires a cron expression in a zone, in epoch milliseconds.
 * @returns an empty list for an expression or a zone that croner cannot read
 */
export function firingsOf(cron: string, zone: string, after: number, limit: number): number[] {
  const fields = MACROS[cron.trim().toLowerCase()] ?? cron.trim();
  // For a single time of day croner follows Vixie cron where clocks change. The server never does: it skips a time that does not exist and
  // fires twice at a time that exists twice. croner does the same if a field has a step, so the field of the seconds gets one.
  const withStep = fields.replace(/^(\d+)(?=\s)/, '$1-$1/1');
  try {
    const job = new Cron(withStep, {
      mode: '6-part',
      domAndDow: true,
      sloppyRanges: true,
      timezone: zone,
      paused: true,
    });
    return job.nextRuns(limit, new Date(after)).map((time) => time.getTime());
  } catch {
    return [];
  }
}
