import { defineTask, z } from 'conductor-fleet';
import { movedMoreThan } from '../shared/moved-more-than.ts';

export default defineTask({
  name: 'assess_price_change',
  description:
    'Decides whether a price has moved by more than a threshold since the last close. A move of exactly the threshold is not an alert.',
  input: z.object({
    previousClose: z.number().positive(),
    price: z.number().nonnegative(),
    /** In percent of the last close. */
    threshold: z.number().nonnegative(),
  }),
  output: z.object({
    verdict: z.enum(['alert', 'log']),
    /** In percent, rounded to four decimals. The verdict uses the exact value. */
    changePercent: z.number(),
  }),
}).worker(async ({ previousClose, price, threshold }) => ({
  verdict: movedMoreThan(threshold, previousClose, price) ? 'alert' : 'log',
  changePercent: Math.round(((price - previousClose) / previousClose) * 1_000_000) / 10_000,
}));
