import { z } from 'zod';

/** Which version of which workflow: as text, because an address has only texts. Without a version: the highest. */
export const definitionParams = z.object({
  name: z.string().min(1).max(255),
  version: z
    .string()
    .regex(/^\d{1,9}$/, 'must be a version number')
    .transform(Number)
    .optional(),
});
