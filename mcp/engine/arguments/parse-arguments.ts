import type { z } from 'zod';
import { FleetError } from '../../../core/errors.ts';
import { roundedNumber } from '../../../core/json.ts';
import { zodPath, zodSentences } from '../../../core/schema/zod-sentences.ts';
import type { Tool } from '../define-tool.ts';
import { parsePlainly } from './plain-arguments.ts';
import { suggestedCall } from './suggested-call.ts';

const SHOWN_MISTAKES = 10;

/** Arguments as a client sent them. */
export interface UncheckedCall {
  readonly tool: Tool;
  readonly args: Readonly<Record<string, unknown>>;
}

/**
 * Checks the arguments of a call, after converting what a model wrote in another form but plainly meant.
 * @throws FleetError `input` that says for each mistake what the argument must be
 */
export function parseArguments({ tool, args }: UncheckedCall): Record<string, unknown> {
  const parsed = parsePlainly(tool.input, args);
  refuseRoundedNumbers(parsed.given); // also those in a JSON text
  if (parsed.success) return parsed.data;
  const { error, given } = parsed;
  throw new FleetError('input', mistakesIn(error, given, { name: tool.name, schema: tool.input }), {
    remedy: suggestedCall(tool, given, error.issues) ?? `Correct these arguments, then call ${tool.name} again.`,
    cause: error,
  });
}

/** The client's JSON was parsed before it arrived here, so an integer beyond 2^53 has perhaps become another one already. */
function refuseRoundedNumbers(args: UncheckedCall['args']): void {
  const found = roundedNumber(args);
  if (!found) return;
  const what = Number.isFinite(found.value)
    ? `is the integer ${BigInt(found.value)}. Beyond 2^53 its last digits may be wrong.`
    : 'is too large for a number.';
  throw new FleetError('input', `${zodPath(found.path)} ${what}`, { remedy: 'Send it as a string.' });
}

/** One sentence for each mistake in the arguments of `name`. The sentence says what the argument must be. */
export function mistakesIn(
  error: z.ZodError,
  args: unknown,
  { name, schema }: { name: string; schema: z.ZodObject },
): string {
  const mistakes = zodSentences(error, args, {
    nameOf: (path) => zodPath(path) || name,
    fields: Object.keys(schema.shape),
    fieldNoun: 'parameter',
  });
  const more = mistakes.length - SHOWN_MISTAKES;
  return (more > 0 ? [...mistakes.slice(0, SHOWN_MISTAKES), `And ${more} more.`] : mistakes).join(' ');
}
