import type { z } from 'zod';
import { nearest } from '../../core/config.ts';
import { FleetError } from '../../core/errors.ts';
import { clip } from '../../core/text.ts';
import type { ToolCall } from './define-tool.ts';
import { helpfulCall } from './suggested-call.ts';

const SHOWN_CHARACTERS = 80;
const SHOWN_MISTAKES = 10;

/** The arguments of a call, checked. @throws FleetError `input` with one sentence per mistake, each with what would be right */
export function parseArguments({ tool, args }: Pick<ToolCall, 'tool' | 'args'>): Record<string, unknown> {
  const parsed = tool.input.safeParse(args);
  if (parsed.success) return parsed.data;
  throw new FleetError('input', mistakesIn(parsed.error, args, tool.input), {
    remedy: helpfulCall(tool, args, parsed.error.issues) ?? `Call ${tool.name} again with these arguments corrected.`,
    cause: parsed.error,
  });
}

/** What is wrong with arguments, one sentence per mistake, each with what would be right. */
export function mistakesIn(error: z.ZodError, args: unknown, schema: z.ZodObject): string {
  const parameters = Object.keys(schema.shape);
  const mistakes = error.issues.flatMap((issue) => sentences(issue, args, parameters));
  const more = mistakes.length - SHOWN_MISTAKES;
  return (more > 0 ? [...mistakes.slice(0, SHOWN_MISTAKES), `And ${more} more.`] : mistakes).join(' ');
}

type Issue = z.core.$ZodIssue;

function sentences(issue: Issue, args: unknown, parameters: readonly string[]): string[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => unknownKey(issue.path, key, parameters));
  }
  const name = issue.path.length > 0 ? issue.path.join('.') : 'arguments';
  const value = issue.path.reduce<unknown>(step, args);
  if (value === undefined) return [`${name} is missing; it must be ${expected(issue)}.`];
  const got = issue.code === 'too_big' && issue.origin === 'string' ? '' : `, not ${shown(value)}`;
  return [`${name} ${rule(issue)}${got}.`];
}

function unknownKey(path: readonly PropertyKey[], key: string, parameters: readonly string[]): string {
  if (path.length > 0) return `${path.join('.')} has no field ${JSON.stringify(key)}.`;
  const near = nearest(key, parameters);
  return near
    ? `There is no parameter ${JSON.stringify(key)}; did you mean ${near}?`
    : `There is no parameter ${JSON.stringify(key)}; the parameters are ${parameters.join(', ')}.`;
}

/** What the value must be, as the end of a sentence that starts with its name. */
function rule(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
    case 'invalid_value':
      return `must be ${expected(issue)}`;
    case 'too_big':
      return `must be at most ${issue.maximum}${unit(issue.origin)}`;
    case 'too_small':
      return `must be at least ${issue.minimum}${unit(issue.origin)}`;
    default:
      return issue.message;
  }
}

function expected(issue: Issue): string {
  if (issue.code === 'invalid_value') return `one of ${issue.values.map(String).join(', ')}`;
  if (issue.code !== 'invalid_type') return issue.message;
  const words: Record<string, string> = {
    array: 'a JSON array',
    boolean: 'true or false',
    int: 'a whole number',
    number: 'a number',
    object: 'a JSON object',
    record: 'a JSON object',
    string: 'a string',
  };
  return words[issue.expected] ?? issue.expected;
}

function unit(origin: string): string {
  if (origin === 'string') return ' characters long';
  return origin === 'array' ? ' items long' : '';
}

function shown(value: unknown): string {
  const json = JSON.stringify(value) ?? String(value);
  return json.length <= SHOWN_CHARACTERS ? json : `${clip(json, SHOWN_CHARACTERS)}…`;
}

function step(value: unknown, key: PropertyKey): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined;
}
