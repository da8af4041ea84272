import { z } from 'zod';

/** An empty answer. A text in its place is from something else, such as a proxy. The server may then not have carried out the request. */
export const nothing = z.union([z.literal(''), z.undefined()]);

/** The id of an execution, answered as text. */
export const executionId = z.string().regex(/^[\w-]{1,100}$/);

/** The answer to a bulk call. It must list `name` as done. */
export const doneFor = (name: string) =>
  z
    .object({ bulkSuccessfulResults: z.array(z.string()) })
    .refine(({ bulkSuccessfulResults: done }) => done.includes(name), `was not done for ${name}`);
