import { z } from 'zod';

/** A version in an address. */
export const versionInAddress = z.coerce.number().int().min(1);
