import { z } from 'zod';

/**
 * An empty answer. If the server should answer with nothing, any text, such as the page of a proxy, means that the request may not
 * have been carried out.
 */
export const nothing = z.union([z.literal(''), z.undefined()]);

/** The id of an execution, answered as text. */
export const executionId = z.string().regex(/^[\w-]{1,100}$/);

/** The answer to a bulk call. It must list `name` as done. */
export const doneFor = (name: string) =>
  z
    .object({ bulkSuccessfulResults: z.array(z.string()) })
    .refine(({ bulkSuccessfulResults: done }) => done.includes(name), `was not done for ${name}`);
