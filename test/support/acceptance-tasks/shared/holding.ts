import { z } from 'zod';
import { defineTask, type TaskOptions, type Worker } from '../../../../core/contract.ts';
import { hold, told } from './note.ts';

const input = told.extend({ ms: z.number().default(60_000), stubborn: z.boolean().default(false) });
const output = z.object({ held: z.literal(true) });

/** Defines a task that runs until its test releases it, its time is over or its signal is aborted. */
export function holding(name: string, options: TaskOptions): Worker<typeof input, typeof output> {
  const contract = defineTask({
    name,
    description: 'Runs until it is released or aborted.',
    input,
    output,
    ...options,
  });
  return contract.worker(async (given, context) => {
    await hold(given, context);
    return { held: true as const };
  });
}
