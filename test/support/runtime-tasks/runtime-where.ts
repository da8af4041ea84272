import { z } from 'zod';
import { defineTask } from '../../../core/contract.ts';

/** A worker that returns the reference of its task. */
export default defineTask({
  name: 'runtime_where',
  description: 'Returns the reference of its task.',
  input: z.object({}),
  output: z.object({ ref: z.string() }),
}).worker(async (_, { taskReferenceName: ref }) => ({ ref }));
