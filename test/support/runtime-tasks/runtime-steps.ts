import { existsSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { defineTask } from '../../../core/contract.ts';

/** A worker that reports progress and writes a log line, and then waits until `file` exists. */
export default defineTask({
  name: 'runtime_steps',
  description: 'Reports progress, and waits until a file exists.',
  input: z.object({ file: z.string() }),
  output: z.object({ before: z.record(z.string(), z.unknown()) }),
  responseTimeoutSeconds: 2,
  retryCount: 0,
}).worker(async ({ file }, { signal, addLog, progress, previousOutput }) => {
  addLog('first step done');
  await progress({ done: 1 }).catch(() => progress({ done: 1 })); // a busy server can answer too late for so short a lease
  while (!existsSync(file)) await wait(50, undefined, { signal });
  return { before: previousOutput };
});
