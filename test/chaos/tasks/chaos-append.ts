import { appendFileSync } from 'node:fs';
import { z } from 'zod';
import { defineTask } from '../../../core/contract.ts';
import { answerOf, deliver, files } from '../effects.ts';

export default defineTask({
  name: 'chaos_append',
  description: 'Appends a line to a file without the ledger, so the effect happens at least once.',
  input: z.object({ n: z.int(), workMs: z.int() }),
  output: z.object({ answer: z.int() }),
  retryCount: 100,
  retryLogic: 'FIXED',
  retryDelaySeconds: 1,
  responseTimeoutSeconds: 6,
}).worker(async ({ n, workMs }, context) => {
  const append = async () => appendFileSync(files.appended(context.settings.outputDir), `${context.idempotencyKey}\n`);
  await deliver(context, workMs / 2, async () => {
    await append();
    await new Promise((resolve) => setTimeout(resolve, workMs / 2));
  });
  return { answer: answerOf(n) };
});
