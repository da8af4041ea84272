import type { Conductor } from '../../core/conductor/api.ts';
import { FleetError } from '../../core/errors.ts';
import { firingsOf } from './cron.ts';

/**
 * When a schedule fires next, epoch milliseconds; empty if never. The server's own preview knows no zones, so that for another zone than
 * UTC the times are worked out here, provided that for UTC they come to what the server says; otherwise they are left out.
 * @throws FleetError `config` if the server cannot read the expression, which it would store all the same
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
  const ofServer = await ask(conductor, name, cron, limit);
  if (zone === 'UTC') return ofServer;
  const first = ofServer[0];
  const ofOurs = firingsOf(cron, 'UTC', asked, limit + 1);
  const agreed = first !== undefined && ofServer.every((time) => ofOurs.includes(time));
  return agreed ? firingsOf(cron, zone, asked, limit) : [];
}

async function ask(conductor: Conductor, name: string, cron: string, limit: number): Promise<number[]> {
  try {
    return await conductor.nextFirings(cron, limit);
  } catch (cause) {
    if (!(cause instanceof FleetError) || !/cron/i.test(cause.message)) throw cause;
    throw new FleetError('config', `Schedule ${name}: the server cannot read the cron expression "${cron}".`, {
      remedy: 'It has six fields: second, minute, hour, day of month, month, day of week. Nothing was written.',
      cause,
    });
  }
}
