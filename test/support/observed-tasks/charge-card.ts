import { z } from 'zod';
import { defineTask } from '../../../core/contract.ts';

/** A worker whose input and output must never appear in a log, a span or a metric. */
export default defineTask({
  name: 'charge_card',
  description: 'Charges a card, or fails if its input says so.',
  input: z.object({ card: z.string(), fail: z.boolean().default(false) }),
  output: z.object({ receipt: z.string() }),
}).worker(async ({ card, fail }, { log }) => {
  log.info('charging');
  if (fail) throw new RangeError('the bank says no');
  return { receipt: `receipt of ${card}` };
});
