import { z } from 'zod';
import { defineTask } from '../../../core/contract.ts';

/** Returns only which attempt of which task it was. */
export default defineTask({
  name: 'runtime_where',
  description: 'Answers with the reference of the task that it ran.',
  input: z.object({}),
  output: z.object({ ref: z.string() }),
}).worker(async (_, { taskReferenceName: ref }) => ({ ref }));
