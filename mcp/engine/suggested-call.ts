import type { z } from 'zod';
import { nearest } from '../../core/nearest.ts';
import { callOf } from '../shared/quote.ts';
import type { Tool } from './define-tool.ts';

type Json = Record<string, unknown>;
type Issue = z.core.$ZodIssue;

/** A longer call is not repeated to the one who has just made it. */
const LONGEST_CALL = 600;

/**
 * The call that helps after arguments that were refused: the same one, where the slip can be mended without guessing at what was
 * meant, or one that finds the value that is wrong. Undefined where neither is known.
 */
export function helpfulCall(tool: Tool, args: Readonly<Json>, issues: readonly Issue[]): string | undefined {
  return mendedCall(tool, args, issues) ?? findingCall(issues, args);
}

/** Every call that finds a value, by the name of the parameter that takes it. */
const FINDERS: Readonly<Record<string, (args: Readonly<Json>) => string>> = {
  executionId: () => callOf('list_workflow_executions', { limit: 5 }),
  executionIds: () => callOf('list_workflow_executions', { limit: 5 }),
  workflowName: () => callOf('list_workflows', {}),
  name: () => callOf('list_workflows', {}),
  taskRef: ({ executionId }) =>
    typeof executionId === 'string' && /^[\w-]{1,100}$/.test(executionId)
      ? callOf('get_execution_status', { executionId, detail: 'tasks' })
      : callOf('list_workflow_executions', { limit: 5 }),
};

function findingCall(issues: readonly Issue[], args: Readonly<Json>): string | undefined {
  for (const { path } of issues) {
    const finder = FINDERS[String(path[0])];
    if (finder) return finder(args);
  }
  return undefined;
}

function mendedCall(tool: Tool, args: Readonly<Json>, issues: readonly Issue[]): string | undefined {
  const mended = structuredClone(args) as Json; // arguments came as JSON
  for (const issue of issues) mend(mended, issue, tool);
  if (tool.annotations.readOnlyHint) dropWrongOptions(mended, tool);
  if (!tool.input.safeParse(mended).success) return undefined;
  const call = callOf(tool.name, mended);
  return call.length <= LONGEST_CALL ? call : undefined;
}

/**
 * A guess at a name may be wrong, which a call that destroys something must not be. What nobody knows is left out of a call that only
 * reads: `dryRun` left out of another would have it done for real.
 */
function mend(args: Json, issue: Issue, { input, annotations }: Tool): void {
  const mayGuess = !annotations.destructiveHint;
  const [key, ...deeper] = issue.path;
  if (issue.code === 'unrecognized_keys' && key === undefined) {
    const mayDrop = annotations.readOnlyHint;
    if (mayGuess) for (const name of issue.keys) moveOrDrop(args, name, { known: Object.keys(input.shape), mayDrop });
    return;
  }
  if (typeof key !== 'string' || deeper.length > 0) return;
  const value = args[key];
  if (issue.code === 'invalid_type') args[key] = converted(value, issue.expected);
  else if (issue.code === 'too_big' && typeof value === 'number') args[key] = Number(issue.maximum);
  else if (issue.code === 'too_small' && typeof value === 'number') args[key] = Number(issue.minimum);
  else if (issue.code === 'invalid_value' && typeof value === 'string' && mayGuess) {
    args[key] = meant(value, issue.values.map(String)) ?? value;
  }
}

/** What only chooses among what there is to read has a default, and reading by default does no harm. */
function dropWrongOptions(args: Json, { input }: Tool): void {
  for (const { path } of input.safeParse(args).error?.issues ?? []) {
    const [key] = path;
    if (typeof key !== 'string' || key in FINDERS) continue;
    if (input.shape[key]?.safeParse(undefined).success) delete args[key];
  }
}

function moveOrDrop(
  args: Json,
  name: string,
  { known, mayDrop }: { known: readonly string[]; mayDrop: boolean },
): void {
  const near = nearest(name, known);
  const moves = near !== undefined && args[near] === undefined;
  if (moves) args[near] = args[name];
  if (moves || mayDrop) delete args[name];
}

function converted(value: unknown, expected: string): unknown {
  if (expected === 'string' && typeof value === 'number') return String(value);
  if (expected === 'array') return [value];
  if (typeof value !== 'string') return value;
  if (!['number', 'int', 'boolean', 'object', 'record'].includes(expected)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

function meant(value: string, values: readonly string[]): string | undefined {
  return values.find((one) => one.toLowerCase() === value.toLowerCase()) ?? nearest(value, values);
}
