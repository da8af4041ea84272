import { createHash } from 'node:crypto';
import { z } from 'zod';
import { FleetError } from '../../core/errors.ts';
import type { Elicitation } from '../engine/elicitation.ts';

const answer = z.object({ confirm: z.boolean().describe('Yes, do it') });

/**
 * Asks the person at the client to confirm something. The answer is valid only for this `subject` and message.
 * @returns false if the client shows no forms
 * @throws FleetError `cancelled` if the person declines or dismisses the question
 */
export async function askPerson(
  { elicit }: Pick<Elicitation, 'elicit'>,
  subject: string,
  { message, refused }: { message: string; refused: string },
): Promise<boolean> {
  const key = `confirm-${createHash('sha256').update(`${subject}\n${message}`).digest('hex').slice(0, 32)}`;
  const said = await elicit(key, { message, requestedSchema: answer });
  if (said === undefined) return false;
  if (said.action === 'accept' && said.content.confirm) return true;
  throw new FleetError('cancelled', refused, {
    remedy: 'Ask the person what to do instead. Do not repeat the call without their consent.',
  });
}
