import type { z } from 'zod';
import { FleetError } from '../../core/errors.ts';
import { zodSentences } from '../../core/schema/zod-sentences.ts';

/**
 * Checks those flags of a command that are not settings.
 * @throws FleetError `input` that names the flag as the user wrote it
 */
export function parseOptions<S extends z.ZodObject>(
  schema: S,
  given: Readonly<Record<string, unknown>>,
  command: string,
): z.output<S> {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const flagOf = (name: string) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  const mistakes = zodSentences(parsed.error, given, { nameOf: ([name]) => flagOf(String(name)) });
  throw new FleetError('input', mistakes.join('\n'), { remedy: `See \`fleet ${command} --help\`.` });
}
