import { threadId } from 'node:worker_threads';
import { z } from 'zod';
import { defineTask } from '../../../core/contract.ts';

/** A worker that computes in a thread, and returns the id of the thread. */
export default defineTask({
  name: 'runtime_hard',
  description: 'Adds up numbers in a thread.',
  input: z.object({ upTo: z.int() }),
  output: z.object({ sum: z.number(), thread: z.int() }),
}).worker(
  async ({ upTo }, { addLog, log }) => {
    let sum = 0;
    for (let i = 1; i <= upTo; i++) sum += i;
    addLog('added up');
    log.info({ upTo }, 'added up in a thread');
    return { sum, thread: threadId };
  },
  { thread: true },
);
