import type { z } from 'zod';
import { FleetError } from '../../core/errors.ts';

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
  const mistakes = parsed.error.issues.map(({ path, message }) => {
    const name = String(path[0]);
    const flag = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    return `--${flag}: ${JSON.stringify(given[name])} is not valid (${message}).`;
  });
  throw new FleetError('input', mistakes.join('\n'), { remedy: `See \`fleet ${command} --help\`.` });
}
