import { z } from 'zod';
import { defineTask, type Worker } from '../../../../core/contract.ts';
import { note, told } from './note.ts';

const input = told.extend({ value: z.unknown().optional() });
const output = z.object({ value: z.unknown().optional() });

/** Defines a task that returns its input at once. */
export function echo(name: string): Worker<typeof input, typeof output> {
  const contract = defineTask({ name, description: 'Returns its input.', input, output, retryCount: 0 });
  return contract.worker(async (given, context) => {
    note(given, 'start', context);
    note(given, 'end', context);
    return { value: given.value };
  });
}
