import { isDeepStrictEqual } from 'node:util';
import { Cron } from 'croner';
import type { Conductor } from '../../core/conductor/api.ts';
import { FleetError } from '../../core/errors.ts';

/**
 * Returns the next firings of a schedule, in epoch milliseconds.
 *
 * The server's own preview works in UTC only, so croner computes the times for other zones. These times are returned only if croner's times
 * for UTC agree with the server's. The reason: croner and the server (Spring's `CronExpression`) read a few forms differently, namely
 * `L-3`, `31W`, a step in the day of week, and a step longer than its field.
 * @returns an empty list if the schedule never fires, or if its times cannot be computed
 * @throws FleetError `config` if the server cannot read the expression. The server would store such an expression without an error.
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
  // The server leaves out a firing whose time passed before it answered.
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
 * The first times after `after` at which a cron expression fires in a zone, as the server reads it. In epoch milliseconds.
 * @returns an empty list for an expression or a zone that croner cannot read
 */
export function firingsOf(cron: string, zone: string, after: number, limit: number): number[] {
  const fields = MACROS[cron.trim().toLowerCase()] ?? cron.trim();
  // When clocks change, the server skips a time that does not exist, and fires twice at a time that occurs twice. croner does
  // the same only if a field has a step. So this adds the step 1 to the seconds.
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
