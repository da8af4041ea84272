import { z } from 'zod';
import { defineTask } from '../../../core/contract.ts';
import { note, told } from './shared/note.ts';

export default defineTask({
  name: 'acceptance_spin',
  description: 'Computes without a pause, so it never notices its signal.',
  input: told.extend({ ms: z.number().default(60_000) }),
  output: z.object({ rounds: z.number() }),
  retryCount: 0,
  timeoutSeconds: 3,
  responseTimeoutSeconds: 3,
}).worker(
  async (input, context) => {
    note(input, 'start', context);
    const until = Date.now() + input.ms;
    let rounds = 0;
    while (Date.now() < until) rounds++;
    note(input, 'end', context);
    return { rounds };
  },
  { thread: true },
);
