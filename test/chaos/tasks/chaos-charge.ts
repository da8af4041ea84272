import { z } from 'zod';
import { defineTask } from '../../../core/contract.ts';
import { once } from '../../../workers/effects/once.ts';
import { answerOf, deliver, ledger } from '../effects.ts';

const receipt = z.object({ charge: z.int() });

export default defineTask({
  name: 'chaos_charge',
  description: 'Calls a service with an idempotency key, so the effect happens exactly once.',
  input: z.object({ n: z.int(), workMs: z.int() }),
  output: receipt.extend({ answer: z.int() }),
  retryCount: 100,
  retryLogic: 'FIXED',
  retryDelaySeconds: 1,
  responseTimeoutSeconds: 8,
}).worker(async ({ n, workMs }, context) => {
  const { settings, signal } = context;
  const charge = () =>
    once(ledger(context), context, 'charge', async ({ key, again }) => {
      const headers = { 'idempotency-key': key, 'x-again': String(again) };
      const response = await fetch(`${settings.shopUrl}/charge`, { method: 'POST', headers, signal });
      if (!response.ok) throw new Error(`answered ${response.status}`);
      return receipt.parse(await response.json());
    });
  return { answer: answerOf(n), ...(await deliver(context, workMs, charge)) };
});
