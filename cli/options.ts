import type { z } from 'zod';
import { FleetError } from '../core/errors.ts';

/**
 * The flags of a command that are not settings, checked.
 * @throws FleetError `input` that names the flag as the user wrote it
 */
export function parseOptions<S extends z.ZodObject>(
  schema: S,
  given: Readonly<Record<string, unknown>>,
  command: string,
): z.output<S> {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const flag = String(issue?.path[0]).replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  throw new FleetError('input', `--${flag}: ${issue?.message}`, { remedy: `See \`fleet ${command} --help\`.` });
}
