import { z } from 'zod';
import { defineTask } from '../../../core/contract.ts';
import { onceInside } from '../../../workers/effects/once.ts';
import { answerOf, deliver, insertEffect, ledger } from '../effects.ts';

export default defineTask({
  name: 'chaos_book',
  description: 'Writes a row in the database of the ledger, so the effect happens exactly once.',
  input: z.object({ n: z.int(), workMs: z.int() }),
  output: z.object({ answer: z.int(), row: z.int(), pid: z.int() }),
  retryCount: 100,
  retryLogic: 'FIXED',
  retryDelaySeconds: 1,
  responseTimeoutSeconds: 6,
}).worker(async ({ n, workMs }, context) => {
  const book = () => onceInside(ledger(context), context, 'book', insertEffect(context));
  return { answer: answerOf(n), ...(await deliver(context, workMs, book)) };
});
