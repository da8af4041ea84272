import { createHash } from 'node:crypto';
import { z } from 'zod';
import { FleetError } from '../../core/errors.ts';
import type { Elicitation } from '../engine/elicitation.ts';

const answer = z.object({ confirm: z.boolean().describe('Yes, do it') });

/**
 * Asks the person at the client whether something may be done, and returns whether they could be asked. The answer counts for this
 * `subject` alone.
 * @throws FleetError `cancelled` if they say no, or do not want to say
 */
export async function askPerson(
  { elicit }: Pick<Elicitation, 'elicit'>,
  subject: string,
  { message, refused }: { message: string; refused: string },
): Promise<boolean> {
  const key = `confirm-${createHash('sha256').update(`${subject}\n${message}`).digest('hex').slice(0, 16)}`;
  const said = await elicit(key, { message, requestedSchema: answer });
  if (said === undefined) return false;
  if (said.action === 'accept' && said.content.confirm) return true;
  throw new FleetError('cancelled', refused, {
    remedy: 'Ask the person what to do instead; do not make the call again unasked.',
  });
}
