import { z } from 'zod';

/**
 * What the server answers where it has nothing to say. Anything else, such as the page of a proxy, means that what was asked for may
 * not have happened.
 */
export const nothing = z.union([z.literal(''), z.undefined()]);

/** The id of an execution, answered as text. */
export const executionId = z.string().regex(/^[\w-]{1,100}$/);

/** The answer to a call about several things at once that must have been done for `name`. */
export const doneFor = (name: string) =>
  z
    .object({ bulkSuccessfulResults: z.array(z.string()) })
    .refine(({ bulkSuccessfulResults: done }) => done.includes(name), `was not done for ${name}`);
