import { z } from 'zod';

/** A finding in structured answers. `place` is a JSON pointer. */
export const findingSchema = z.object({
  severity: z.string(),
  rule: z.string(),
  place: z.string(),
  message: z.string(),
  repair: z.string(),
});
